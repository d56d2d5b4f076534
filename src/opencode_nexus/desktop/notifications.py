# SPDX-License-Identifier: MIT
"""Notifications of the system, which open the inbox when they are pressed, where the system tells.

On Linux over D-Bus by the Desktop Notifications Specification 1.2; elsewhere as the tray's icon can.
"""

import logging
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

BUS = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
SHOW_WITHIN = 3000  # milliseconds for the service to answer


class Notifications:
    """Shows them; `pressed` is called, from the thread that draws, when one is pressed."""

    def __init__(self, pressed: Callable[[], None], icon: Callable[[], Any]) -> None:
        self._pressed, self._icon = pressed, icon
        self._bus: Any = None
        self._sent: set[int] = set()

    def show(self, title: str, text: str) -> None:
        """Show one; where the system has no place for it, nothing."""
        try:
            from gi.repository import Gio, GLib
        except ImportError:
            self._by_icon(title, text)
            return
        try:
            bus = self._open(Gio)
            # replaces none; no icon file; pressing it is the action named "default"
            said = GLib.Variant(
                "(susssasa{sv}i)", ("OpenCode Nexus", 0, "", title, _plain(text), ["default", "Open"], {}, -1)
            )
            answer = bus.call_sync(
                *BUS, "Notify", said, GLib.VariantType("(u)"), Gio.DBusCallFlags.NONE, SHOW_WITHIN, None
            )
            self._sent.add(answer.unpack()[0])
        except GLib.Error as error:  # no bus, or nothing on it that shows them
            log.info("no notification: %s", error)

    def _open(self, gio: Any) -> Any:
        if self._bus is None:
            self._bus = gio.bus_get_sync(gio.BusType.SESSION, None)
            name, path, interface = BUS
            self._bus.signal_subscribe(
                name, interface, "ActionInvoked", path, None, gio.DBusSignalFlags.NONE, self._invoked
            )
        return self._bus

    def _invoked(self, *signal: Any) -> None:
        number, _action = signal[-1].unpack()
        if number in self._sent:
            self._sent.discard(number)
            self._pressed()

    def _by_icon(self, title: str, text: str) -> None:
        icon = self._icon()
        if icon is None or not icon.HAS_NOTIFICATION:
            return
        try:
            icon.notify(text or title, title)
        except Exception as error:  # each of pystray's backends fails in its own way
            log.info("no notification: %s", error)


def _plain(text: str) -> str:
    """The text where markup is taken for such: what an agent wrote must not be."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
