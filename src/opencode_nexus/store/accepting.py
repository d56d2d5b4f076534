# SPDX-License-Identifier: MIT
"""The chats in which every permission is given without asking, until when."""

import sqlite3
from dataclasses import astuple, dataclass

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class AcceptingRow:
    """One chat; times are epoch seconds. `turn`: ends with its turn, if that is sooner than `until`."""

    server_id: str
    session_id: str
    until: float
    turn: bool
    began: float
    by_name: str
    by_device: str
    by_source: str


class AcceptingRows:
    """The table `accepting`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[AcceptingRow]:
        """Every chat that is in it, whether its time is over or not."""
        rows = self._db.read("SELECT * FROM accepting ORDER BY began")
        return [AcceptingRow(**{**dict(row), "turn": bool(row["turn"])}) for row in rows]

    async def put(self, row: AcceptingRow) -> None:
        """Keep it, in the place of an earlier one of the chat; on the disk when this returns."""
        values = astuple(row)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO accepting VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

        await self._db.write(work)

    def forget(self, server_id: str, session_id: str) -> None:
        """It is over."""
        self._db.post(
            lambda connection: connection.execute(
                "DELETE FROM accepting WHERE server_id = ? AND session_id = ?", (server_id, session_id)
            )
        )
