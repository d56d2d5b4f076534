# SPDX-License-Identifier: MIT
"""The log files of a home folder, and the cap over all of them.

logs/hub.log               what the hub logs now, JSON lines; logs/hub.000042.log is what it was before, numbered
logs/servers/<id>.log      what a server's OpenCode wrote; .log.1 is what it was before
logs/tunnels/<id>.log      the same of a tunnel's cloudflared
logs/crashes/<time>.txt    crash reports
"""

import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from opencode_nexus.processes.logfile import turn

Source = Literal["hub", "server", "tunnel", "crash"]

CURRENT = "hub.log"
_NUMBERED = re.compile(r"hub\.(\d+)\.log")
_OLD = re.compile(r"hub\.log\.(\d+)")  # of an older hub: the higher, the older
_OUTPUT = re.compile(r"(\w+)\.log(\.1)?")
_FOLDERS: tuple[tuple[Source, str], ...] = (("server", "servers"), ("tunnel", "tunnels"))
CRASHES, REPORTS = "crashes", 20  # folder, and how many reports are kept
LEAST = 65_536  # bytes that are left of an output when the cap leaves no room for it
DAY = 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file: `about` is the server's or tunnel's id, `number` grows with time among those of one source and
    `about`, `current` says that somebody writes it, `changed` is in epoch seconds, `size` in bytes.
    """

    path: Path
    source: Source
    about: str
    number: int
    current: bool
    size: int
    changed: float

    @property
    def name(self) -> str:
        """Its place below the folder of the logs."""
        below = {"hub": "", "server": "servers/", "tunnel": "tunnels/", "crash": f"{CRASHES}/"}[self.source]
        return below + self.path.name


class LogFiles:
    """The log files below `folder`. All of it blocks for as long as it takes to look at each file once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keeping = threading.Lock()

    def hub(self) -> list[LogFile]:
        """Return the hub's own files, the oldest first. `number` of the current one is what it will be called."""
        found: list[LogFile] = []
        for path in _in(self.folder):
            if known := _NUMBERED.fullmatch(path.name):
                found += _seen(path, "hub", "", int(known[1]), current=False)
            elif old := _OLD.fullmatch(path.name):
                found += _seen(path, "hub", "", -int(old[1]), current=False)
        found.sort(key=lambda file: file.number)
        return found + _seen(self.folder / CURRENT, "hub", "", next_number(found), current=True)

    def outputs(self, about: str = "") -> list[LogFile]:
        """Return what servers and tunnels wrote, or the one with the id `about`: of each the oldest first."""
        found: list[LogFile] = []
        for source, folder in _FOLDERS:
            for path in _in(self.folder / folder):
                if (known := _OUTPUT.fullmatch(path.name)) and about in ("", known[1]):
                    found += _seen(path, source, known[1], 0 if known[2] else 1, current=not known[2])
        found.sort(key=lambda file: (file.source, file.about, file.number))
        return found

    def crashes(self) -> list[LogFile]:
        """Return the crash reports, the oldest first."""
        paths = sorted(path for path in _in(self.folder / CRASHES) if path.suffix == ".txt")
        return [file for number, path in enumerate(paths) for file in _seen(path, "crash", "", number, current=False)]

    def all(self) -> list[LogFile]:
        """Return every log file."""
        return [*self.hub(), *self.outputs(), *self.crashes()]

    def total(self) -> int:
        """Return the bytes of all log files together."""
        return sum(file.size for file in self.all())

    def keep(self, cap: int, days: float, room: int = 0) -> list[str]:
        """Remove what is older than `days`, then the oldest until all others and `room` more bytes fit into `cap`.

        Where that does not do, what servers write now is cut down, the largest first. Returns the names of what went.
        """
        with self._keeping:
            return self._keep(cap, days, room)

    def _keep(self, cap: int, days: float, room: int) -> list[str]:
        files, gone = self.all(), list[str]()
        total = sum(file.size for file in files)
        oldest = time.time() - days * DAY
        reports = [file for file in files if file.source == "crash"]
        spare = set(reports[:-REPORTS])
        old = sorted((file for file in files if not file.current), key=lambda file: (file.changed, file.number))
        # a crash report says most a byte, so it is the last to go
        for file in sorted(old, key=lambda file: file.source == "crash"):
            if file.changed < oldest or file in spare or total + room > cap:
                file.path.unlink(missing_ok=True)
                total -= file.size
                gone.append(file.name)
        for file in sorted(files, key=lambda file: -file.size):
            if total + room <= cap or file.size <= LEAST:
                break
            # a tunnel's follower is the only one that may turn its file over, and does at 5 MB
            if file.current and file.source == "server" and turn(file.path, LEAST, 0):
                total -= file.size - LEAST
                gone.append(file.name)
        return gone


def next_number(files: Iterable[LogFile]) -> int:
    """Return the number that the hub's current file gets when it is turned over; `files` as `hub()` returns them."""
    return max((file.number for file in files if not file.current), default=0) + 1


def _in(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return


def _seen(path: Path, source: Source, about: str, number: int, *, current: bool) -> list[LogFile]:
    try:
        seen = path.stat()
    except OSError:  # it went meanwhile
        return []
    return [LogFile(path, source, about, number, current, seen.st_size, seen.st_mtime)]
