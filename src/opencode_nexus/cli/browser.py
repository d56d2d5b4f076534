# SPDX-License-Identifier: MIT
"""Opening a browser on this machine, when there is likely to be one."""

import logging
import sys
import threading
import webbrowser
from collections.abc import Mapping

log = logging.getLogger(__name__)


def browser_likely(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Tell whether a person sits at a screen of this machine.

    Without a display `webbrowser` would start a text browser inside the hub's own terminal.
    """
    if environ.get("BROWSER"):
        return True
    if platform in ("win32", "darwin"):
        return not environ.get("SSH_CONNECTION")
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME"))


def open_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Open `url` in the user's browser without waiting for it; False when none is to be expected here."""
    if not browser_likely(environ):
        return False
    threading.Thread(target=_open, args=(url,), name="browser", daemon=True).start()
    return True


def _open(url: str) -> None:
    try:
        opened = webbrowser.open(url)
    except (OSError, webbrowser.Error) as error:
        log.warning("no browser could be opened: %s", error)
    else:
        if not opened:
            log.warning("no browser could be opened; open the address yourself")
