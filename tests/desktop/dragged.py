# SPDX-License-Identifier: MIT
"""A small window in a corner of the screen, from which a file can be dragged: `dragged.py FILE`. Ends when it was."""

import sys
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402


def main(file: str) -> None:
    window = Gtk.Window(title="A file")
    window.set_default_size(90, 40)
    window.set_keep_above(True)
    window.move(0, 0)
    held = Gtk.EventBox()
    held.add(Gtk.Label(label="Drag me"))
    held.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    held.drag_source_add_uri_targets()

    def give(widget: Any, context: Any, data: Any, info: int, time: int) -> None:
        data.set_uris([Path(file).as_uri()])

    held.connect("drag-data-get", give)
    held.connect("drag-end", lambda *_: Gtk.main_quit())
    window.add(held)
    window.connect("destroy", Gtk.main_quit)
    window.show_all()
    Gtk.main()


if __name__ == "__main__":
    main(sys.argv[1])
