# SPDX-License-Identifier: MIT
"""Accounts: one row a person. Passwords are kept as PHC strings, which this file never looks into."""

import sqlite3
from dataclasses import dataclass, field

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class UserRow:
    """One account; times are epoch seconds."""

    id: str
    name: str
    name_key: str
    password: str = field(repr=False)
    created: float
    password_changed: float
    last_login: float | None


_COLUMNS = "id, name, name_key, password, created, password_changed, last_login"


class Users:
    """The table ``users``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self) -> int:
        """Number of accounts."""
        row = self._db.one("SELECT count(*) FROM users")
        return int(row[0]) if row else 0

    def by_key(self, name_key: str) -> UserRow | None:
        """The account with this compared name (NFC, case folded)."""
        row = self._db.one(f"SELECT {_COLUMNS} FROM users WHERE name_key = ?", (name_key,))
        return UserRow(*row) if row else None

    def by_id(self, user_id: str) -> UserRow | None:
        """The account with this id."""
        row = self._db.one(f"SELECT {_COLUMNS} FROM users WHERE id = ?", (user_id,))
        return UserRow(*row) if row else None

    def all(self) -> list[UserRow]:
        """Every account, oldest first."""
        return [UserRow(*row) for row in self._db.read(f"SELECT {_COLUMNS} FROM users ORDER BY created, id")]

    async def add_first(self, user: UserRow) -> bool:
        """Adds the owner if there is no account yet; False when there is one.

        Check and insert are one statement, so two browsers that finish the set-up together make one owner.
        """

        def insert(conn: sqlite3.Connection) -> bool:
            done = conn.execute(
                f"INSERT INTO users ({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM users)",
                (
                    user.id,
                    user.name,
                    user.name_key,
                    user.password,
                    user.created,
                    user.password_changed,
                    user.last_login,
                ),
            )
            return done.rowcount == 1

        return await self._db.write(insert)

    async def set_password(self, user_id: str, password: str, at: float | None, expected: str | None = None) -> bool:
        """Stores a new PHC string, and ``at`` as the time of the change (None: a rehash, the time stays).

        With ``expected`` only if that is still the stored string; False when another change came first.
        """

        def update(conn: sqlite3.Connection) -> bool:
            done = conn.execute(
                "UPDATE users SET password = ?, password_changed = coalesce(?, password_changed)"
                " WHERE id = ? AND password = coalesce(?, password)",
                (password, at, user_id, expected),
            )
            return done.rowcount == 1

        return await self._db.write(update)

    async def signed_in(self, user_id: str, at: float) -> None:
        """Notes the time of a good sign-in."""

        def update(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE users SET last_login = ? WHERE id = ?", (at, user_id))

        await self._db.write(update)
