# SPDX-License-Identifier: MIT
"""Where the home folder lies: a copy of it lists processes that are the first one's, and must let them be."""

import json
import sqlite3
from pathlib import Path

from opencode_nexus.store.db import Database

KEY = "home.place"


async def settle(db: Database, home: Path) -> bool:
    """Note where this home lies; True when it is a copy, whose runs are forgotten then. They go on, unharmed.

    A home that was moved keeps its runs: there is none where it was. To be called before runs are read.
    """
    place = home.resolve()

    def work(connection: sqlite3.Connection) -> bool:
        row = connection.execute("SELECT value FROM kv WHERE key = ?", (KEY,)).fetchone()
        before = str(json.loads(row[0])) if row else str(place)
        copied = _is_another(Path(before), place)
        if copied:
            connection.execute("DELETE FROM server_runs")
            connection.execute("DELETE FROM server_restarts")
            connection.execute("DELETE FROM tunnel_runs")
        if row is None or before != str(place):
            connection.execute("INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)", (KEY, json.dumps(str(place))))
        return copied

    return await db.write(work)  # in one transaction: servers and tunnels ask at the same time


def _is_another(before: Path, place: Path) -> bool:
    """Whether a home still lies where this one was, and is not the same folder by another name."""
    try:
        return (before / "nexus.db").exists() and not before.samefile(place)
    except OSError:
        return False
