# SPDX-License-Identifier: MIT
"""The icon beside the clock: how the hub is, what waits, and the few things that are wanted without a window."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from typing import Any

from opencode_nexus.desktop.watch import Status

log = logging.getLogger(__name__)

NAME = "OpenCode Nexus"
RED = (200, 30, 45, 255)


@dataclass(frozen=True, slots=True)
class Doings:
    """What the entries of the menu do, each called from the tray's thread."""

    open: Callable[[], None]
    inbox: Callable[[], None]
    start: Callable[[], None]
    stop: Callable[[], None]
    at_login: Callable[[], bool]
    toggle_at_login: Callable[[], None]
    quit: Callable[[], None]


class Tray:
    """The icon, if this system has a place for one: `shown` is False where there is none."""

    def __init__(self, doings: Doings) -> None:
        self._doings, self._status = doings, Status()
        self._icon: Any = None

    def open(self) -> None:
        """Show the icon; without pystray, or a desktop that shows such icons, there is none."""
        try:
            import pystray
        except Exception as error:  # each of its backends fails in its own way: no display, no D-Bus, no typelib
            log.info("no icon beside the clock: %s", error)
            return
        item, doings = pystray.MenuItem, self._doings
        menu = pystray.Menu(
            item(lambda _: self._status.words, None, enabled=False),
            item(lambda _: self._waiting(), lambda: doings.inbox(), visible=lambda _: self._status.waiting > 0),
            pystray.Menu.SEPARATOR,
            item(f"Open {NAME}", lambda: doings.open(), default=True),
            item("Start all servers", lambda: doings.start()),
            item("Stop all servers", lambda: doings.stop()),
            item("Open at login", lambda: doings.toggle_at_login(), checked=lambda _: doings.at_login()),
            pystray.Menu.SEPARATOR,
            item("Quit", lambda: doings.quit()),
        )
        self._icon = pystray.Icon("opencode-nexus", _image(0), NAME, menu)
        self._icon.run_detached(lambda icon: setattr(icon, "visible", True))

    @property
    def shown(self) -> bool:
        """Whether a person can see the icon, as far as the system tells."""
        if self._icon is None:
            return False
        # GTK alone tells; GNOME without an extension shows none
        if (place := getattr(self._icon, "_status_icon", None)) is not None:
            return bool(place.is_embedded())
        if (indicator := getattr(self._icon, "_appindicator", None)) is not None:
            # where no program shows indicators it falls back to an icon for X's own place, and tells nothing of it
            return bool(indicator.get_property("connected")) or _place_of_x()
        return True

    def tell(self, status: Status) -> None:
        """Show how the hub is now."""
        before, self._status = self._status, status
        if self._icon is None:
            return
        if bool(before.waiting) != bool(status.waiting):
            self._icon.icon = _image(status.waiting)
        self._icon.title = f"{NAME}: {self._waiting() if status.waiting else status.words}"
        self._icon.update_menu()

    @property
    def icon(self) -> Any:
        """pystray's icon; None where there is none."""
        return self._icon

    def close(self) -> None:
        """Take the icon away."""
        if self._icon is not None:
            self._icon.visible = False
            notifier = getattr(self._icon, "_notifier", None)
            if (
                notifier is not None
            ):  # pystray 0.19.5 hides a notification at exit, with a traceback where no service is
                notifier.hide = lambda: None
            self._icon.stop()
            self._icon = None

    def _waiting(self) -> str:
        count = self._status.waiting
        return f"{count} wait{'s' if count == 1 else ''} for you"


def _place_of_x() -> bool:
    """Whether X has a place for icons (freedesktop.org's System Tray Protocol: somebody owns its selection)."""
    try:
        from Xlib.display import Display

        display = Display()
    except Exception as error:  # no X, or one that lets nobody in: each has its own
        log.info("no place for icons on X: %s", error)
        return False
    try:
        selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}")
        return bool(display.get_selection_owner(selection))
    finally:
        display.close()


def _image(waiting: int) -> Any:
    """The app's icon, with a red dot while something waits."""
    from PIL import Image, ImageDraw

    data = resources.files("opencode_nexus").joinpath("web", "static", "app-192.png").read_bytes()
    image = Image.open(BytesIO(data)).convert("RGBA").resize((64, 64))
    if waiting:
        ImageDraw.Draw(image).ellipse((36, 0, 63, 27), fill=RED)
    return image
