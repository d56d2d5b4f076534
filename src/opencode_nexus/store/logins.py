# SPDX-License-Identifier: MIT
"""Browser sign-ins (sessions of people, not of the agent): only the SHA-256 of each token is kept."""

import sqlite3
from dataclasses import dataclass

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One signed-in browser; times are epoch seconds, ``user_name`` comes from its account.

    ``remote``: opened through a tunnel. ``device``: the name of a device that was paired by a link, "" for one that
    signed in with the password. ``confirmed``: when the password was last given here, 0 for never. ``token_id``: the
    API token by which a program connected the device, which ends with it; None when a person did.
    """

    id: str
    user_id: str
    user_name: str
    created: float
    expires: float
    last_seen: float
    stay: bool
    source: str
    agent: str
    remote: bool = False
    device: str = ""
    confirmed: float = 0.0
    token_id: str | None = None


_SELECT = (
    "SELECT logins.id, user_id, users.name, logins.created, expires, last_seen, stay, source, agent, remote, device,"
    " confirmed, token_id FROM logins JOIN users ON users.id = user_id"
)


def _row(row: sqlite3.Row) -> LoginRow:
    return LoginRow(
        id=row[0],
        user_id=row[1],
        user_name=row[2],
        created=row[3],
        expires=row[4],
        last_seen=row[5],
        stay=bool(row[6]),
        source=row[7],
        agent=row[8],
        remote=bool(row[9]),
        device=row[10],
        confirmed=row[11],
        token_id=row[12],
    )


class Logins:
    """The table ``logins``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_hash(self, token_hash: bytes) -> LoginRow | None:
        """The sign-in whose token has this SHA-256, expired or not."""
        row = self._db.one(f"{_SELECT} WHERE token_hash = ?", (token_hash,))
        return _row(row) if row else None

    def by_id(self, login_id: str) -> LoginRow | None:
        """The sign-in with this id, expired or not; None when it was ended or revoked."""
        row = self._db.one(f"{_SELECT} WHERE logins.id = ?", (login_id,))
        return _row(row) if row else None

    def of_user(self, user_id: str, now: float) -> list[LoginRow]:
        """The user's sign-ins that have not expired, last seen first."""
        rows = self._db.read(
            f"{_SELECT} WHERE user_id = ? AND expires > ? ORDER BY last_seen DESC, logins.id", (user_id, now)
        )
        return [_row(row) for row in rows]

    async def add(self, login: LoginRow, token_hash: bytes) -> None:
        """Stores a new sign-in (``login.user_name`` is not stored)."""

        def insert(conn: sqlite3.Connection) -> None:
            conn.execute(
                "INSERT INTO logins (id, user_id, token_hash, created, expires, last_seen, stay, source, agent,"
                " remote, device, confirmed, token_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    login.id,
                    login.user_id,
                    token_hash,
                    login.created,
                    login.expires,
                    login.last_seen,
                    int(login.stay),
                    login.source,
                    login.agent,
                    int(login.remote),
                    login.device,
                    login.confirmed,
                    login.token_id,
                ),
            )

        await self._db.write(insert)

    def seen(self, login_id: str, at: float) -> None:
        """Notes the last use, with the next batch of writes."""

        def update(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE logins SET last_seen = ? WHERE id = ?", (at, login_id))

        self._db.post(update)

    async def confirm(self, login_id: str, at: float) -> None:
        """Notes that the password was given again."""

        def update(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE logins SET confirmed = ? WHERE id = ?", (at, login_id))

        await self._db.write(update)

    async def remove(self, login_id: str, user_id: str) -> bool:
        """Ends one sign-in of that user; False when there is none."""

        def delete(conn: sqlite3.Connection) -> bool:
            done = conn.execute("DELETE FROM logins WHERE id = ? AND user_id = ?", (login_id, user_id))
            return done.rowcount == 1

        return await self._db.write(delete)

    async def remove_others(self, user_id: str, keep: str | None) -> list[str]:
        """Ends all sign-ins of the user but ``keep``; gives the ids that ended."""

        def delete(conn: sqlite3.Connection) -> list[str]:
            ended = conn.execute(
                "DELETE FROM logins WHERE user_id = ? AND id IS NOT ? RETURNING id", (user_id, keep)
            ).fetchall()
            return [row[0] for row in ended]

        return await self._db.write(delete)

    async def remove_remote(self) -> list[str]:
        """Ends every sign-in that was opened through a tunnel; gives the ids that ended."""

        def delete(conn: sqlite3.Connection) -> list[str]:
            return [row[0] for row in conn.execute("DELETE FROM logins WHERE remote = 1 RETURNING id").fetchall()]

        return await self._db.write(delete)

    async def prune(self, now: float) -> int:
        """Removes expired sign-ins; gives their number."""

        def delete(conn: sqlite3.Connection) -> int:
            return conn.execute("DELETE FROM logins WHERE expires <= ?", (now,)).rowcount

        return await self._db.write(delete)
