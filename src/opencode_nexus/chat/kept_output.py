# SPDX-License-Identifier: MIT
"""The file in which OpenCode keeps all of an output that it cut: read only where OpenCode puts such files.

The path comes with a tool's part, so a model may have had a hand in it: nothing but `…/opencode/tool-output/tool_…`
is opened, and no link is followed to another place.
"""

import os
import re
import stat
from pathlib import Path

MOST = 50_000_000  # bytes handed on

_NAME = re.compile(r"tool_[A-Za-z0-9]{8,64}")


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
