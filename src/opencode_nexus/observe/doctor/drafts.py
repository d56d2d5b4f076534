# SPDX-License-Identifier: MIT
"""Files that were being written when their writer ended, and temporary ones."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.store.temporary import FOLDER

OLD = 3600.0  # seconds; a draft without its writer's id is written within moments
LONG = 86_400.0  # seconds; by then another process may have the id
DEPTH = 4  # folders below the home folder
NOT_IN = frozenset(
    {"opencode", "cloudflared", "logs", "attachments", "downloads", FOLDER}
)  # large, and with checks of their own
BACKUP = ".backup-"  # how the folder in which a backup is put together begins: it holds a whole copy of the database
_DRAFT = re.compile(r".+?(?:\.(?P<writer>\d+))?\.new|hub\.json\.(?P<note>\d+)|\.write-test-(?P<test>\d+)")


async def look(around: Around) -> Looked:
    """Find drafts whose writer is gone."""
    found = await asyncio.to_thread(lambda: list(_found(around.home.path)))
    if not found:
        return Looked("pass", "None are left.")
    said = f"{len(found)} left by writers that ended: {', '.join(path.name for path in found)}."
    return Looked("warn", said, "They can be removed.", tuple(f"Remove {path}." for path in found))


async def fix(around: Around) -> None:
    """Remove them."""

    def work() -> None:
        for path in _found(around.home.path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)

    await asyncio.to_thread(work)


def _found(home: Path) -> Iterator[Path]:
    # a hub that begins removes all of these; a hub that runs may be at work on a young one
    temporary = sorted((home / FOLDER).iterdir()) if (home / FOLDER).is_dir() else []
    yield from (path for path in temporary if _stale(path, None, LONG))
    for folder, below, names in os.walk(home):
        depth = len(Path(folder).relative_to(home).parts)
        begun = {name for name in below if name.startswith(BACKUP)}
        yield from (path for path in (Path(folder, name) for name in sorted(begun)) if _stale(path, None))
        below[:] = [] if depth >= DEPTH else sorted({*below} - NOT_IN - begun)
        for name in sorted(names):
            path = Path(folder, name)
            if (known := _DRAFT.fullmatch(name)) and _stale(path, next(filter(None, known.groups()), None)):
                yield path


def _stale(path: Path, writer: str | None, old: float = OLD) -> bool:
    try:
        age = time.time() - path.lstat().st_mtime
    except OSError:
        return False
    if writer is None:
        return age > old
    return age > LONG or not psutil.pid_exists(int(writer))
