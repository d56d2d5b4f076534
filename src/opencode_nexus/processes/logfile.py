# SPDX-License-Identifier: MIT
"""The file that a process writes its output to: its last lines, and its size kept in bounds."""

import os
import shutil
from pathlib import Path

CAP = 5_000_000  # bytes; then the content moves to a second file, which the next turn replaces
CHUNK = 65_536
SPARE = 1_000_000  # bytes above the cap that are still kept: what is written between two looks


def last_lines(path: Path, count: int, since: int = 0) -> list[str]:
    """Return up to `count` last lines, oldest first, reading no more of the file than they take.

    `since` is a size the file once had: what was written before does not count. Colour codes are left in. A file that
    is not there, or cannot be read, has no lines.
    """
    try:
        with path.open("rb") as file:
            place = file.seek(0, os.SEEK_END)
            start = since if since <= place else 0  # it was cut meanwhile
            text = b""
            while place > start and text.count(b"\n") <= count:
                size = min(CHUNK, place - start)
                place -= size
                file.seek(place)
                text = file.read(size) + text
    except OSError:
        return []
    return [line.rstrip("\r") for line in text.decode("utf-8", "replace").split("\n") if line.strip()][-count:]


def size_of(path: Path) -> int:
    """Return the size in bytes; 0 when there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def turn(path: Path, cap: int = CAP, spare: int = SPARE) -> bool:
    """Move the content to `<name>.1` when it has passed `cap` bytes; True when it did.

    Of one that has passed it by more than `spare` bytes its last `cap` are moved: what wrote a gigabyte since the last
    look does not get to keep it twice.

    The writer keeps its file open, so the content is copied and the file cut to nothing: it appends from there on.
    What it writes in the moment between the two is lost.
    """
    size = size_of(path)
    if size <= cap:
        return False
    older = path.with_name(path.name + ".1")
    with path.open("rb") as source, open(os.open(older, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
        if size > cap + spare:
            source.seek(size - cap)
            source.readline(CHUNK)  # the rest of a line
        shutil.copyfileobj(source, copy, CHUNK)
    older.chmod(0o600)
    os.truncate(path, 0)
    return True
