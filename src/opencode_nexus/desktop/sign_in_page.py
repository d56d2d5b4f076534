# SPDX-License-Identifier: MIT
"""A file that only its user can read, and that leads a browser to the link that signs it in.

A browser is told what to open in its command line, which every user of the machine can read. So the link, which is
good for whoever comes first, stands in the file, and the file's name in the command line.
"""

import os
import time
from collections.abc import Callable
from html import escape
from pathlib import Path

READ_WITHIN = 60.0  # seconds; a browser here takes 1, one that a snap unpacks first half a minute
LOOK_EVERY = 0.1
NEVER = 0  # nanoseconds: a time of last access that a read changes, as relatime writes one that is older than the file


class SignInPage:
    """The file in `folder`. `write` it, then take it away with `remove`, which is no error when it is gone."""

    def __init__(self, folder: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.path = folder / "sign-in.html"
        self._sleep = sleep

    def write(self, link: str) -> str:
        """Make it anew and return its address, for a browser. Raises OSError."""
        self.remove()
        words = (
            '<!doctype html><meta charset="utf-8"><title>OpenCode Nexus</title>'
            f'<meta http-equiv="refresh" content="0; url={escape(link)}"><a href="{escape(link)}">OpenCode Nexus</a>\n'
        )
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self.path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(words)
        os.utime(self.path, ns=(NEVER, self.path.stat().st_mtime_ns))
        return self.path.absolute().as_uri()

    def wait(self, within: float = READ_WITHIN) -> bool:
        """Whether somebody read it within so many seconds; a disk that notes no reading never says so."""
        until = time.monotonic() + within
        while self.path.stat().st_atime_ns == NEVER:
            if time.monotonic() > until:
                return False
            self._sleep(LOOK_EVERY)
        return True

    def remove(self) -> None:
        """Take it away."""
        self.path.unlink(missing_ok=True)
