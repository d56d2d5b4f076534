# SPDX-License-Identifier: MIT
"""What happened lately, in words: the dashboard's "recent activity"."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.store.db import Database

Level = Literal["info", "success", "warning", "error"]
KEPT = 10_000  # rows; about 2 MB


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One line of the activity list; `at` in epoch seconds."""

    id: int
    at: float
    kind: str
    level: str
    text: str
    server_id: str | None
    data: dict[str, Any] = field(default_factory=dict)


class Activity:
    """Keeps and announces (bus topic "activity") what happened."""

    def __init__(self, db: Database, bus: Bus, clock: Clock) -> None:
        self._db, self._bus, self._clock = db, bus, clock

    async def add(
        self, kind: str, text: str, *, level: Level = "info", server_id: str | None = None, **data: Any
    ) -> ActivityRow:
        """Keep one line: `kind` for programs (such as "server-started"), `text` for people; returns the row."""
        at = self._clock.now()
        packed = json.dumps(data, ensure_ascii=False)

        def work(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(
                "INSERT INTO activity (at, kind, level, text, server_id, data) VALUES (?, ?, ?, ?, ?, ?)",
                (at, kind, level, text, server_id, packed),
            )
            number = int(cursor.lastrowid or 0)
            connection.execute("DELETE FROM activity WHERE id <= ?", (number - KEPT,))
            return number

        row = ActivityRow(await self._db.write(work), at, kind, level, text, server_id, data)
        self._bus.publish("activity", row)
        return row

    def recent(self, limit: int = 10) -> list[ActivityRow]:
        """Return the newest `limit` lines, newest first."""
        rows = self._db.read("SELECT * FROM activity ORDER BY id DESC LIMIT ?", (limit,))
        return [
            ActivityRow(r["id"], r["at"], r["kind"], r["level"], r["text"], r["server_id"], json.loads(r["data"]))
            for r in rows
        ]
