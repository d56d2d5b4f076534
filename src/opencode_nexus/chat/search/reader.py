# SPDX-License-Identifier: MIT
"""Reads into the search index what was said on a server while nobody listened: one question at a time."""

import base64
import binascii
import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from opencode_nexus.chat.search.documents import documents_of, facts_of
from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeBadRequest, UnknownToOpenCode
from opencode_nexus.opencode.session_list import every_session
from opencode_nexus.opencode.wire import child
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.search import SearchStore
from opencode_nexus.store.search_rows import Facts, Known, Rows

log = logging.getLogger(__name__)

PAGE = 100  # messages: 5 ms of OpenCode's and 170 KB
TRIES = 3  # of a page that the server does not give
AT_ONCE = 200  # sessions written in one transaction


class Reader:
    """What is to be read of one running server. `left` and `total` count sessions, for a progress.

    `still(id)`: nothing happens in a session now. `others()`: the other servers that there are.
    """

    def __init__(
        self,
        server_id: str,
        client: Client,
        *,
        projects: Callable[[], Collection[str]],
        journal: Journal,
        still: Callable[[str], bool],
        others: Callable[[], Collection[str]],
    ) -> None:
        self.server_id, self.client = server_id, client
        self.listed = False
        self.total = 0
        self.not_before = 0.0  # of the loop's clock: it failed, and is asked again then
        self._due: dict[str, None] = {}  # newest first
        self._now: _Reading | None = None
        self._projects, self._journal, self._still, self._others = projects, journal, still, others

    @property
    def left(self) -> int:
        return len(self._due) + (self._now is not None)

    @property
    def done(self) -> bool:
        """Whether the index has what the server has."""
        return self.listed and not self.left

    def again(self, session_id: str) -> None:
        """A session is to be read (again)."""
        self._due.setdefault(session_id)
        self.total = max(self.total, self.left)

    async def step(self, store: SearchStore) -> None:
        """Ask one thing and write what it brings; raises an OpenCodeError or sqlite3.Error."""
        if not self.listed:
            await self._list(store)
        elif self._now is not None:
            await self._page(store, self._now)
        elif self._due:
            session_id = next(iter(self._due))
            del self._due[session_id]
            known = await store.write(lambda rows: rows.known(session_id))
            if known is not None:
                self._now = _Reading(known)

    async def _list(self, store: SearchStore) -> None:
        before = await store.write(lambda rows: rows.of_server(self.server_id))
        told = [facts_of(info, self.server_id) for info in await every_session(self.client, set(self._projects()))]
        others = self._others()
        for start in range(0, len(told), AT_ONCE):
            await store.write(_learns(told[start : start + AT_ONCE], others))
        gone = {known.id for known in before} - {facts.id for facts in told}
        due = {known.id: known for known in await store.write(lambda rows: rows.of_server(self.server_id))}
        if gone:
            await store.write(_forgets(gone))
        order = sorted((known for known in due.values() if known.id not in gone), key=lambda known: -known.updated)
        for known in order:
            if known.dirty or not known.mark or known.updated > known.mark:
                self.again(known.id)
        self.listed = True

    async def _page(self, store: SearchStore, now: "_Reading") -> None:
        try:
            raw, older = await self.client.messages(now.id, PAGE, now.cursor)
        except UnknownToOpenCode:
            self._now = None
            await store.write(lambda rows: rows.forget("id = ?", now.id))
            return
        except OpenCodeBadRequest:  # a cursor of another version of OpenCode
            if now.cursor is None:
                raise
            now.cursor = None
            return
        except NexusError:
            now.tries += 1
            if now.tries == TRIES:  # it is read when the server is met again
                log.warning("%s could not be read for the search", now.id)
                self._now = None
            raise
        documents = documents_of(raw, await self._journal.interrupted(now.id))
        times = [round(float(child(child(item, "info"), "time").get("created") or 0)) for item in raw]
        # what stands in the same millisecond as the page's first message may belong to the page before
        since = (times[0] + 1 if older else 0) if times else 0

        def write(rows: Rows) -> bool:
            changed = rows.page(now.id, documents, since, now.until)
            if older and now.whole:
                rows.reading(now.id, older, now.goal)
            return changed

        changed = await store.write(write)
        if older and (now.whole or changed):
            now.cursor, now.until = older, times[0]
            return
        self._now = None
        still = self._still(now.id)
        await store.write(lambda rows: rows.mark(now.id, now.goal, still=still))


class _Reading:
    """A session that is read, from its newest message on. `whole`: to its beginning, not just to what is known."""

    def __init__(self, known: Known) -> None:
        self.id, self.tries = known.id, 0
        self.whole = not known.mark
        self.until = _time_of(known.cursor) if self.whole and known.cursor else None
        self.cursor = known.cursor if self.until is not None else None
        self.goal = known.goal if self.cursor is not None and known.goal is not None else known.updated


def _time_of(cursor: str) -> int | None:
    """The time (ms) of the message that a page ends before; None when it is another kind of cursor."""
    try:
        told: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return round(float(told["time"]))
    except (ValueError, binascii.Error, KeyError, TypeError):
        return None


def _learns(facts: list[Facts], others: Collection[str]) -> Callable[[Rows], None]:
    def work(rows: Rows) -> None:
        for one in facts:
            rows.learn(one, others=others)

    return work


def _forgets(session_ids: Collection[str]) -> Callable[[Rows], None]:
    def work(rows: Rows) -> None:
        for session_id in session_ids:
            rows.forget("id = ?", session_id)

    return work
