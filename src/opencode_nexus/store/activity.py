# SPDX-License-Identifier: MIT
"""The timeline: what happened, in words, on servers, tunnels and accounts; what kinds there are is in `core.kinds`."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.kinds import AT_LEAST, kinds_of
from opencode_nexus.store.calendar import Calendar
from opencode_nexus.store.db import Database

Level = Literal["info", "success", "warning", "error"]
KEPT = 20_000  # rows; about 4 MB
DAYS = 30  # that a line is kept
LONGEST = 1000  # characters of a line
_WILD, _ESCAPED = re.compile(r"([%_\\])"), r"\\\1"  # of SQLite's LIKE, which needs 5 ms for 20,000 lines; instr 40


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One line; `at` in epoch seconds."""

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
        self._calendar = Calendar(db, clock)

    async def add(
        self, kind: str, text: str, *, level: Level = "info", server_id: str | None = None, **data: Any
    ) -> ActivityRow:
        """Keep one line: `kind` for programs (one of `core.kinds`), `text` for people; returns the row.

        What is older than DAYS goes, as far as the clock may be believed, and what is beyond the newest KEPT.
        """
        at, today = self._clock.now(), self._calendar.today()
        text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        packed = json.dumps(data, ensure_ascii=False)

        def work(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(
                "INSERT INTO activity (at, kind, level, text, server_id, data) VALUES (?, ?, ?, ?, ?, ?)",
                (at, kind, level, text, server_id, packed),
            )
            number = int(cursor.lastrowid or 0)
            connection.execute("DELETE FROM activity WHERE id <= ?", (number - KEPT,))
            if today is not None:
                connection.execute("DELETE FROM activity WHERE at < ?", (today - DAYS * 86400,))
            return number

        row = ActivityRow(await self._db.write(work), at, kind, level, text, server_id, data)
        self._bus.publish("activity", row)
        return row

    def recent(self, limit: int = 10) -> list[ActivityRow]:
        """Return the newest `limit` lines, newest first."""
        return self.find(limit=limit)

    def find(
        self,
        *,
        groups: Sequence[str] = (),
        level: str = "",
        server_id: str = "",
        text: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[ActivityRow]:
        """Return lines, newest first: of these groups of kinds, of this level or worse, of a server or tunnel (by id),
        that hold `text`, and older than the line `before`; what is left empty leaves nothing out.
        """
        wheres, values = [], list[Any]()
        if groups:
            kinds = [kind for group in groups for kind in kinds_of(group)]
            wheres.append(f"kind IN ({', '.join('?' for _ in kinds)})")
            values += kinds
        if level in AT_LEAST and level != "info":
            wheres.append(f"level IN ({', '.join('?' for _ in AT_LEAST[level])})")
            values += AT_LEAST[level]
        if server_id:
            wheres.append("(server_id = ? OR json_extract(data, '$.tunnel_id') = ?)")
            values += [server_id, server_id]
        if text:  # as it stands; small and capital letters are one for those of English alone
            wheres.append(r"text LIKE ? ESCAPE '\'")
            values.append(f"%{re.sub(_WILD, _ESCAPED, text)}%")
        if before is not None:
            wheres.append("id < ?")
            values.append(before)
        where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
        rows = self._db.read(f"SELECT * FROM activity{where} ORDER BY id DESC LIMIT ?", (*values, limit))
        return [
            ActivityRow(r["id"], r["at"], r["kind"], r["level"], r["text"], r["server_id"], json.loads(r["data"]))
            for r in rows
        ]
