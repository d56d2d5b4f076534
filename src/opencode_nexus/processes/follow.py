# SPDX-License-Identifier: MIT
"""A log file that grows, read line by line as it does, and kept in bounds."""

from pathlib import Path

from opencode_nexus.processes.logfile import CAP, size_of, turn

MOST = 8_000_000  # bytes read at one go; twice what the file may hold


class Follower:
    """Reads the log at `path` from the byte `place` on. One reader a file: only it may turn the file over."""

    def __init__(self, path: Path, place: int = 0) -> None:
        self.path = path
        self._place = place
        self._rest = b""

    def waiting(self) -> bool:
        """Tell whether there is something unread: one look at the file's size, some microseconds."""
        return size_of(self.path) != self._place

    def fresh(self, cap: int = CAP) -> list[str]:
        """Return the whole lines written since the last call, and turn the file over past `cap` bytes. Blocks.

        A file that has become shorter was cut, so it is read from its beginning. One that cannot be read has no lines.
        """
        try:
            if size_of(self.path) < self._place:
                self._place, self._rest = 0, b""
            with self.path.open("rb") as file:
                file.seek(self._place)
                text = file.read(MOST)
            self._place += len(text)
            if turn(self.path, cap):
                self._place = 0
        except OSError:
            return []
        *lines, self._rest = (self._rest + text).split(b"\n")
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines if line.strip()]

    def last(self) -> list[str]:
        """Return what is left when the writer has ended, the unfinished line too. Blocks."""
        lines = self.fresh()
        rest, self._rest = self._rest.decode("utf-8", "replace").strip(), b""
        return [*lines, rest] if rest else lines
