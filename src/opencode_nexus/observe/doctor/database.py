# SPDX-License-Identifier: MIT
"""The hub's database: whether SQLite finds it whole."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.store.damage import DatabaseDamaged

SAID = 5  # of SQLite's sentences
# What making the indexes anew mends: the rows themselves are whole.
_INDEX = re.compile(
    r"row \d+ missing from index \S+|wrong # of entries in index \S+|row \d+ values differ from index \S+"
)


def examine(path: Path) -> list[str]:
    """Return what SQLite says is wrong with the file; [] when it is whole. Blocks: about 0.3 s for 100 MB."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({SAID})")]
            if found == ["ok"] and (row := connection.execute("PRAGMA foreign_key_check").fetchone()):
                found = [f"a row of {row[0]} belongs to none of {row[2]}"]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


async def look(around: Around) -> Looked:
    """Let SQLite go through the file."""
    path = around.home.database
    if not path.exists():
        return Looked("pass", "There is none yet.")
    wrong = await asyncio.to_thread(examine, path)
    if not wrong:
        if around.db is None and around.trouble:
            return Looked("fail", around.trouble, "Do what it says, then check again.")
        return Looked("pass", f"{path.name} is whole, {path.stat().st_size / 1e6:.1f} MB.")
    said = f"{path}: {'; '.join(wrong)}."
    if around.hub != "elsewhere" and all(_INDEX.fullmatch(one) for one in wrong):
        return Looked(
            "fail", said, "Only indexes are wrong. They can be made anew.", ("Make all indexes of nexus.db anew.",)
        )
    return Looked("fail", said, DatabaseDamaged.hint)


async def fix(around: Around) -> None:
    """Make the indexes anew; who else writes waits for it."""

    def work() -> None:
        with closing(sqlite3.connect(around.home.database, isolation_level=None, timeout=10)) as connection:
            connection.execute("REINDEX")

    await asyncio.to_thread(work)
