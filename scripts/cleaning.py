# SPDX-License-Identifier: MIT
"""`scripts/clean`: removes what scripts/places.py names, and nothing else. Needs the standard library alone.

It follows no link, and leaves what git tracks and what lies in the hub's home folder. What cannot be removed is told,
the rest is done, and the exit status is then 1.
"""

from __future__ import annotations

import argparse
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from scripts.build_lock import Busy, held
from scripts.places import CACHE, DEPS, DEV, PLACES, RELEASE, Place

KINDS = (DEV, RELEASE, CACHE, DEPS)
UNITS = {"d": 86_400.0, "h": 3_600.0}
FEW = 5  # of one place are named one by one
# A build that runs writes to the first two, and runs by what was installed.
OF_BUILDS = {"/build/", "/dist/", *(place.pattern for place in PLACES if place.kind == DEPS)}


class Found(NamedTuple):
    """Something that a place names."""

    place: Place
    path: Path


def is_link(entry: os.stat_result) -> bool:
    """Tell whether it leads elsewhere: a symbolic link, or a junction of Windows."""
    tag = getattr(entry, "st_reparse_tag", 0)
    return stat.S_ISLNK(entry.st_mode) or tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)


def place_of(name: str, at: str, folder: bool) -> Place | None:
    """Return the place that names the entry `at` (from the clone's root, with /), or None."""
    for place in PLACES:
        pattern = place.pattern.strip("/")
        hit = at == pattern if place.pattern.startswith("/") else fnmatchcase(name, pattern)
        if hit and (folder or not place.pattern.endswith("/")):
            return place
    return None


def find(root: Path, kinds: set[str]) -> Iterator[Found]:
    """Yield all that is there of `kinds`. No link is followed, and no clone within this one is entered."""
    todo = [root]
    while todo:
        folder = todo.pop()
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue  # a folder that nobody may read holds nothing of ours
        if folder != root and ".git" in names:
            continue
        for name in names:
            path = folder / name
            try:
                seen = path.lstat()
            except OSError:
                continue  # it has just gone
            directory, link = stat.S_ISDIR(seen.st_mode), is_link(seen)
            place = place_of(name, path.relative_to(root).as_posix(), directory or link)
            if place is None:
                if directory and not link and name != ".git":
                    todo.append(path)
            elif place.kind in kinds:
                inner = entries(path) if place.inside and directory and not link else []
                yield from (Found(place, each) for each in inner)
                if not inner:
                    yield Found(place, path)


def entries(folder: Path) -> list[Path]:
    """Return what is in it; nothing when it may not be read, which its removal then tells."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def tracked(root: Path) -> set[str] | None:
    """Return the files that git tracks; None when it cannot say."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, cwd=str(root), env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    return None if done.returncode else {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}


def homes() -> list[Path]:
    """Return where a hub of this user keeps its things: as named, and the platform's folder (as platformdirs says)."""
    user, system = Path(os.path.expanduser("~")), sys.platform
    if system == "win32":
        default = Path(os.environ.get("LOCALAPPDATA") or user / "AppData" / "Local")
    elif system == "darwin":
        default = user / "Library" / "Application Support"
    else:
        default = Path(os.environ.get("XDG_DATA_HOME") or user / ".local" / "share")
    named = os.environ.get("OPENCODE_NEXUS_HOME")
    found = [default / "opencode-nexus", *([Path(os.path.expanduser(named))] if named else [])]
    return [Path(os.path.realpath(str(home))) for home in found]


