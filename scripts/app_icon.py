# SPDX-License-Identifier: MIT
"""The app's picture in the forms that Windows and macOS want of a program: both hold a PNG as it is."""

import struct
from pathlib import Path


def ico(png: Path, side: int, target: Path) -> Path:
    """Write an .ico of one picture of `side` pixels, at most 256."""
    picture = png.read_bytes()
    head = struct.pack("<3H", 0, 1, 1)
    entry = struct.pack("<4B2H2I", side % 256, side % 256, 0, 0, 1, 32, len(picture), len(head) + 16)
    target.write_bytes(head + entry + picture)
    return target


def icns(png: Path, target: Path) -> Path:
    """Write an .icns of one picture of 512 pixels."""
    picture = png.read_bytes()
    target.write_bytes(struct.pack(">4sI4sI", b"icns", 16 + len(picture), b"ic09", 8 + len(picture)) + picture)
    return target
