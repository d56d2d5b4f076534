# SPDX-License-Identifier: MIT
"""Failed sign-ins per account and source, kept so that a restart forgives nobody.

The rules (how many, how long) are `access.lockout`'s; this file reads and writes inside one transaction,
so that five tries sent at the same moment are counted as five.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class LockoutRow:
    """What is known of one source at one account; times are epoch seconds, 0 for never."""

    failures: int = 0
    last_failure: float = 0.0
    locked_until: float = 0.0
    succeeded: float = 0.0


_COLUMNS = "failures, last_failure, locked_until, succeeded"


class Lockouts:
    """The table ``lockouts``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, account: bytes, source: str) -> LockoutRow:
        """What is known of this source at this account; zeros when nothing is."""
        row = self._db.one(f"SELECT {_COLUMNS} FROM lockouts WHERE account = ? AND source = ?", (account, source))
        return LockoutRow(*row) if row else LockoutRow()

    async def change(
        self, account: bytes, source: str, fn: Callable[[LockoutRow], LockoutRow]
    ) -> tuple[LockoutRow, LockoutRow]:
        """Replaces the row by ``fn(row)`` in one transaction; gives (before, after)."""

        def change(conn: sqlite3.Connection) -> tuple[LockoutRow, LockoutRow]:
            found = conn.execute(
                f"SELECT {_COLUMNS} FROM lockouts WHERE account = ? AND source = ?", (account, source)
            ).fetchone()
            before = LockoutRow(*found) if found else LockoutRow()
            after = fn(before)
            if after != before:
                conn.execute(
                    f"INSERT OR REPLACE INTO lockouts (account, source, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        account,
                        source,
                        after.failures,
                        after.last_failure,
                        after.locked_until,
                        after.succeeded,
                    ),
                )
            return before, after

        return await self._db.write(change)

    def failures_around(self, account: bytes, source: str, since: float) -> int:
        """Failures later than ``since``, of other sources at this account or of this source at others.

        The larger of the two: the first is somebody guessing one account from many addresses, the second
        somebody trying many names from one.
        """
        row = self._db.one(
            "SELECT max("
            " (SELECT coalesce(sum(failures), 0) FROM lockouts"
            "   WHERE account = ?1 AND source <> ?2 AND last_failure > ?3),"
            " (SELECT coalesce(sum(failures), 0) FROM lockouts"
            "   WHERE source = ?2 AND account <> ?1 AND last_failure > ?3))",
            (account, source, since),
        )
        return int(row[0]) if row else 0

    def locked(self, account: bytes, now: float) -> list[tuple[str, float]]:
        """The sources locked at this account now: (source, until)."""
        rows = self._db.read(
            "SELECT source, locked_until FROM lockouts WHERE account = ? AND locked_until > ? ORDER BY source",
            (account, now),
        )
        return [(row[0], row[1]) for row in rows]

    async def forget(self, account: bytes) -> int:
        """Clears every failure and lock of this account; gives the number of sources that had any."""

        def clear(conn: sqlite3.Connection) -> int:
            return conn.execute(
                "UPDATE lockouts SET failures = 0, last_failure = 0, locked_until = 0"
                " WHERE account = ? AND failures > 0",
                (account,),
            ).rowcount

        return await self._db.write(clear)

    async def prune(self, failed_before: float, succeeded_before: float, keep: int) -> None:
        """Drops rows that no longer matter, and the oldest above ``keep`` rows (a flood of made-up names)."""

        def delete(conn: sqlite3.Connection) -> None:
            conn.execute(
                "DELETE FROM lockouts WHERE last_failure < ? AND locked_until < ? AND succeeded < ?",
                (failed_before, failed_before, succeeded_before),
            )
            conn.execute(
                "DELETE FROM lockouts WHERE (account, source) IN ("
                "SELECT account, source FROM lockouts"
                " ORDER BY max(last_failure, succeeded) DESC LIMIT -1 OFFSET ?)",
                (keep,),
            )

        await self._db.write(delete)
