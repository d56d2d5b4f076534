# SPDX-License-Identifier: MIT
"""The rights of the home folder: it is its owner's alone."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.processes.own_user import user_id

OTHERS = 0o077  # what the group and all others may


async def look(around: Around) -> Looked:
    """Find what others may open, and what is not ours."""
    if os.name != "posix":
        return Looked("unknown", "This system keeps rights in another way.")
    return await asyncio.to_thread(_look, around.home.path)


def _look(home: Path) -> Looked:
    if not home.is_dir():
        return Looked("pass", "There is no home folder yet.")
    strange = [path for path, seen in _seen(home) if seen.st_uid != user_id()]
    if strange:
        todo = "Start the hub as the user that they belong to, or give them to this one (chown)."
        return Looked("fail", f"These belong to another user: {', '.join(map(str, strange))}.", todo)
    open_ = _open(home)
    if open_:
        said = f"Others on this machine may open {', '.join(str(path) for path, _ in open_)}."
        does = tuple(f"Set the rights of {path} to {mode:o}." for path, mode in open_)
        return Looked("fail", said, "Take the rights from others.", does)
    return Looked("pass", f"{home} is open to its owner alone.")


async def fix(around: Around) -> None:
    """Take the rights of others away."""

    def work() -> None:
        for path, mode in _open(around.home.path):
            path.chmod(mode)

    await asyncio.to_thread(work)


def _open(home: Path) -> list[tuple[Path, int]]:
    return [
        (path, 0o700 if stat.S_ISDIR(seen.st_mode) else 0o600) for path, seen in _seen(home) if seen.st_mode & OTHERS
    ]


def _seen(home: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the folder and what of it holds secrets; a link is never followed."""
    paths = [home, home / "hub.json", home / "secrets", home / "backups"]
    for folder in paths[2:]:
        if folder.is_dir() and not folder.is_symlink():
            paths += sorted(folder.iterdir())
    for path in paths:
        try:
            seen = path.lstat()
        except OSError:
            continue
        if not stat.S_ISLNK(seen.st_mode):
            yield path, seen
