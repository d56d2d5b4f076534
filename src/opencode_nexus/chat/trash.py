# SPDX-License-Identifier: MIT
"""Deleted sessions that can be brought back for a while: hidden at once, deleted by OpenCode when they are due."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

from opencode_nexus.chat.errors import NotDeleted, SessionNotFound
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.store.marks import Marks, Trashed

log = logging.getLogger(__name__)

KEEP = 600.0  # seconds in which a deletion can be undone
FRESH = 60.0  # seconds in which every chat of the server offers to take a deletion back
LOOK = 15.0  # seconds between two looks at what is due


class Trash:
    """`delete` deletes a session for good: it raises SessionNotFound when OpenCode has it no more, another NexusError
    when it cannot be done now. `known` says whether the hub still has a server.
    """

    def __init__(
        self, marks: Marks, clock: Clock, delete: Callable[[str, str], Awaitable[None]], known: Callable[[str], bool]
    ) -> None:
        self._marks, self._clock, self._delete, self._known = marks, clock, delete, known
        self.entries: dict[str, Trashed] = {}  # the last one deleted first
        self._going: set[str] = set()
        self._coming: set[str] = set()  # being brought back
        self._tasks = Tasks()

    def __contains__(self, session_id: object) -> bool:
        return session_id in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def fresh(self, server_id: str, but: str) -> Trashed | None:
        """Return the one deleted last on a server, if that was a moment ago and it is not `but`."""
        since = self._clock.now() - FRESH
        return next((one for one in self.of(server_id) if one.deleted > since and one.session_id != but), None)

    def open(self) -> None:
        """Take up what an earlier hub has left, and delete what is due from now on."""
        self.entries = {entry.session_id: entry for entry in self._marks.trashed()}
        self._tasks.spawn(self._watch(), "the trash")

    async def close(self) -> None:
        """Delete no more; what is not due yet is kept for the next hub."""
        await self._tasks.close()

    def of(self, server_id: str) -> list[Trashed]:
        """What can be brought back on a server, the last one deleted first."""
        return [entry for entry in self.entries.values() if entry.server_id == server_id]

    async def put(self, server_id: str, session_id: str, title: str, keep: float = KEEP) -> Trashed:
        """Delete a session in `keep` seconds; it counts as deleted when this returns."""
        now = self._clock.now()
        entry = Trashed(session_id, server_id, title, now, now + keep)
        await self._marks.trash(entry)
        self.entries = {session_id: entry, **self.entries}
        return entry

    async def take_back(self, session_id: str) -> Trashed:
        """Bring a session back; raises NotDeleted when it is not here, or is being deleted."""
        entry = self.entries.get(session_id)
        if entry is None or session_id in self._going:
            raise NotDeleted(f"Asked for: {session_id[:80]!r}.")
        self._coming.add(session_id)
        try:
            if not await self._marks.untrash(session_id):
                raise NotDeleted(f"Asked for: {session_id[:80]!r}.")
        finally:
            self._coming.discard(session_id)
        self.entries.pop(session_id, None)
        return entry

    def forget(self, session_id: str) -> None:
        """OpenCode has deleted it, or somebody else has."""
        self.entries.pop(session_id, None)
        self._marks.forget(session_id)

    async def sweep(self) -> None:
        """Delete what is due. What cannot be deleted now, its server being down, stays hidden until it can."""
        now = self._clock.now()
        for entry in [one for one in self.entries.values() if one.due <= now]:
            if self.entries.get(entry.session_id) is not entry or entry.session_id in self._coming:
                continue  # somebody brought it back while others were deleted
            if not self._known(entry.server_id):
                self.forget(entry.session_id)  # nobody can be asked any more, and no list of ours shows it
                continue
            self._going.add(entry.session_id)
            try:
                await self._delete(entry.server_id, entry.session_id)
            except SessionNotFound:
                pass
            except NexusError as error:
                log.info("%s is deleted later: %s", entry.session_id, error)
                continue
            finally:
                self._going.discard(entry.session_id)
            self.forget(entry.session_id)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(NexusError):
                await self.sweep()
            await asyncio.sleep(LOOK)