class Cleaning:
    """One run over the clone at `root`. `dry` only looks; `before` (epoch seconds) spares what is newer."""

    def __init__(self, root: Path, *, dry: bool = False, before: float | None = None) -> None:
        self._root, self._dry, self._before = Path(os.path.realpath(str(root))), dry, before
        self._tracked, self._homes = tracked(self._root), homes()
        self.freed = 0
        self.wrong: list[str] = []  # what could not be done, in sentences

    def run(self, kinds: set[str]) -> None:
        """Remove what there is of `kinds` and say so."""
        if self._tracked is None:
            print("git cannot say what it tracks here: the table of places alone decides")
        gone: dict[Place, list[tuple[str, int]]] = {}
        with ExitStack() as stack:
            spared: set[str] = set()
            try:
                stack.enter_context(held(self._root))
            except Busy:
                spared = OF_BUILDS
            except OSError:
                pass  # a broken clone has no build to wait for
            for found in list(find(self._root, kinds)):
                if found.place.pattern in spared:
                    self._complain(found.path, "a build is at work")
                elif self._is_due(found.path):
                    freed = self._remove(found.path)
                    if freed is not None:
                        self.freed += freed
                        name = found.path.relative_to(self._root).as_posix()
                        gone.setdefault(found.place, []).append((name, freed))
                        self._emptied(found.path.parent)
        for place, removed in gone.items():
            if len(removed) > FEW:
                removed = [(f"{len(removed)} x {place.pattern}", sum(size for _, size in removed))]
            for name, size in removed:
                print(f"{'would remove' if self._dry else 'removed'} {size / 1e6:9.2f} MB  {name}")

    def _is_due(self, path: Path) -> bool:
        """Tell whether it is old enough to go. What cannot be looked through stays, as something in it may be new."""
        try:
            return self._before is None or newest(path) <= self._before
        except OSError as error:
            self._complain(path, str(error.strerror))
            return False

    def _emptied(self, folder: Path) -> None:
        """Remove a folder that held nothing else, as git would: it keeps none that is empty."""
        while not self._dry and folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return  # it holds something
            folder = folder.parent

    def _complain(self, path: Path, why: str) -> None:
        self.wrong.append(f"not removed: {path.relative_to(self._root).as_posix()}: {why}")

    def _remove(self, path: Path) -> int | None:
        """Remove one entry with all that is in it; return the bytes that went, None when nothing did."""
        try:
            seen = path.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._complain(path, str(error.strerror))
            return None
        at = Path(os.path.realpath(str(path.parent))) / path.name
        if any(home == at or home in at.parents for home in self._homes):
            print(f"left: {path.relative_to(self._root).as_posix()} is the home folder of a hub, or in it")
            return None
        if not stat.S_ISDIR(seen.st_mode) or is_link(seen):
            return self._unlink(path, seen)
        freed, left = 0, False
        try:
            names = os.listdir(path)
        except OSError as error:
            self._complain(path, str(error.strerror))
            return None
        for name in names:
            part = self._remove(path / name)
            freed, left = freed + (part or 0), left or part is None
        if left:
            return freed or None
        if not self._dry:
            try:
                path.rmdir()
            except OSError as error:
                self._complain(path, str(error.strerror))
                return freed or None
        return freed

    def _unlink(self, path: Path, seen: os.stat_result) -> int | None:
        if self._tracked and path.relative_to(self._root).as_posix() in self._tracked:
            return None
        if self._dry:
            return seen.st_size
        try:
            if os.name == "nt" and not seen.st_mode & stat.S_IWRITE:
                path.chmod(stat.S_IWRITE)  # Windows keeps a read-only file; elsewhere its folder decides
            if stat.S_ISDIR(seen.st_mode):
                path.rmdir()  # a junction: only the way there
            else:
                path.unlink()
        except OSError as error:
            self._complain(path, f"{error.strerror}; may its folder be written?")
            return None
        return seen.st_size


def newest(path: Path) -> float:
    """Return when something in it was last written, in epoch seconds."""
    try:
        seen: os.stat_result = path.lstat()
    except FileNotFoundError:
        return 0.0  # it has just gone
    times: list[float] = [seen.st_mtime]
    if stat.S_ISDIR(seen.st_mode) and not is_link(seen):
        times += map(newest, path.iterdir())
    return max(times)


def seconds(text: str) -> float:
    """Read an age: `14` or `14d` are days, `12h` hours."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([dh]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: 14d are days, 12h hours")
    return float(match.group(1)) * UNITS[match.group(2) or "d"]


def main(root: Path, words: list[str]) -> int:
    """Do what the words say; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/clean", description="Removes what was made in this clone: all but --deps when nothing is named."
    )
    parser.add_argument("--dev", action="store_true", help="a build's intermediates, measures, pictures")
    parser.add_argument("--release", action="store_true", help="finished builds: dist")
    parser.add_argument("--cache", action="store_true", help="what Python and the tools keep to be quicker")
    parser.add_argument("--deps", action="store_true", help=".venv, node_modules and the browser scripts")
    parser.add_argument("--all", action="store_true", help="all of these: as a fresh clone is")
    parser.add_argument("--older-than", type=seconds, metavar="AGE", help="what nobody wrote for so long: 14d, 12h")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    told = parser.parse_args(words)
    named = {kind for kind in KINDS if getattr(told, kind)}
    kinds = set(KINDS) if told.all else named or {DEV, RELEASE, CACHE}
    before = None if told.older_than is None else time.time() - told.older_than
    cleaning = Cleaning(root, dry=told.dry_run, before=before)
    cleaning.run(kinds)
    print(f"{'would free' if told.dry_run else 'freed'} {cleaning.freed / 1e6:.2f} MB")
    print("\n".join(cleaning.wrong), file=sys.stderr, end="\n" if cleaning.wrong else "")
    return 1 if cleaning.wrong else 0
