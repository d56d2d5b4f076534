# SPDX-License-Identifier: MIT
"""API tokens: name, scopes and expiry; only the SHA-256 of the token itself is kept."""

import sqlite3
from dataclasses import dataclass

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One API token; times are epoch seconds, ``expires`` None for never."""

    id: str
    user_id: str
    user_name: str
    name: str
    scopes: tuple[str, ...]
    created: float
    expires: float | None
    last_used: float | None


_SELECT = (
    "SELECT tokens.id, user_id, users.name, tokens.name, scopes, tokens.created, expires, last_used"
    " FROM tokens JOIN users ON users.id = user_id"
)


def _row(row: sqlite3.Row) -> TokenRow:
    return TokenRow(row[0], row[1], row[2], row[3], tuple(row[4].split()), row[5], row[6], row[7])


class Tokens:
    """The table ``tokens``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_hash(self, token_hash: bytes) -> TokenRow | None:
        """The token with this SHA-256, expired or not."""
        row = self._db.one(f"{_SELECT} WHERE token_hash = ?", (token_hash,))
        return _row(row) if row else None

    def exists(self, token_id: str) -> bool:
        """Whether the token is still there (not revoked)."""
        return self._db.one("SELECT 1 FROM tokens WHERE id = ?", (token_id,)) is not None

    def by_id(self, token_id: str) -> TokenRow | None:
        """The token with this id, expired or not; None when it was revoked."""
        row = self._db.one(f"{_SELECT} WHERE tokens.id = ?", (token_id,))
        return _row(row) if row else None

    def all(self) -> list[TokenRow]:
        """Every token, oldest first."""
        return [_row(row) for row in self._db.read(f"{_SELECT} ORDER BY tokens.created, tokens.id")]

    async def add(self, token: TokenRow, token_hash: bytes) -> bool:
        """Stores a new token; False when the name is taken."""

        def insert(conn: sqlite3.Connection) -> bool:
            done = conn.execute(
                "INSERT INTO tokens (id, user_id, token_hash, name, scopes, created, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (
                    token.id,
                    token.user_id,
                    token_hash,
                    token.name,
                    " ".join(token.scopes),
                    token.created,
                    token.expires,
                ),
            )
            return done.rowcount == 1

        return await self._db.write(insert)

    def used(self, token_id: str, at: float) -> None:
        """Notes the last use, with the next batch of writes."""

        def update(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE tokens SET last_used = ? WHERE id = ?", (at, token_id))

        self._db.post(update)

    async def remove(self, id_or_name: str) -> tuple[TokenRow, list[str]] | None:
        """Revokes the token with this id or name, and with it the devices that were connected by it.

        Gives what it was and the ids of their logins, None when there is none.
        """

        def delete(conn: sqlite3.Connection) -> tuple[TokenRow, list[str]] | None:
            found = conn.execute(
                f"{_SELECT} WHERE tokens.id = ?1 OR tokens.name = ?1 ORDER BY tokens.id = ?1 DESC LIMIT 1",
                (id_or_name,),
            ).fetchone()
            if found is None:
                return None
            devices = conn.execute("DELETE FROM logins WHERE token_id = ? RETURNING id", (found[0],)).fetchall()
            conn.execute("DELETE FROM tokens WHERE id = ?", (found[0],))
            return _row(found), [row[0] for row in devices]

        return await self._db.write(delete)
