# SPDX-License-Identifier: MIT
"""Messages that wait until their session is idle, and the keys of what was submitted."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from opencode_nexus.store.db import Database
from opencode_nexus.store.sent import ids_in
from opencode_nexus.store.text import storable


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message that waits; `held` says why it is not sent by itself, "" when it is."""

    id: str
    user_id: str
    server_id: str
    session_id: str
    text: str
    model: str | None
    agent: str | None
    variant: str | None
    files: tuple[str, ...]
    at: float
    held: str = ""


@dataclass(frozen=True, slots=True)
class SubmittedRow:
    """What became of a submit: `what` is "sent" or "queued", `id` its row there."""

    digest: str
    what: str
    session_id: str
    id: str


class QueuedMessages:
    """The table of what waits."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[QueuedMessage]:
        """All of them, in their order."""
        rows = self._db.read("SELECT * FROM queued ORDER BY number")
        return [
            QueuedMessage(
                row["id"], row["user_id"], row["server_id"], row["session_id"], row["text"], row["model"],
                row["agent"], row["variant"], ids_in(row["files"]), row["at"], row["held"],
            )
            for row in rows
        ]  # fmt: skip

    async def add(self, one: QueuedMessage, also: Callable[[sqlite3.Connection], None]) -> None:
        """Put one at the end, and write `also` with it."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO queued (id, user_id, server_id, session_id, text, model, agent, variant, files, at, held)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    one.id, one.user_id, one.server_id, one.session_id, storable(one.text), one.model, one.agent,
                    one.variant, ",".join(one.files), one.at, one.held,
                ),
            )  # fmt: skip
            also(connection)

        await self._db.write(work)

    async def change(self, message_id: str, text: str) -> None:
        """Give one another text."""
        values = (storable(text), message_id)
        await self._db.write(lambda connection: connection.execute("UPDATE queued SET text = ? WHERE id = ?", values))

    def drop(self, message_id: str) -> None:
        """Forget one."""
        self._db.post(lambda connection: take(connection, message_id))

    def hold(self, session_id: str, why: str) -> None:
        """Say why a session's messages are not sent by themselves; "" when they are."""
        values = (why, session_id)
        self._db.post(lambda connection: connection.execute("UPDATE queued SET held = ? WHERE session_id = ?", values))

    def forget_session(self, session_id: str) -> None:
        """The session is deleted."""
        self._db.post(lambda connection: connection.execute("DELETE FROM queued WHERE session_id = ?", (session_id,)))


def take(connection: sqlite3.Connection, message_id: str) -> None:
    """Take one out of the queue, as part of a transaction."""
    connection.execute("DELETE FROM queued WHERE id = ?", (message_id,))


class Submits:
    """The table of keys."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, user_id: str, key: str) -> SubmittedRow | None:
        """Return what became of the submit with that key; None when it was not taken."""
        sql = "SELECT digest, what, session_id, id FROM submitted WHERE user_id = ? AND key = ?"
        row = self._db.one(sql, (user_id, key))
        return None if row is None else SubmittedRow(**dict(row))

    def forget(self, user_id: str, key: str) -> None:
        """It was not taken after all."""
        where = (user_id, key)
        self._db.post(
            lambda connection: connection.execute("DELETE FROM submitted WHERE user_id = ? AND key = ?", where)
        )

    def end(self, before: float) -> None:
        """Forget those from before then (epoch seconds)."""
        self._db.post(lambda connection: connection.execute("DELETE FROM submitted WHERE at < ?", (before,)))


def remember(connection: sqlite3.Connection, user_id: str, key: str, row: SubmittedRow, at: float) -> None:
    """Write what became of a submit, as part of a transaction."""
    values = (user_id, key, row.digest, row.what, row.session_id, row.id, at)
    connection.execute("INSERT OR REPLACE INTO submitted VALUES (?, ?, ?, ?, ?, ?, ?)", values)
