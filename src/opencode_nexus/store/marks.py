# SPDX-License-Identifier: MIT
"""What a person has marked about sessions: pinned, forked from where, deleted a moment ago."""

import sqlite3
from dataclasses import astuple, dataclass

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable


@dataclass(frozen=True, slots=True)
class Mark:
    """Marks of one session. `pinned`: since when (epoch seconds), None: not.

    `from_session` and `from_message`: the chat and the message it was forked from, "" for none (of the message: all).
    """

    session_id: str
    server_id: str
    pinned: float | None = None
    from_session: str = ""
    from_message: str = ""
    from_title: str = ""


@dataclass(frozen=True, slots=True)
class Trashed:
    """A session that was deleted at `deleted` and goes for good at `due` (epoch seconds)."""

    session_id: str
    server_id: str
    title: str
    deleted: float
    due: float


class Marks:
    """Both tables. `chat.marked` holds them in memory: every list asks them for every row."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Mark]:
        """Every session that has a mark."""
        return [Mark(**dict(row)) for row in self._db.read("SELECT * FROM marks")]

    async def put(self, mark: Mark) -> None:
        """Keep a session's marks in place of those it had."""
        values = tuple(storable(value) if isinstance(value, str) else value for value in astuple(mark))

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?, ?)", values)

        await self._db.write(work)

    def trashed(self) -> list[Trashed]:
        """The sessions that were deleted and can be brought back, the last one first."""
        rows = self._db.read("SELECT * FROM trash ORDER BY deleted DESC, session_id")
        return [Trashed(**dict(row)) for row in rows]

    async def trash(self, entry: Trashed) -> None:
        """Note that a session was deleted; on the disk when this returns."""
        values = (entry.session_id, entry.server_id, storable(entry.title), entry.deleted, entry.due)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO trash VALUES (?, ?, ?, ?, ?)", values)

        await self._db.write(work)

    async def untrash(self, session_id: str) -> bool:
        """Forget that a session was deleted; returns whether it was."""

        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute("DELETE FROM trash WHERE session_id = ?", (session_id,)).rowcount > 0

        return await self._db.write(work)

    def forget(self, session_id: str) -> None:
        """OpenCode has the session no more."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM trash WHERE session_id = ?", (session_id,))
            connection.execute("DELETE FROM marks WHERE session_id = ?", (session_id,))

        self._db.post(work)
