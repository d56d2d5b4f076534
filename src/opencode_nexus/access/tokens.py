# SPDX-License-Identifier: MIT
"""API tokens: made once, shown once, kept as their SHA-256."""

from collections.abc import Iterable

from opencode_nexus.access.errors import TokenExists, TokenNotFound, TokenUnusable
from opencode_nexus.access.sessions import DAY, LONGEST_TOKEN, SEEN_EVERY, digest
from opencode_nexus.access.who import SCOPES
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id, new_token
from opencode_nexus.store.tokens import TokenRow, Tokens

PREFIX = "nxt_"  # so that secret scanners and people can tell what it is
LONGEST_NAME, MOST_DAYS = 64, 3650


class ApiTokens:
    """Makes, finds and revokes API tokens."""

    def __init__(self, rows: Tokens, clock: Clock) -> None:
        self._rows, self._clock = rows, clock

    async def create(
        self, user_id: str, user_name: str, name: str, scopes: Iterable[str], days: int | None
    ) -> tuple[str, TokenRow]:
        """A new token and its row; `days` None is for ever. Raises TokenUnusable or TokenExists."""
        name, wanted = name.strip(), set(scopes) or {"all"}
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise TokenUnusable(f"The name {name!r} does not do.")
        if unknown := sorted(wanted - SCOPES.keys()):
            raise TokenUnusable(f"There is no scope {', '.join(unknown)}. There are {', '.join(SCOPES)}.")
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise TokenUnusable(f"{days} days do not do.")
        now, token = self._clock.now(), PREFIX + new_token()
        row = TokenRow(
            id=new_id("tok"),
            user_id=user_id,
            user_name=user_name,
            name=name,
            scopes=tuple(scope for scope in SCOPES if scope in wanted),
            created=now,
            expires=None if days is None else now + days * DAY,
            last_used=None,
        )
        if not await self._rows.add(row, digest(token)):
            raise TokenExists(f"It is {name!r}.")
        return token, row

    def find(self, token: str) -> TokenRow | None:
        """The row of this token if it still holds, noting its use; None otherwise."""
        if not token.startswith(PREFIX) or len(token) > LONGEST_TOKEN:
            return None
        row, now = self._rows.by_hash(digest(token)), self._clock.now()
        if row is None or (row.expires is not None and now >= row.expires):
            return None
        if row.last_used is None or now - row.last_used >= SEEN_EVERY:
            self._rows.used(row.id, now)
        return row

    def holds(self, token_id: str) -> bool:
        """Whether the token is still in the database."""
        return self._rows.exists(token_id)

    def until(self, token_id: str) -> float | None:
        """When the token runs out, None for never. Raises TokenNotFound when it was revoked or has run out."""
        row = self._rows.by_id(token_id)
        if row is None or (row.expires is not None and self._clock.now() >= row.expires):
            raise TokenNotFound()
        return row.expires

    def all(self) -> list[TokenRow]:
        """Every token, expired ones too, oldest first."""
        return self._rows.all()

    async def revoke(self, id_or_name: str) -> tuple[TokenRow, list[str]]:
        """Revokes a token; gives what it was, and the logins of devices that end with it. Raises TokenNotFound."""
        removed = await self._rows.remove(id_or_name)
        if removed is None:
            raise TokenNotFound(f"It was asked for as {id_or_name!r}.")
        return removed
