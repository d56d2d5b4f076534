# SPDX-License-Identifier: MIT
"""Alerts that are open."""

from dataclasses import astuple, dataclass, fields

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One open alert: `subject` is the id of a server or tunnel, "" for the machine; `at` in epoch seconds."""

    id: str
    rule: str
    subject: str
    level: str
    title: str
    detail: str
    at: float


_COLUMNS = ", ".join(field.name for field in fields(AlertRow))
_MARKS = ", ".join("?" for _ in fields(AlertRow))


class AlertRows:
    """The table `alerts`. A full disk keeps no alert back: what could not be written is in memory alone."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[AlertRow]:
        """Those that an earlier hub left open, oldest first."""
        return [AlertRow(*row) for row in self._db.read(f"SELECT {_COLUMNS} FROM alerts ORDER BY at")]

    def put(self, row: AlertRow) -> None:
        """Keep an alert; one of the same rule and subject gives way."""
        sql = f"INSERT OR REPLACE INTO alerts ({_COLUMNS}) VALUES ({_MARKS})"
        self._db.post(lambda connection: connection.execute(sql, astuple(row)))

    def forget(self, alert_id: str) -> None:
        """Let go of one that is over."""
        self._db.post(lambda connection: connection.execute("DELETE FROM alerts WHERE id = ?", (alert_id,)))
