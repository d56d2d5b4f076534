# SPDX-License-Identifier: MIT
"""Messages that were sent and are not known to be kept by OpenCode."""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable

log = logging.getLogger(__name__)

Also = Callable[[sqlite3.Connection, str], None]  # what else is written with a message, told the message's id


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message; `at` in epoch seconds. `lost`: OpenCode did not take it.

    `kind`: "prompt" as it is, "typed" with files and agents that `@` names, "command" or "shell". `files`: ids of
    attachments.
    """

    id: str
    server_id: str
    session_id: str
    text: str
    model: str | None
    agent: str | None
    at: float
    lost: bool = False
    variant: str | None = None
    files: tuple[str, ...] = ()
    kind: str = "prompt"


class SentMessages:
    """The table of them. All methods but `put` are quick and wait for nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[SentMessage]:
        """Those that are kept, oldest first."""
        rows = self._db.read("SELECT * FROM sent ORDER BY at, id")
        return [SentMessage(**{**dict(row), "lost": bool(row["lost"]), "files": ids_in(row["files"])}) for row in rows]

    async def put(self, message: SentMessage, *, instead_of: str = "", also: Also | None = None) -> None:
        """Keep a message, in the place of another one; on the disk when this returns, unless the disk is full.

        A disk that takes nothing must not keep anybody from speaking: then it is in the caller's memory alone.
        """

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM sent WHERE id = ?", (instead_of,))
            values = (
                message.id, message.server_id, message.session_id, storable(message.text), message.model,
                message.agent, message.at, message.lost, message.variant, ",".join(message.files), message.kind,
            )  # fmt: skip
            connection.execute("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            if also is not None:
                also(connection, message.id)

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


def ids_in(text: str) -> tuple[str, ...]:
    """Return the ids that a column holds with commas between."""
    return tuple(filter(None, text.split(",")))
