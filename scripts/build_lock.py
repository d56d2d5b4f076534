# SPDX-License-Identifier: MIT
"""One build or clean at a time in a clone. Needs the standard library alone.

It is the system's own lock on a file that git tracks: it ends with its holder, however that ends, and leaves no file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCKED = "scripts/build_lock.py"
FAR = 1 << 30  # a byte that the file does not have: on Windows a locked one cannot be read by others


class Busy(Exception):
    """Somebody else holds it."""


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the lock of the clone at `root`; raises Busy at once when it is taken."""
    file = os.open(str(root / LOCKED), os.O_RDONLY)
    try:
        try:
            if sys.platform == "win32":
                os.lseek(file, FAR, os.SEEK_SET)
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy(str(error)) from error
        yield
    finally:
        os.close(file)
