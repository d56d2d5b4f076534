# SPDX-License-Identifier: MIT
"""What the web view in a window really holds, as a screen reader gets it: `seen.py wait TEXT`, `press TEXT`, `show`.

Run by the system's Python, which has AT-SPI, in the session of the window. It looks again until it finds TEXT in the
name or the text of something; `press` then does what a press on that link or button does. Ends with 1 after 60 s.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE = 60.0
PRESSED = ("link", "push button", "toggle button", "menu item", "check menu item", "entry", "password text")


def below(node: Any) -> Iterator[Any]:
    """Every node of the tree; one that has just gone is left out."""
    try:
        yield node
        for number in range(node.get_child_count()):
            child = node.get_child_at_index(number)
            if child is not None:
                yield from below(child)
    except GLib.Error:
        return


def words_of(node: Any) -> tuple[str, str]:
    """The name and the text of it."""
    text = Atspi.Text.get_text(node, 0, -1) if "Text" in node.get_interfaces() else ""
    return node.get_name() or "", text or ""


def found(wanted: str, pressed: bool) -> Any:
    desktop = Atspi.get_desktop(0)
    desktop.clear_cache()
    for node in below(desktop):
        try:
            name, text = words_of(node)
            if pressed and node.get_role_name() in PRESSED and wanted in (name.strip(), text.strip()):
                return node
            if not pressed and (wanted in name or wanted in text):
                return node
        except GLib.Error:
            continue
    return None


def press(node: Any) -> bool:
    try:
        if node.get_role_name() in ("entry", "password text"):
            return bool(node.grab_focus())
        return bool(node.get_n_actions() and node.do_action(0))
    except GLib.Error:
        return False


def main(doing: str, wanted: str = "") -> int:
    if doing == "show":
        for node in below(Atspi.get_desktop(0)):
            print(node.get_role_name(), *map(repr, words_of(node)))
        return 0
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        node = found(wanted, doing == "press")
        if node is not None and (doing == "wait" or press(node)):
            return 0
        time.sleep(0.2)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
