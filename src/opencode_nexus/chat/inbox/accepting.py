# SPDX-License-Identifier: MIT
"""Auto-accept: the chats in which every permission is given without asking, for a time that ends by itself.

It covers the chat's sub-agents. Questions are never answered so. No fresh password is asked for it: who is signed in
may say yes to each request and send the agent any message, so it opens nothing that was shut; what it takes is the
look at each request, for an hour at most or one turn. A password asked for on a phone, while an agent stands still,
would be answered by "Always" instead, which has no end.
"""

import asyncio
from collections.abc import Iterable
from typing import Literal

from opencode_nexus.chat.by import By
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.store.accepting import AcceptingRow, AcceptingRows

Span = Literal["turn", "15m", "1h"]
SECONDS: dict[Span, float] = {"turn": 8 * 3600.0, "15m": 900.0, "1h": 3600.0}  # the longest that each holds
SPANS: dict[Span, str] = {"15m": "for 15 minutes", "1h": "for 1 hour", "turn": "until this turn ends"}

Accepted = AcceptingRow  # for those above, who never look into the store


class Accepting:
    """All such chats. Publishes bus topic "chat-facts" when one begins or ends."""

    def __init__(self, rows: AcceptingRows, bus: Bus, clock: Clock) -> None:
        self._store, self._bus, self._clock = rows, bus, clock
        self._rows: dict[tuple[str, str], AcceptingRow] = {}
        self._limits: dict[tuple[str, str], float] = {}  # monotonic: a clock that is set back must not stretch it
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def open(self) -> None:
        """Take up those whose time is not over."""
        now = self._clock.now()
        for row in self._store.all():
            if now < row.until <= now + max(SECONDS.values()):
                self._keep(row)
            else:
                self._store.forget(row.server_id, row.session_id)

    def close(self) -> None:
        """Stop the timers; what is kept is taken up again."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def all(self) -> list[AcceptingRow]:
        """Those that hold now, the newest first."""
        return sorted((row for row in self._rows.values() if self._holds(row)), key=lambda row: -row.began)

    def of(self, server_id: str, sessions: Iterable[str]) -> AcceptingRow | None:
        """What holds for a session, told with its ancestors; None when its permissions are asked."""
        for session_id in sessions:
            row = self._rows.get((server_id, session_id))
            if row is not None and self._holds(row):
                return row
        return None

    async def begin(self, server_id: str, session_id: str, span: Span, by: By) -> AcceptingRow:
        """Give every permission of a chat from now on, for `span`; in the place of what held before."""
        now = self._clock.now()
        row = AcceptingRow(
            server_id, session_id, now + SECONDS[span], span == "turn", now, by.name, by.device, by.source
        )
        await self._store.put(row)
        self._keep(row)
        self._tell(row)
        return row

    def end(self, server_id: str, session_id: str) -> AcceptingRow | None:
        """Ask again from now on; returns what held, None when nothing did."""
        row = self._rows.pop((server_id, session_id), None)
        if row is None:
            return None
        self._limits.pop((server_id, session_id), None)
        timer = self._timers.pop((server_id, session_id), None)
        if timer is not None:
            timer.cancel()
        self._store.forget(server_id, session_id)
        self._tell(row)
        return row

    def turn_ended(self, server_id: str, session_id: str) -> AcceptingRow | None:
        """A chat's turn is over: end what was to last until then; returns it."""
        row = self._rows.get((server_id, session_id))
        return self.end(server_id, session_id) if row is not None and row.turn else None

    def _holds(self, row: AcceptingRow) -> bool:
        limit = self._limits[(row.server_id, row.session_id)]
        return self._clock.now() < row.until and self._clock.monotonic() < limit

    def _keep(self, row: AcceptingRow) -> None:
        key, left = (row.server_id, row.session_id), row.until - self._clock.now()
        self._rows[key], self._limits[key] = row, self._clock.monotonic() + left
        if key in self._timers:
            self._timers[key].cancel()
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(left, lambda: self.end(*key))

    def _tell(self, row: AcceptingRow) -> None:
        self._bus.publish("chat-facts", {"server_id": row.server_id, "session_id": row.session_id})
