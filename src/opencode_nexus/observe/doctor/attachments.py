# SPDX-License-Identifier: MIT
"""Files of messages that no message has any more."""

import asyncio
import time
from pathlib import Path

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.store.db import Database

FRESH = 600.0  # seconds; a newer one may be on its way in


async def look(around: Around) -> Looked:
    """Compare the folder with the table."""
    if around.db is None:
        return Looked("unknown", around.trouble)
    left = await _left(around.home.path, around.db)
    if not left:
        return Looked("pass", "None are left over.")
    size = sum(path.stat().st_size for path in left if path.exists())
    said = f"{len(left)} belong{'s' if len(left) == 1 else ''} to no message, {size / 1e6:.1f} MB."
    return Looked("warn", said, "They can be removed.", tuple(f"Remove {path}." for path in left))


async def fix(around: Around) -> None:
    """Remove them."""
    if around.db is not None:
        for path in await _left(around.home.path, around.db):
            await asyncio.to_thread(path.unlink, missing_ok=True)


async def _left(home: Path, db: Database) -> list[Path]:
    # the folder first: whatever comes in is written there before it is in the table
    found = await asyncio.to_thread(_files, home / "attachments")
    known = {row["id"] for row in await db.query("SELECT id FROM attachment")}
    return [path for path in found if path.name not in known]


def _files(folder: Path) -> list[Path]:
    before = time.time() - FRESH
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < before)
    except OSError:
        return []
