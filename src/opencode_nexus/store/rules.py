# SPDX-License-Identifier: MIT
"""What was answered "always"."""

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One thing that is allowed in a folder of a server; times are epoch seconds."""

    id: str
    server_id: str
    directory: str
    permission: str
    pattern: str
    at: float
    by_name: str
    by_device: str
    by_source: str
    used: int = 0
    last_used: float | None = None


class RuleRows:
    """The table `rules`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[RuleRow]:
        """Every rule, oldest first."""
        return [RuleRow(*row) for row in self._db.read("SELECT * FROM rules ORDER BY at, id")]

    async def add(self, rows: Sequence[RuleRow]) -> None:
        """Keep rules; on the disk when this returns. One that is there already stays."""
        values = [tuple(storable(value) if isinstance(value, str) else value for value in astuple(row)) for row in rows]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR IGNORE INTO rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

        await self._db.write(work)

    async def remove(self, rule_id: str) -> None:
        """Forget a rule; gone from the disk when this returns."""
        await self._db.write(lambda connection: connection.execute("DELETE FROM rules WHERE id = ?", (rule_id,)))

    def used(self, rule_id: str, at: float) -> None:
        """Count that a rule answered something."""
        self._db.post(
            lambda connection: connection.execute(
                "UPDATE rules SET used = used + 1, last_used = ? WHERE id = ?", (at, rule_id)
            )
        )
