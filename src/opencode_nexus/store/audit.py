# SPDX-License-Identifier: MIT
"""The audit log: who signed in, failed, changed a password or made a token, and from where."""

import json
import logging
import sqlite3
from dataclasses import dataclass
from typing import Protocol

from opencode_nexus.store.audit_lines import Level, line_of
from opencode_nexus.store.db import Database

log = logging.getLogger(__name__)


class Timeline(Protocol):
    """Where people read what happened (`store.activity.Activity`)."""

    async def add(self, kind: str, text: str, *, level: Level = "info", server_id: str | None = None) -> object: ...


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line; ``at`` in epoch seconds, ``user`` empty when the name was not one of ours."""

    id: int
    at: float
    kind: str
    user: str
    source: str
    detail: dict[str, object]


class Audit:
    """The table ``audit``, newest kept: at most ``keep`` lines. What people did is told to the ``timeline``, too."""

    def __init__(self, db: Database, keep: int = 20_000, timeline: Timeline | None = None) -> None:
        self._db = db
        self._keep, self._timeline = keep, timeline

    async def add(self, at: float, kind: str, user: str, source: str, **detail: object) -> None:
        """Writes one line, on disk when it returns; ``detail`` must hold no secret."""
        text = json.dumps(detail, separators=(",", ":"), sort_keys=True)

        def insert(conn: sqlite3.Connection) -> None:
            row = conn.execute(
                "INSERT INTO audit (at, kind, user, source, detail) VALUES (?, ?, ?, ?, ?)",
                (at, kind, user, source, text),
            )
            # ids only grow, so this bounds the table without counting it
            conn.execute("DELETE FROM audit WHERE id <= ?", ((row.lastrowid or 0) - self._keep,))

        await self._db.write(insert)
        line = line_of(kind, user, source, detail)
        if self._timeline is None or line is None:
            return
        try:
            server_id = str(detail["server"]) if detail.get("server") else None
            await self._timeline.add(kind, line[0], level=line[1], server_id=server_id)
        except Exception:  # a full disk, say: it is so even when the timeline does not have it
            log.exception("not in the timeline: %s", kind)

    def recent(self, limit: int = 50) -> list[AuditRow]:
        """The newest lines, newest first."""
        rows = self._db.read("SELECT id, at, kind, user, source, detail FROM audit ORDER BY id DESC LIMIT ?", (limit,))
        return [AuditRow(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in rows]
