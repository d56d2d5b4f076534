# SPDX-License-Identifier: MIT
"""Where an OpenCode keeps what it keeps, and how much that takes of the disk."""

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["database", "snapshots", "outputs", "logs", "cache", "other"]
KINDS: tuple[Kind, ...] = ("database", "snapshots", "outputs", "logs", "cache", "other")
PAUSE_AFTER, PAUSE = 500, 0.002  # entries, seconds: a walk over a million files leaves the loop its turn


@dataclass(frozen=True, slots=True)
class Folders:
    """Of one OpenCode (measured on 1.18.33): `data` holds its sessions, snapshots and logs, `database` is the file."""

    data: Path
    cache: Path
    state: Path
    database: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Folders":
        """Return where a process with this environment keeps its things; nothing of it need exist."""
        home = Path(environ.get("HOME") or Path.home())

        def base(name: str, *else_: str) -> Path:
            return Path(environ.get(name) or home.joinpath(*else_)) / "opencode"

        data = base("XDG_DATA_HOME", ".local", "share")
        named = environ.get("OPENCODE_DB") or "opencode.db"
        return cls(data, base("XDG_CACHE_HOME", ".cache"), base("XDG_STATE_HOME", ".local", "state"), data / named)

    def kind(self, path: Path) -> Kind:
        """Return what a path below `data` or `cache` is counted as."""
        if path.is_relative_to(self.cache):
            return "cache"
        if path.name.startswith(self.database.name) and path.parent == self.database.parent:
            return "database"  # with its -wal and -shm
        if not path.is_relative_to(self.data):
            return "other"
        first = path.relative_to(self.data).parts[:1]
        found: dict[tuple[str, ...], Kind] = {("snapshot",): "snapshots", ("tool-output",): "outputs", ("log",): "logs"}
        return found.get(first, "other")


@dataclass(frozen=True, slots=True)
class Amount:
    """Space on the disk in bytes, as du counts it, and how many files that is."""

    bytes: int = 0
    files: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.bytes + other.bytes, self.files + other.files)


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What one OpenCode's folders took at `at` (epoch seconds), by kind; measuring took `seconds`."""

    folders: Folders
    at: float
    seconds: float
    parts: Mapping[Kind, Amount] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return sum(part.bytes for part in self.parts.values())


def measure(folders: Folders, now: float, pause: Callable[[float], None] = time.sleep) -> DiskUse:
    """Walk over the folders. Blocks, for minutes where OpenCode keeps millions of files: use a thread."""
    begun = time.perf_counter()
    parts: dict[Kind, Amount] = dict.fromkeys(KINDS, Amount())
    seen: set[tuple[int, int]] = set()
    places = [folders.data, folders.cache, folders.state]
    if not folders.database.is_relative_to(folders.data):
        places += sorted(folders.database.parent.glob(f"{folders.database.name}*"))
    for path, amount in walk(places, seen, pause):
        kind = folders.kind(path)
        parts[kind] += amount
    return DiskUse(folders, now, time.perf_counter() - begun, parts)


def walk(
    places: Iterable[Path], seen: set[tuple[int, int]], pause: Callable[[float], None] = time.sleep
) -> Iterable[tuple[Path, Amount]]:
    """Yield every file and folder with what it takes; a file with two names counts once. Blocks.

    Links are not followed, and what may not be read or goes away meanwhile is left out.
    """
    count, todo = 0, list(places)
    while todo:
        path = todo.pop()
        count += 1
        if count % PAUSE_AFTER == 0:
            pause(PAUSE)
        try:
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                with os.scandir(path) as entries:
                    todo.extend(path / entry.name for entry in entries)
        except OSError:
            continue
        key = (found.st_dev, found.st_ino)
        if key in seen:
            continue
        if found.st_nlink > 1 or stat.S_ISDIR(found.st_mode):
            seen.add(key)
        taken = getattr(found, "st_blocks", None)
        size = found.st_size if taken is None else taken * 512
        yield path, Amount(size, 0 if stat.S_ISDIR(found.st_mode) else 1)


def amount_of(path: Path) -> Amount:
    """Return what a file, or a folder with all in it, takes. Blocks."""
    total = Amount()
    for _, amount in walk([path], set()):
        total += amount
    return total
