# SPDX-License-Identifier: MIT
"""Files for messages: their heads in the database, their bytes in the home folder until they were sent."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.store.db import Database
from opencode_nexus.store.sent import ids_in


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """One file; `mime` by its content, `size` in bytes, `at` in epoch seconds."""

    id: str
    user_id: str
    session_id: str
    name: str
    mime: str
    size: int
    at: float


_COLUMNS = "id, user_id, session_id, name, mime, size, at"


class AttachmentFiles:
    """The table of them and their folder."""

    def __init__(self, db: Database, folder: Path) -> None:
        self._db, self.folder = db, folder

    def path(self, attachment_id: str) -> Path:
        """Where its bytes are."""
        return self.folder / attachment_id

    def of_draft(self, user_id: str, session_id: str) -> list[AttachmentRow]:
        """Those that lie with a draft, in the order in which they came."""
        sql = f"SELECT {_COLUMNS} FROM attachment WHERE user_id = ? AND session_id = ? AND used = 0 ORDER BY at, id"
        return [AttachmentRow(**dict(row)) for row in self._db.read(sql, (user_id, session_id))]

    def get(self, attachment_id: str) -> AttachmentRow | None:
        """Return one by its id."""
        row = self._db.one(f"SELECT {_COLUMNS} FROM attachment WHERE id = ?", (attachment_id,))
        return None if row is None else AttachmentRow(**dict(row))

    def held(self, user_id: str) -> int:
        """How many bytes are kept for a person."""
        row = self._db.one("SELECT COALESCE(SUM(size), 0) AS total FROM attachment WHERE user_id = ?", (user_id,))
        return int(row["total"]) if row is not None else 0

    async def add(self, row: AttachmentRow) -> None:
        """Keep the head of a file whose bytes are in their place."""
        values = (row.id, row.user_id, row.session_id, row.name, row.mime, row.size, row.at)
        sql = "INSERT INTO attachment VALUES (?, ?, ?, ?, ?, ?, ?, 0)"
        await self._db.write(lambda connection: connection.execute(sql, values))

    async def drop(self, attachment_id: str) -> None:
        """Forget a file of a draft."""
        sql = "DELETE FROM attachment WHERE id = ? AND used = 0"
        await self._db.write(lambda connection: connection.execute(sql, (attachment_id,)))

    async def sweep(self, unsent: float, sent: float) -> set[str]:
        """Forget files that were not used since `unsent`, and those of messages submitted before `sent` that neither
        wait nor may have to be sent again; returns the ids that are left.
        """

        def work(connection: sqlite3.Connection) -> set[str]:
            needed: set[str] = set()
            for table in ("queued", "sent"):
                for row in connection.execute(f"SELECT files FROM {table} WHERE files != ''"):
                    needed.update(ids_in(row["files"]))
            left: set[str] = set()
            for row in connection.execute("SELECT id, at, used FROM attachment").fetchall():
                if row["id"] not in needed and row["at"] < (sent if row["used"] else unsent):
                    connection.execute("DELETE FROM attachment WHERE id = ?", (row["id"],))
                else:
                    left.add(row["id"])
            return left

        return await self._db.write(work)

    def remove_others(self, left: set[str], before: float) -> None:
        """Delete the bytes of files that are not among `left`; not on the loop. A newer one may be on its way in."""
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if path.name not in left and path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)


def use(connection: sqlite3.Connection, files: tuple[str, ...], at: float) -> None:
    """Note that files are a message's now, as part of a transaction."""
    connection.executemany(
        "UPDATE attachment SET used = 1, at = ? WHERE id = ?", [(at, attachment_id) for attachment_id in files]
    )
