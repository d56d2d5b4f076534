# SPDX-License-Identifier: MIT
"""The hub's own log file: lines are added to it, and it is turned over by size and by age, within the cap of all."""

import os
import time
from pathlib import Path

from opencode_nexus.observe.log_entry import read
from opencode_nexus.observe.log_files import CURRENT, DAY, LogFiles, next_number

PIECE = 5_000_000  # bytes of one file; less where the cap is small
LOOK = 1.0  # seconds between two looks whether the file was taken away


class HubFile:
    """Adds lines to hub.log. One thread writes; `limit` may be called from another.

    What cannot be written (a full disk, say) is not tried again, so that nothing waits for it.
    """

    def __init__(self, files: LogFiles) -> None:
        self._files, self._path = files, files.folder / CURRENT
        self._file = -1
        self._size, self._began, self._looked = 0, 0.0, 0.0
        self._cap, self._days = 200_000_000, 30.0

    def limit(self, cap: int, days: float) -> None:
        """Let all log files take at most `cap` bytes, and those that nobody writes be `days` old."""
        self._cap, self._days = cap, days

    @property
    def _piece(self) -> int:
        return min(PIECE, self._cap // 8)

    def add(self, line: bytes) -> bool:
        """Write one line, and tell whether it is in the file now, from where a kill -9 does not take it."""
        try:
            now = time.monotonic()
            if self._file >= 0 and now - self._looked > LOOK:
                self._looked = now
                self._look()
            if self._file < 0:
                self._open()
            if self._size and (self._size + len(line) > self._piece or time.time() - self._began > DAY):
                self.turn()
            written = os.write(self._file, line)
            self._size += written
        except OSError:
            return False
        return written == len(line)

    def keep(self) -> list[str]:
        """See to the cap over all files, with room for what this one may grow by; returns the names of what went."""
        return self._files.keep(self._cap, self._days, max(0, self._piece - self._size))

    def turn(self) -> None:
        """Begin a new file; raises OSError."""
        number = next_number(self._files.hub())
        self.close()
        self._path.rename(self._files.folder / f"hub.{number:06}.log")
        self._open()
        self.keep()

    def close(self) -> None:
        """Write no more, until the next line."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        self._files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._looked = time.monotonic()
        self._size = os.fstat(self._file).st_size
        self._began = _first_written(self._path) if self._size else time.time()

    def _look(self) -> None:
        """Begin anew when somebody took the file away."""
        try:
            mine, there = os.fstat(self._file), self._path.stat()
        except OSError:
            return self.close()
        if os.name == "posix" and (mine.st_ino, mine.st_dev) != (there.st_ino, there.st_dev):
            self.close()


def _first_written(path: Path) -> float:
    """Return when a file that is there was begun, as its first line says; now when that does not."""
    with path.open("rb") as file:
        epoch = read(file.readline(65_536)).epoch
    return time.time() if epoch is None else min(epoch, time.time())
