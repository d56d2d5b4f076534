# SPDX-License-Identifier: MIT
"""Copies of the database: those from before an update, and backups."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from opencode_nexus.observe.backup.backups import AUTO, NAME
from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.store.migrate import COPIES


async def look(around: Around) -> Looked:
    """Compare each kind with its cap. An update removes old copies by itself, and so does a backup by the clock."""
    settings = around.settings()
    home = around.home.path / "backups"
    copies, backups = await asyncio.gather(
        asyncio.to_thread(_before_updates, home),
        asyncio.to_thread(_backups, Path(settings.backup_folder or home).expanduser()),
    )
    by_clock = [path for path in backups if path.name.startswith(AUTO)]
    by_hand = [path for path in backups if path not in by_clock]
    said = (
        f"From before an update: {_sum(copies)} of at most {COPIES}. Backups made by themselves: {_sum(by_clock)} "
        f"of at most {settings.backup_keep}. Backups made by hand: {_sum(by_hand)}, kept until you remove them."
    )
    if len(copies) <= COPIES:
        return Looked("pass", said)
    does = tuple(f"Remove {path}." for path in copies[:-COPIES])
    return Looked("warn", said, "The oldest from before an update can be removed.", does)


async def fix(around: Around) -> None:
    """Remove the oldest from before an update."""

    def work() -> None:
        for path in _before_updates(around.home.path / "backups")[:-COPIES]:
            path.unlink(missing_ok=True)

    await asyncio.to_thread(work)


def _before_updates(folder: Path) -> list[Path]:
    return sorted(folder.glob("before-migration-*.db"))


def _backups(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    except OSError:
        return []


def _sum(paths: Sequence[Path]) -> str:
    size = sum(path.stat().st_size for path in paths if path.exists())
    return f"{len(paths)} ({size / 1e6:.1f} MB)" if paths else "0"
