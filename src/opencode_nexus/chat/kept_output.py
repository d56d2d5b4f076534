# SPDX-License-Identifier: MIT
"""The file in which OpenCode keeps an output that it cut: read only where OpenCode puts such files.

It may hold less than all: of 1.18.33's the beginning or the end was missing in 3 of 7 runs, and nothing says so. So
what the chat shows is looked for in it, and nobody is told that it is whole.

The path comes with a tool's part, so a model may have had a hand in it: nothing but `…/opencode/tool-output/tool_…`
is opened, and no link is followed to another place.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MOST = 50_000_000  # bytes handed on

COMPARED = 400  # characters of what the chat shows that are looked for in the file

# 1.18.33 puts this before the end of a command's output, and this behind the beginning of any other tool's.
_ENDING = re.compile(r"\A\.\.\.(?:output truncated\.\.\.)?\n\n(?:Full output saved to: [^\n]+\n\n)?")
_ABOUT = re.compile(r"\n*<(?:shell|bash)_metadata>\n.*\Z", re.DOTALL)
_BEGINNING = re.compile(r"\n*\.\.\.\d+ (?:lines|bytes|characters) truncated\.\.\.")
_NAME = re.compile(r"tool_[A-Za-z0-9]{8,64}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What such a file holds. `begins`, `ends`: whether as what the chat shows does; None where that cannot be told."""

    content: bytes
    lines: int
    begins: bool | None
    ends: bool | None


def compared(content: bytes, output: str) -> Kept:
    """Return what a file holds beside the cut output, as it stands in the tool's part. Takes a while for megabytes."""
    begins = ends = None
    room = COMPARED * 4 + 4096  # bytes: as many as so many characters may have, and white space around them
    if (found := _ENDING.match(output)) is not None:
        last = _ABOUT.sub("", output[found.end() :]).rstrip()[-COMPARED:]
        ends = content[-room:].decode(errors="replace").rstrip().endswith(last)
    elif (found := _BEGINNING.search(output)) is not None:
        first = output[: found.start()].lstrip()[:COMPARED]
        begins = content[:room].decode(errors="replace").lstrip().startswith(first)
    lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    return Kept(content, lines, begins, ends)


def read(told: object) -> bytes | None:
    """Return what the file at `told` holds, at most MOST bytes of it; None when it is no such file, or gone."""
    if not isinstance(told, str) or len(told) > 1000 or "\0" in told:
        return None
    path = Path(told)
    if not path.is_absolute() or path.parts[-3:-1] != ("opencode", "tool-output") or not _NAME.fullmatch(path.name):
        return None
    try:
        if path.resolve(strict=True) != Path(os.path.normpath(path.parent.resolve()), path.name):
            return None
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MOST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except (OSError, ValueError):
        return None
