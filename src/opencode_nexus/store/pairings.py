# SPDX-License-Identifier: MIT
"""Links that pair a device: only the SHA-256 of each secret is kept, and the row goes when the link is used."""

import sqlite3
from dataclasses import dataclass

from opencode_nexus.store.db import Database

HERE = "here"  # what the id of a link begins with that is for this machine's own user; others begin with "pair"


@dataclass(frozen=True, slots=True)
class PairingRow:
    """One link that waits; times are epoch seconds, ``user_name`` comes from its account.

    ``login_id`` or ``token_id`` made it and takes it along when it ends; both None: the machine's own user.
    """

    id: str
    user_id: str
    user_name: str
    login_id: str | None
    token_id: str | None
    name: str
    created: float
    expires: float

    @property
    def here(self) -> bool:
        """Whether only a browser of this machine's own user may use it."""
        return self.id.startswith(f"{HERE}_")


_SELECT = (
    "SELECT pairings.id, user_id, users.name, login_id, token_id, pairings.name, pairings.created, expires"
    " FROM pairings JOIN users ON users.id = user_id"
)


class Pairings:
    """The table ``pairings``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_hash(self, secret_hash: bytes) -> PairingRow | None:
        """The link whose secret has this SHA-256, run out or not."""
        row = self._db.one(f"{_SELECT} WHERE secret_hash = ?", (secret_hash,))
        return PairingRow(*row) if row else None

    def of_user(self, user_id: str, now: float) -> list[PairingRow]:
        """The user's links that still wait, the newest first."""
        rows = self._db.read(
            f"{_SELECT} WHERE user_id = ? AND expires > ? ORDER BY pairings.created DESC, pairings.id", (user_id, now)
        )
        return [PairingRow(*row) for row in rows]

    async def add(self, pairing: PairingRow, secret_hash: bytes) -> None:
        """Stores a new link (``pairing.user_name`` is not stored), and removes those that have run out."""

        def insert(conn: sqlite3.Connection) -> None:
            conn.execute("DELETE FROM pairings WHERE expires <= ?", (pairing.created,))
            conn.execute(
                "INSERT INTO pairings (id, user_id, login_id, token_id, secret_hash, name, created, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    pairing.id,
                    pairing.user_id,
                    pairing.login_id,
                    pairing.token_id,
                    secret_hash,
                    pairing.name,
                    pairing.created,
                    pairing.expires,
                ),
            )

        await self._db.write(insert)

    async def take(self, secret_hash: bytes) -> PairingRow | None:
        """Removes the link with this secret and gives what it was: of two that come at once one gets it."""

        def delete(conn: sqlite3.Connection) -> PairingRow | None:
            found = conn.execute(f"{_SELECT} WHERE secret_hash = ?", (secret_hash,)).fetchone()
            if found is None:
                return None
            conn.execute("DELETE FROM pairings WHERE id = ?", (found[0],))
            return PairingRow(*found)

        return await self._db.write(delete)

    async def remove(self, pairing_id: str, user_id: str) -> bool:
        """Takes one link of the user back; False when there is none."""

        def delete(conn: sqlite3.Connection) -> bool:
            done = conn.execute("DELETE FROM pairings WHERE id = ? AND user_id = ?", (pairing_id, user_id))
            return done.rowcount == 1

        return await self._db.write(delete)

    async def remove_all(self) -> None:
        """Takes every link back."""
        await self._db.write(lambda conn: conn.execute("DELETE FROM pairings"))
