# SPDX-License-Identifier: MIT
"""Signed-in browsers: an opaque token that only the browser has, its SHA-256 in the database."""

import hashlib

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id, new_token
from opencode_nexus.store.logins import LoginRow, Logins

DAY = 86400.0
SHORT, STAY = 1 * DAY, 30 * DAY  # seconds a login lasts, from sign-in
SEEN_EVERY = 60.0  # seconds between two notes of the last use
LONGEST_TOKEN = 128  # characters; ours have 43


def digest(token: str) -> bytes:
    """What is stored of a token. Plain SHA-256 does: 256 random bits cannot be guessed at any speed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Sessions:
    """Starts, finds and ends logins."""

    def __init__(self, rows: Logins, clock: Clock) -> None:
        self._rows, self._clock = rows, clock

    async def start(self, user_id: str, user_name: str, source: str, agent: str, stay: bool) -> tuple[str, LoginRow]:
        """A new login; gives its token, which exists nowhere else, and its row."""
        now, token = self._clock.now(), new_token()
        row = LoginRow(
            id=new_id("lgn"),
            user_id=user_id,
            user_name=user_name,
            created=now,
            expires=now + (STAY if stay else SHORT),
            last_seen=now,
            stay=stay,
            source=source,
            agent=agent[:200],
        )
        await self._rows.add(row, digest(token))
        return token, row

    def find(self, token: str) -> LoginRow | None:
        """The login of this token if it still holds, noting its use; None otherwise."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        row, now = self._rows.by_hash(digest(token)), self._clock.now()
        if row is None or now >= row.expires:
            return None
        if now - row.last_seen >= SEEN_EVERY:
            self._rows.seen(row.id, now)
        return row

    def holds(self, login_id: str) -> bool:
        """Whether the login is still in the database."""
        return self._rows.exists(login_id)

    def of_user(self, user_id: str) -> list[LoginRow]:
        """The user's logins that hold, last seen first."""
        return self._rows.of_user(user_id, self._clock.now())

    async def end(self, login_id: str, user_id: str) -> bool:
        """Ends one login of the user; False when there is none."""
        return await self._rows.remove(login_id, user_id)

    async def end_others(self, user_id: str, keep: str | None) -> list[str]:
        """Ends the user's logins but `keep`; gives the ids that ended."""
        return await self._rows.remove_others(user_id, keep)

    async def prune(self) -> None:
        """Removes expired logins."""
        await self._rows.prune(self._clock.now())
