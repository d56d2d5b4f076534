# SPDX-License-Identifier: MIT
"""What waits for a person, and what became of the last of it."""

import logging
from dataclasses import astuple, dataclass, fields
from typing import Any

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable

log = logging.getLogger(__name__)

KEPT = 200  # ended rows


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One row as it is kept; `path` and `request` are JSON. `ended` (epoch seconds) is None while it is open."""

    id: str
    kind: str
    server_id: str
    session_id: str
    root_id: str
    directory: str
    title: str
    path: str
    detail: str
    at: float
    process: str
    request: str
    ended: float | None = None
    how: str = ""
    said: str = ""
    by_name: str = ""
    by_device: str = ""
    by_source: str = ""


_COLUMNS = ", ".join(field.name for field in fields(InboxRow))
_MARKS = ", ".join("?" for _ in fields(InboxRow))


class InboxRows:
    """The table `inbox`. A full disk keeps nobody from answering: what could not be written is in memory alone."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open(self) -> list[InboxRow]:
        """Those that are open, oldest first."""
        return [
            InboxRow(*row) for row in self._db.read(f"SELECT {_COLUMNS} FROM inbox WHERE ended IS NULL ORDER BY at")
        ]

    def ended(self) -> list[InboxRow]:
        """The last that ended, the newest first."""
        sql = f"SELECT {_COLUMNS} FROM inbox WHERE ended IS NOT NULL ORDER BY ended DESC, rowid DESC LIMIT ?"
        return [InboxRow(*row) for row in self._db.read(sql, (KEPT,))]

    def put(self, row: InboxRow) -> None:
        """Keep a row, in the place of an earlier one of its id."""
        values = tuple(storable(value) if isinstance(value, str) else value for value in astuple(row))
        self._post(f"INSERT OR REPLACE INTO inbox ({_COLUMNS}) VALUES ({_MARKS})", values)

    def end(self, row: InboxRow) -> None:
        """Keep how a row ended, and let go of the oldest that did."""
        self.put(row)
        self._post(
            "DELETE FROM inbox WHERE ended IS NOT NULL AND id NOT IN"
            " (SELECT id FROM inbox WHERE ended IS NOT NULL ORDER BY ended DESC, rowid DESC LIMIT ?)",
            (KEPT,),
        )

    def forget(self, row_id: str) -> None:
        """Leave no trace of a row."""
        self._post("DELETE FROM inbox WHERE id = ?", (row_id,))

    def _post(self, sql: str, values: tuple[Any, ...]) -> None:
        self._db.post(lambda connection: connection.execute(sql, values))
