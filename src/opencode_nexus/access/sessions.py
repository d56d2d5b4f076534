# SPDX-License-Identifier: MIT
"""Signed-in browsers: an opaque token that only the browser has, its SHA-256 in the database."""

import hashlib

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id, new_token
from opencode_nexus.store.logins import LoginRow, Logins

DAY = 86400.0
SHORT, STAY = 1 * DAY, 30 * DAY  # seconds a login lasts, from sign-in
SEEN_EVERY = 60.0  # seconds between two notes of the last use
FRESH = 600.0  # seconds after the password was given in which nothing asks for it again
LONGEST_TOKEN = 128  # characters; ours have 43


def digest(token: str) -> bytes:
    """What is stored of a token. Plain SHA-256 does: 256 random bits cannot be guessed at any speed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Sessions:
    """Starts, finds and ends logins."""

    def __init__(self, rows: Logins, clock: Clock) -> None:
        self._rows, self._clock = rows, clock

    async def start(
        self,
        user_id: str,
        user_name: str,
        source: str,
        agent: str,
        stay: bool,
        *,
        remote: bool = False,
        device: str = "",
        token_id: str | None = None,
        until: float | None = None,
    ) -> tuple[str, LoginRow]:
        """A new login; gives its token, which exists nowhere else, and its row.

        `remote`: through a tunnel; `device`: the name of one that is paired, and so gave no password; `token_id`: the
        API token by which it was; `until`: when it ends at the latest.
        """
        now, token = self._clock.now(), new_token()
        expires = now + (STAY if stay else SHORT)
        row = LoginRow(
            id=new_id("lgn"),
            user_id=user_id,
            user_name=user_name,
            created=now,
            expires=expires if until is None else min(expires, until),
            last_seen=now,
            stay=stay,
            source=source,
            agent=agent[:200],
            remote=remote,
            device=device,
            confirmed=0.0 if device else now,
            token_id=token_id,
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
        self._note_use(row, now)
        return row

    def _note_use(self, row: LoginRow, now: float) -> None:
        if now - row.last_seen >= SEEN_EVERY:
            self._rows.seen(row.id, now)

    def holds(self, login_id: str) -> bool:
        """Whether the login is still in the database, noting its use: a stream that is open for hours asks no more."""
        row = self._rows.by_id(login_id)
        if row is not None:
            self._note_use(row, self._clock.now())
        return row is not None

    def by_id(self, login_id: str) -> LoginRow | None:
        """The login with this id; None when it ended."""
        row = self._rows.by_id(login_id)
        return row if row is not None and self._clock.now() < row.expires else None

    def fresh(self, login_id: str) -> bool:
        """Whether the password was given in this login within the last ten minutes."""
        row = self._rows.by_id(login_id)
        # a time to come is from before a jump of the clock, and proves nothing
        return row is not None and 0 <= self._clock.now() - row.confirmed <= FRESH

    async def confirm(self, login_id: str) -> None:
        """Notes that the password was given in this login just now."""
        await self._rows.confirm(login_id, self._clock.now())

    def of_user(self, user_id: str) -> list[LoginRow]:
        """The user's logins that hold, last seen first."""
        return self._rows.of_user(user_id, self._clock.now())

    async def end(self, login_id: str, user_id: str) -> bool:
        """Ends one login of the user; False when there is none."""
        return await self._rows.remove(login_id, user_id)

    async def end_others(self, user_id: str, keep: str | None) -> list[str]:
        """Ends the user's logins but `keep`; gives the ids that ended."""
        return await self._rows.remove_others(user_id, keep)

    async def end_remote(self) -> list[str]:
        """Ends every login that was opened through a tunnel; gives the ids that ended."""
        return await self._rows.remove_remote()

    async def prune(self) -> None:
        """Removes expired logins."""
        await self._rows.prune(self._clock.now())
