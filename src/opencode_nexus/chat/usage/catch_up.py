# SPDX-License-Identifier: MIT
"""Counts what was answered while the hub did not listen: after a pause of the hub, a lost stream, or a restore."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from opencode_nexus.chat.heads import DEPTH
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.answers import all_sessions, message_heads
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import UnknownToOpenCode
from opencode_nexus.opencode.wire import child
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.usage import Counted, UsageStore

log = logging.getLogger(__name__)

JSON = dict[str, Any]
SESSIONS = 50  # in a page of them
MESSAGES = 100  # in a page of them
PARENTS = 5000  # sessions whose parents are kept in mind in one pass

Take = Callable[[str, str, JSON, list[JSON]], Awaitable[None]]
"""Called with the server, the chat's id, OpenCode's session and heads of its messages; they are kept when it ends."""


class CatchUp:
    """Goes through the sessions of a server's folders, the one changed last first, back to where the last whole pass
    began. All servers share what OpenCode keeps, so each would tell of every folder's.

    One pass a server at a time, a page at a time. One that is broken off is taken up at the next connection: what is
    counted of each session is kept, so only the rest is asked for.
    """

    def __init__(
        self,
        store: UsageStore,
        kv: Kv,
        *,
        projects: Callable[[str], Collection[str]],
        busy: Callable[[str], bool],
        take: Take,
        tasks: Tasks,
    ) -> None:
        self._store, self._kv, self._busy, self._take, self._tasks = store, kv, busy, take, tasks
        self._projects = projects
        self._running: dict[str, bool] = {}  # servers with a pass under way, and whether another one is wanted

    def begin(self, server_id: str, client: Client) -> None:
        """Begin a pass, or another one after the one under way."""
        if server_id in self._running:
            self._running[server_id] = True
            return
        self._running[server_id] = False
        self._tasks.spawn(self._run(server_id, client), f"count what {server_id} answered")

    async def _run(self, server_id: str, client: Client) -> None:
        try:
            while True:
                await self._pass(server_id, client)
                if not self._running[server_id]:
                    break
                self._running[server_id] = False
        except (NexusError, sqlite3.Error) as error:
            log.info("what %s answered is not all counted yet: %s", server_id, error)
        finally:
            del self._running[server_id]

    async def _pass(self, server_id: str, client: Client) -> None:
        key, projects = f"usage-seen:{server_id}", set(self._projects(server_id))
        kept = self._kv.get(key, {"at": 0, "projects": []})
        seen = kept["at"] if projects <= set(kept["projects"]) else 0  # of a new folder nothing was counted yet
        newest, before = 0, None
        looked: set[str] = set()
        parents: dict[str, str | None] = {}
        while True:
            infos, more = await all_sessions(client, SESSIONS, before)
            infos = [info for info in infos if info.get("id") not in looked]
            looked = {str(info.get("id")) for info in infos}  # a page repeats at most the end of the one before it
            for info in infos:
                updated = int(child(info, "time").get("updated") or 0)
                if updated < seen:
                    more = None
                    break
                newest = newest or updated
                if info.get("directory") in projects and not await self._session(
                    server_id, client, info, updated, parents
                ):
                    newest = min(newest, updated)
            if more is None or not infos:
                break
            before = more
        if newest > seen or not projects <= set(kept["projects"]):
            await self._kv.set(key, {"at": max(newest, seen), "projects": sorted(projects)})

    async def _session(
        self, server_id: str, client: Client, info: JSON, updated: int, parents: dict[str, str | None]
    ) -> bool:
        """Count a session's answers; False when it works now, so that more will come."""
        session_id = str(info.get("id", ""))
        state = self._store.counted(session_id)
        if state.counted >= updated and not state.cursor:
            return True
        busy = self._busy(session_id)
        try:
            root_id = await self._root(client, info, parents)
            await self._messages(server_id, client, root_id, info, state)
        except UnknownToOpenCode:  # deleted meanwhile
            return True
        await self._store.count(server_id, session_id, Counted(updated - 1 if busy else updated))
        return not busy

    async def _messages(self, server_id: str, client: Client, root_id: str, info: JSON, state: Counted) -> None:
        session_id = str(info.get("id", ""))
        cursor: str | None = None
        rest = state.cursor
        while True:
            heads, cursor = await message_heads(client, session_id, MESSAGES, cursor)
            answers = [head for head in heads if head.get("role") == "assistant"]
            ids = [str(head.get("id", "")) for head in answers]
            fresh = set(ids) - self._store.done(ids)
            if fresh:
                await self._take(server_id, root_id, info, [one for one in answers if one.get("id") in fresh])
            elif answers and state.counted:
                return  # older ones were counted when this session was looked through before
            elif answers and rest:
                cursor, rest = rest, ""  # where the first look through it was broken off
            if cursor is None:
                return
            if not state.counted and not rest:
                await self._store.count(server_id, session_id, Counted(0, cursor))

    async def _root(self, client: Client, info: JSON, parents: dict[str, str | None]) -> str:
        """The chat that a session works for."""
        if len(parents) > PARENTS:
            parents.clear()
        session_id = str(info.get("id", ""))
        parents[session_id] = info.get("parentID")
        for _ in range(DEPTH):
            parent = parents.get(session_id)
            if not parent:
                break
            if parent not in parents:
                try:
                    parents[parent] = (await client.session(parent)).get("parentID")
                except UnknownToOpenCode:
                    parents[parent] = None
            session_id = parent
        return session_id
