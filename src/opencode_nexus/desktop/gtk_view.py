# SPDX-License-Identifier: MIT
"""What pywebview 6.2 leaves undone in WebKitGTK: links that lead elsewhere, files to be saved, the way back.

Without this an attachment of a kind that the view can show (JSON, text) replaces the page and is never saved, a link
to elsewhere without `target=_blank` takes the window there, with no way back, and where the user has no folder for
downloads the question where to save raises (all measured on WebKitGTK 2.50).
"""

import logging
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opencode_nexus.desktop.gtk_drop import DROPPED, Drop
from opencode_nexus.desktop.gtk_question import question

log = logging.getLogger(__name__)

PROGRAM = "opencode-nexus"


def elsewhere(address: str, hub: str) -> bool:
    """Whether `address` is no page of the hub, whose own address with base path and slash at the end is `hub`."""
    there, here = urlsplit(address), urlsplit(hub)
    if there.scheme in ("about", "blob", "data", "javascript"):
        return False
    return (there.scheme, there.netloc) != (here.scheme, here.netloc) or not (there.path + "/").startswith(here.path)


def is_attachment(disposition: str) -> bool:
    """Whether a Content-Disposition says that it is to be saved rather than shown (RFC 6266)."""
    return disposition.partition(";")[0].strip().lower() == "attachment"


def mend(gui: Any, hub: Callable[[], str], title: str, icon: Path | None = None) -> None:
    """Change pywebview's class of GTK windows, before one is made; any other web view is left as it is.

    `gui` is what pywebview's `initialize` gave, `hub` tells the hub's address.
    """
    if getattr(gui, "renderer", "") != "gtkwebkit2":
        return
    gui.glib.set_prgname(PROGRAM)  # by it a desktop finds the name and icon of a window; Python's would be __main__.py
    gui.glib.set_application_name(title)
    gui.Gdk.set_program_class(PROGRAM)  # it was taken from the name when Gtk was loaded
    if icon is not None:
        gui.gtk.Window.set_default_icon_from_file(str(icon))
    gui.BrowserView.on_navigation = _navigation(gui, hub)
    gui.BrowserView.create_confirmation_dialog = question(gui.gtk)
    gui.BrowserView.on_download_decide_destination = _destination(gui)
    made, bridge = gui.BrowserView.__init__, gui.BrowserView.on_js_bridge_call

    def with_more(view: Any, window: Any) -> None:
        made(view, window)
        view.webview.connect("key-press-event", _keys(gui))
        view.drop = Drop(gui, view)

    def called(view: Any, manager: Any, message: Any) -> None:
        if message.get_js_value().to_string() == DROPPED:
            view.drop.take()
        else:
            bridge(view, manager, message)

    gui.BrowserView.__init__ = with_more
    gui.BrowserView.on_js_bridge_call = called


def _navigation(gui: Any, hub: Callable[[], str]) -> Callable[..., bool]:
    kinds, clicked = gui.webkit.PolicyDecisionType, gui.webkit.NavigationType.LINK_CLICKED

    def decide(view: Any, webview: Any, decision: Any, kind: Any) -> bool:
        """WebKit's `decide-policy`; True says that it is decided."""
        if kind == kinds.RESPONSE:
            headers = decision.get_response().get_http_headers()
            said = (headers.get_one("content-disposition") if headers else None) or ""
            if not is_attachment(said) and decision.is_mime_type_supported():
                return False
            decision.download()
            return True
        action = decision.get_navigation_action()
        address, blank = action.get_request().get_uri(), kind == kinds.NEW_WINDOW_ACTION
        if elsewhere(address, hub()):
            asked = blank or action.get_navigation_type() == clicked
            if not asked and not address.startswith("file:"):
                return False
            decision.ignore()  # what was dropped where nothing takes it would be shown in place of the page
            if asked:
                webbrowser.open(address, 2, True)
            return True
        if blank:  # there is one window; another program has no login
            decision.ignore()
            webview.load_uri(address)
        return bool(blank)

    return decide


def _destination(gui: Any) -> Callable[..., bool]:
    gtk, glib = gui.gtk, gui.glib

    def decide(view: Any, download: Any, name: str) -> bool:
        """WebKit's `decide-destination`: ask where to save it."""
        chooser = gtk.FileChooserNative.new(None, view.window, gtk.FileChooserAction.SAVE, None, None)
        chooser.set_do_overwrite_confirmation(True)
        chooser.set_current_folder(
            glib.get_user_special_dir(glib.UserDirectory.DIRECTORY_DOWNLOAD) or glib.get_home_dir()
        )
        chooser.set_current_name(name)
        chosen = chooser.get_uri() if chooser.run() == gtk.ResponseType.ACCEPT else None
        chooser.destroy()
        if chosen is None:
            download.cancel()
            return True
        download.set_allow_overwrite(True)  # the question was asked
        download.connect("failed", failed, view)
        download.set_destination(chosen)
        return True

    def failed(download: Any, error: Any, view: Any) -> None:
        if not error.matches(gui.webkit.DownloadError.quark(), gui.webkit.DownloadError.CANCELLED_BY_USER):
            log.warning("a file was not saved: %s", error.message)
            view.message_box(f"The file was not saved: {error.message}")

    return decide


def _keys(gui: Any) -> Callable[..., bool]:
    keys = gui.Gdk

    def pressed(webview: Any, event: Any) -> bool:
        """Alt and the arrows go back and forth and F5 loads again, as in a browser; the window has no such buttons."""
        alt = event.state & gui.gtk.accelerator_get_default_mod_mask() == keys.ModifierType.MOD1_MASK
        if alt and event.keyval == keys.KEY_Left:
            webview.go_back()
        elif alt and event.keyval == keys.KEY_Right:
            webview.go_forward()
        elif event.keyval == keys.KEY_F5:
            webview.reload()
        else:
            return False
        return True

    return pressed
