# SPDX-License-Identifier: MIT
"""Downloads that were begun and not finished."""

import asyncio
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from opencode_nexus.observe.doctor.around import Around, Kept
from opencode_nexus.observe.doctor.finding import Looked

RESUMED = 86_400.0  # seconds for which a part is kept: the next download goes on from it
WORK = "work-"  # how the folder of a job begins


async def look(around: Around) -> Looked:
    """Find parts that nobody came back for."""
    if around.services is None:
        return Looked("unknown", around.trouble)
    found = await asyncio.to_thread(_found, around.services.kept())
    if not found:
        return Looked("pass", "None are left.")
    said = f"{len(found)} begun and not finished, more than a day ago."
    return Looked("warn", said, "They can be removed.", tuple(f"Remove {path}." for path in found))


async def fix(around: Around) -> None:
    """Remove them."""

    def work(kept: Sequence[Kept]) -> None:
        for path in _found(kept):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)

    if around.services is not None:
        await asyncio.to_thread(work, around.services.kept())


def _found(kept: Sequence[Kept]) -> list[Path]:
    return [path for one in kept if not one.busy for path in _left(one)]


def _left(one: Kept) -> Iterator[Path]:
    begun = [*_in(one.copies.downloads), *(path for path in _in(one.copies.folder) if path.name.startswith(WORK))]
    for path in begun:
        try:
            if time.time() - path.lstat().st_mtime > RESUMED:
                yield path
        except OSError:
            continue


def _in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
