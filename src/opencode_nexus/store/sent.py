# SPDX-License-Identifier: MIT
"""Messages that were sent and are not known to be kept by OpenCode."""

import logging
import sqlite3
from dataclasses import astuple, dataclass

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message; `at` in epoch seconds. `lost`: OpenCode did not take it."""

    id: str
    server_id: str
    session_id: str
    text: str
    model: str | None
    agent: str | None
    at: float
    lost: bool = False


class SentMessages:
    """The table of them. All methods but `put` are quick and wait for nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[SentMessage]:
        """Those that are kept, oldest first."""
        rows = self._db.read("SELECT * FROM sent ORDER BY at, id")
        return [SentMessage(**{**dict(row), "lost": bool(row["lost"])}) for row in rows]

    async def put(self, message: SentMessage, *, instead_of: str = "") -> None:
        """Keep a message, in the place of another one; on the disk when this returns, unless the disk is full.

        A disk that takes nothing must not keep anybody from speaking: then it is in the caller's memory alone.
        """

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM sent WHERE id = ?", (instead_of,))
            values = astuple(message)
            values = (*values[:3], storable(message.text), *values[4:])
            connection.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

        try:
            await self._db.write(work)
        except sqlite3.Error as error:
            log.error("a message is sent without a copy of it: %s", error)

    def lose(self, message_id: str) -> None:
        """OpenCode did not take it."""
        self._db.post(lambda connection: connection.execute("UPDATE sent SET lost = 1 WHERE id = ?", (message_id,)))

    def forget(self, message_id: str) -> None:
        """OpenCode has it, or nobody wants it any more."""
        self._db.post(lambda connection: connection.execute("DELETE FROM sent WHERE id = ?", (message_id,)))
