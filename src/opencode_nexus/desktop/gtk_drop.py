# SPDX-License-Identifier: MIT
"""Files dropped onto the window: WebKitGTK 2.50 tells its page of an address alone, and no file (measured).

The page only says that something was dropped; which files those are is known from the drag itself, so that a page can
never ask for one.
"""

import base64
import json
import logging
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

log = logging.getLogger(__name__)

MOST = 20_000_000  # bytes; the page takes files of 10 MB, and says so itself of one that is a little larger
DROPPED = "nexus-dropped"  # all that the page says, over the bridge that pywebview has there
# a drag that began in the page is the page's own
LISTENS = """(() => {
  let own = false;
  const foreign = ({ dataTransfer: { types } }) => !own && types.includes("text/uri-list") && !types.includes("Files");
  addEventListener("dragstart", () => { own = true; });
  addEventListener("dragend", () => { own = false; });
  addEventListener("dragover", (event) => { if (foreign(event)) event.preventDefault(); }, true);
  addEventListener("drop", (event) => {
    if (!foreign(event)) return;
    event.preventDefault();
    webkit.messageHandlers.jsBridge.postMessage("nexus-dropped");
  }, true);
})()"""
GIVES = """((files) => {
  const input = document.querySelector("[data-composer] [type=file]"), all = new DataTransfer();
  if (!input) return;
  for (const [name, type, data] of files)
    all.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
  input.files = all.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
})(%s)"""


def paths_of(addresses: list[str]) -> list[Path]:
    """Return the files of this machine among what was dragged."""
    parts = [urlsplit(address) for address in addresses]
    return [Path(unquote(part.path)) for part in parts if part.scheme == "file" and part.netloc in ("", "localhost")]


def read(paths: list[Path]) -> list[tuple[str, str, str]]:
    """Return name, kind and content (base64) of each. Raises OSError, or ValueError when it is no file or too much."""
    if odd := next((path for path in paths if path.exists() and not path.is_file()), None):
        # reading a pipe or a device may never end, and the window stands still meanwhile
        raise ValueError(f"{odd.name} is no file.")
    if sum(path.stat().st_size for path in paths) > MOST:
        raise ValueError(f"The files of a message may have {MOST // 1_000_000} MB together.")
    return [
        (path.name, mimetypes.guess_type(path.name)[0] or "", base64.b64encode(path.read_bytes()).decode())
        for path in paths
    ]


class Drop:
    """What is dragged over one view, pywebview's `BrowserView`."""

    def __init__(self, gui: Any, view: Any) -> None:
        self._view = view
        self._dragged: list[Path] = []
        kit = gui.webkit
        frames, moment = kit.UserContentInjectedFrames.TOP_FRAME, kit.UserScriptInjectionTime.START
        view.manager.add_script(kit.UserScript.new(LISTENS, frames, moment, None, None))
        view.webview.connect("drag-data-received", self._seen)

    def _seen(self, widget: Any, context: Any, x: int, y: int, data: Any, info: int, time: int) -> None:
        """GTK's: it comes while the drag is still over the view."""
        if uris := data.get_uris():
            self._dragged = paths_of(uris)

    def take(self) -> None:
        """Give the page the files that were dropped just now."""
        paths, self._dragged = self._dragged, []
        try:
            script = GIVES % json.dumps(read(paths))
        except (OSError, ValueError) as error:
            log.info("what was dropped is not taken: %s", error)
            self._view.message_box(str(error))
            return
        if paths:
            self._view.webview.evaluate_javascript(script, -1, None, None, None, None)
