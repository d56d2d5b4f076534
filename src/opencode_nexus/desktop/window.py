# SPDX-License-Identifier: MIT
"""The window itself, by pywebview."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opencode_nexus.desktop import gtk_view, interrupt, place
from opencode_nexus.desktop.errors import HubGone, NoWebView
from opencode_nexus.desktop.hub import LocalHub
from opencode_nexus.desktop.place import LEAST_HEIGHT, LEAST_WIDTH, Place

log = logging.getLogger(__name__)

SETTLED = 0.5  # seconds after the first of many moves
TITLE = "OpenCode Nexus"
ICON = Path(str(resources.files("opencode_nexus").joinpath("web", "static", "app-192.png")))
# What marks a page of ours; the web view's own page "cannot connect" has none
OURS = "document.body !== null && document.body.dataset.base !== undefined"
CONNECT = "document.querySelector('form[data-name]').requestSubmit()"


def web_view(hub: Callable[[], str]) -> Any:
    """Return pywebview with a web view that works here; `hub` tells the hub's address. Raises NoWebView."""
    try:
        import webview
        from webview.guilib import initialize
    except ImportError as error:
        raise NoWebView(f"{error}.", hint="Install it: pip install 'opencode-nexus[desktop]'.") from error
    # its script wants to write HTML as a string, which our pages refuse; nothing of ours needs what it would have made
    logging.getLogger("pywebview").setLevel(logging.CRITICAL)
    try:
        gtk_view.mend(initialize(), hub, TITLE, ICON)
    except Exception as error:  # WebViewException, or what GTK, Qt and .NET raise when they have no display
        raise NoWebView(f"{error}") from error
    return webview


class Closing(Enum):
    """What closing the window does: it ends, it is hidden while the program goes on, or it stays as it is."""

    ENDS = auto()
    HIDES = auto()
    STAYS = auto()


class Window:
    """The one window. `closing` is asked before it closes, by the thread that draws, which must not ask a person.

    It signs itself in once a run: whoever signs out in it stays out until the next start.
    """

    def __init__(self, webview: Any, hub: LocalHub, folder: Path, closing: Callable[[], Closing]) -> None:
        self._webview, self._hub, self._folder, self._closing = webview, hub, folder, closing
        self._kept = folder / "window-place.json"
        self._place = place.load(self._kept)
        self._window: Any = None
        self._may_sign_in = True
        self._ending = self._over = False
        self._changed = threading.Event()

    def run(self, first: str, opened: Callable[[], None]) -> None:
        """Show the page `first` until the window is closed for good; `opened` is called from another thread.

        Takes the main thread, as each system wants it.
        """
        webview = self._webview
        webview.settings["ALLOW_DOWNLOADS"] = True
        webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = True
        webview.settings["ALLOW_FILE_URLS"] = False  # a page of the hub has no business with this machine's files
        at = self._place.on(webview.screens)
        window = self._window = webview.create_window(
            TITLE, first, width=at.width, height=at.height, x=at.x, y=at.y,
            min_size=(LEAST_WIDTH, LEAST_HEIGHT), text_select=True, zoomable=True,
        )  # fmt: skip
        window.events.loaded += self._loaded
        window.events.resized += self._touched
        window.events.moved += self._touched
        threading.Thread(target=self._keep_place, name="place", daemon=True).start()
        window.events.closing += self._asked_to_close
        interrupt.told(self.end)
        # not private: the sign-in and the theme outlast the window
        webview.start(opened, private_mode=False, storage_path=str(self._folder / "web"))
        self._over = True
        self._changed.set()

    def front(self) -> None:
        """Bring it to the front, from wherever it is."""
        self._window.show()
        self._window.restore()

    def go(self, path: str) -> None:
        """Show a page of the hub, `path` below its base path, and come to the front."""
        self._window.load_url(self._hub.url.rstrip("/") + path)
        self.front()

    def returned(self) -> None:
        """The hub is back: a page of ours goes on by itself, anything else is loaded."""
        here = str(self._window.get_current_url() or "")
        if not here.startswith(self._hub.url) or not self._window.run_js(OURS):
            self._may_sign_in = True
            self._window.load_url(self._hub.url)

    def ask(self, title: str, text: str) -> bool:
        """Ask in a box of the system; whether the answer was yes."""
        return bool(self._window.create_confirmation_dialog(title, text))

    def end(self) -> None:
        """Close it for good."""
        self._ending = True
        self._window.destroy()

    def _loaded(self) -> None:
        """Sign in when the hub asks who this is; runs in a thread of its own, as pywebview calls it."""
        here = urlsplit(str(self._window.get_current_url() or "")).path
        base = urlsplit(self._hub.url).path.rstrip("/")
        if not self._may_sign_in:
            return
        if here not in (f"{base}/login", f"{base}/pair"):
            # a kept cookie has signed it in: a sign-out that leads to the login is the person's own from here on
            self._may_sign_in = not self._window.run_js(OURS)
            return
        if here == f"{base}/pair":
            self._may_sign_in = False
            self._window.run_js(CONNECT)
            return
        try:
            self._window.load_url(self._hub.sign_in_link())
        except HubGone as error:  # the page has a form for the password as well
            log.warning("this window is not signed in by itself: %s", error)

    def _touched(self, *_: float) -> None:
        self._changed.set()

    def _keep_place(self) -> None:
        """Write down where the window is, a moment after it was moved or resized; runs in a thread of its own.

        The events tell where the inside is, which the title bar moves down by itself at each start: so it is asked.
        """
        window = self._window
        while True:
            self._changed.wait()
            time.sleep(SETTLED)
            self._changed.clear()
            if self._over:
                return
            try:
                place.save(self._kept, Place(window.width, window.height, window.x, window.y))
            except (OSError, TypeError) as error:  # None for a window that has just gone
                log.warning("the window's place is not kept: %s", error)

    def _asked_to_close(self) -> bool:
        does = Closing.ENDS if self._ending else self._closing()
        if does is not Closing.HIDES:
            return does is Closing.ENDS
        if sys.platform == "darwin":
            self._window.hide()
        else:
            # from another thread: the system is in the middle of closing it
            threading.Thread(target=self._window.hide, name="hide", daemon=True).start()
        return False
