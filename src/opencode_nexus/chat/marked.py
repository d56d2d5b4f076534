# SPDX-License-Identifier: MIT
"""The marks of sessions: what is pinned, and what was forked from where."""

from dataclasses import replace

from opencode_nexus.core.clock import Clock
from opencode_nexus.store.marks import Mark, Marks


class Marked:
    """Held in memory; `open` reads them."""

    def __init__(self, marks: Marks, clock: Clock) -> None:
        self._marks, self._clock = marks, clock
        self._known: dict[str, Mark] = {}
        self.pinned: set[str] = set()

    def open(self) -> None:
        """Read what is kept."""
        self._known = {mark.session_id: mark for mark in self._marks.all()}
        self.pinned = {mark.session_id for mark in self._known.values() if mark.pinned is not None}

    def get(self, session_id: str) -> Mark | None:
        """Return a session's marks, None when it has none."""
        return self._known.get(session_id)

    async def pin(self, server_id: str, session_id: str, *, pinned: bool) -> None:
        """Pin a session, or end that."""
        mark = self._of(server_id, session_id)
        await self._put(replace(mark, pinned=self._clock.now() if pinned else None))
        (self.pinned.add if pinned else self.pinned.discard)(session_id)

    async def forked(self, server_id: str, session_id: str, origin: str, message_id: str, title: str) -> None:
        """Note where a session was forked from."""
        mark = self._of(server_id, session_id)
        await self._put(replace(mark, from_session=origin, from_message=message_id, from_title=title))

    def forget(self, session_id: str) -> None:
        """The session is gone."""
        self._known.pop(session_id, None)
        self.pinned.discard(session_id)

    def _of(self, server_id: str, session_id: str) -> Mark:
        return self._known.get(session_id) or Mark(session_id, server_id)

    async def _put(self, mark: Mark) -> None:
        await self._marks.put(mark)
        self._known[mark.session_id] = mark
