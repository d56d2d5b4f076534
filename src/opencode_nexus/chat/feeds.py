# SPDX-License-Identifier: MIT
"""The feeds of all servers: begun and ended with their processes."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.connection import Connection
from opencode_nexus.chat.conversation import Conversation
from opencode_nexus.chat.feed import Feed
from opencode_nexus.chat.guards import Guards
from opencode_nexus.chat.inbox.waiting import Inbox
from opencode_nexus.chat.listener import Listeners
from opencode_nexus.chat.servers import Server, ServerDirectory, connect
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.state import Status
from opencode_nexus.opencode.stream import SILENCE
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.journal import Journal

log = logging.getLogger(__name__)

GONE = frozenset({"stopped", "failed", "starting"})  # states in which the former process is no more
READY_WITHIN = 10.0  # seconds; reconciling took 0.1 s, and 4 s when OpenCode loaded a folder for it


@dataclass(slots=True)
class _Live:
    """A running process: `process` is its pid and start, so that another one is told apart."""

    process: tuple[int | None, float | None]
    connection: Connection
    task: "asyncio.Task[None]"


class Feeds:
    """Follows the bus topic "server"; keeps one connection for each running process."""

    def __init__(
        self,
        servers: ServerDirectory,
        journal: Journal,
        inbox: Inbox,
        outbox: Outbox,
        bus: Bus,
        activity: Activity,
    ) -> None:
        self.conversations: dict[str, dict[str, Conversation]] = {}
        self.listeners = Listeners()
        self.hidden: Collection[str] = ()  # set before `open`: sessions that no list shows
        self.guards = Guards()
        self.feeds: dict[str, Feed] = {}
        self._live: dict[str, _Live] = {}
        self._servers, self._journal, self._inbox, self._outbox = servers, journal, inbox, outbox
        self._bus, self._activity = bus, activity
        self.silence = SILENCE  # seconds without a heartbeat after which a stream is given up
        self._tasks = Tasks()
        self._ending: set[asyncio.Task[None]] = set()
        self._unlisten: Callable[[], None] | None = None

    def open(self) -> None:
        """Begin with the servers as they are now."""
        self._unlisten = self._bus.listen(self._heard, "server")
        for server in self._servers.list():
            self._see(server)

    async def close(self) -> None:
        """End all connections; the servers go on."""
        if self._unlisten is not None:
            self._unlisten()
        live, self._live = self._live, {}
        for one in live.values():
            one.task.cancel()
        await asyncio.gather(*(one.task for one in live.values()), return_exceptions=True)
        for one in live.values():
            await one.connection.close()
        await asyncio.gather(*self._ending, return_exceptions=True)  # they close sockets: let them
        await self._tasks.close()

    def feed(self, server_id: str) -> Feed:
        """The server's feed; made when first asked for."""
        if server_id not in self.feeds:
            conversations = self.conversations.setdefault(server_id, {})
            around = (self._journal, self._inbox, self._outbox, self._bus)
            self.feeds[server_id] = Feed(server_id, *around, conversations, self.listeners)
            self.feeds[server_id].hidden = self.hidden
        return self.feeds[server_id]

    def status(self, session_id: str) -> Status:
        """What a session does, whichever server runs it."""
        found = (feed.statuses[session_id] for feed in self.feeds.values() if session_id in feed.statuses)
        return next(found, Status())

    def any_busy(self) -> bool:
        """Whether an agent works, or waits for a person, on any server that can be reached."""
        return any(self.feeds[server_id].statuses for server_id in self._live)

    def connection(self, server_id: str) -> Connection | None:
        """The connection to a running server's process, None when none runs."""
        live = self._live.get(server_id)
        return live.connection if live else None

    def heard(self, server_id: str) -> float | None:
        """When a server's event stream last told something (monotonic seconds), None while there is none."""
        connection = self.connection(server_id)
        return connection.heard if connection is not None else None

    async def settled(self, server_id: str) -> None:
        """Wait until what was missed has been mended, so that what is said of sessions is true."""
        connection = self.connection(server_id)
        if connection is not None and not connection.reconciled.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_WITHIN):
                    await connection.reconciled.wait()

    def _heard(self, record: Record) -> None:
        server_id = getattr(record.data, "id", None)
        server = next((one for one in self._servers.list() if one.id == server_id), None)
        if server is not None:
            self._see(server)
        elif server_id is not None:  # it was removed
            self._end(server_id)
            self._bury(server_id, tell=getattr(record.data, "kind", "local") == "local")
            self.feeds.pop(server_id, None)
            self.conversations.pop(server_id, None)

    def _see(self, server: Server) -> None:
        live = self._live.get(server.id)
        process = (server.pid, server.started)
        if live is not None and server.state in GONE and server.kind != "local":
            self._let_go(server.id)
            live = None
        elif live is not None and (server.state in GONE or not _same(live.process, process)):
            self._end(server.id)
            live = None
        if live is None and server.state == "running" and self._servers.access(server.id) is not None:
            self._begin(server, process)

    def _begin(self, server: Server, process: tuple[int | None, float | None]) -> None:
        feed = self.feed(server.id)
        if not server.adopted:
            self._outbox.strand(server.id)  # what was sent was sent to a process before this one
        connection = Connection(
            feed,
            connect(self._servers, server.id),
            self._journal,
            self._inbox,
            self._outbox,
            self.conversations[server.id],
            projects=lambda: self._servers.get(server.id).projects,
            adopted=server.adopted,
            cut_off=self._tell,
            connected=self.listeners.connected,
            silence=self.silence,
        )
        task = self._tasks.spawn(connection.run(), f"feed {server.id}")
        self._live[server.id] = _Live(process, connection, task)

    def _end(self, server_id: str) -> None:
        """The process is gone."""
        live = self._live.pop(server_id, None)
        if live is None:
            return
        live.task.cancel()
        live.connection.abandon()
        self._outbox.strand(server_id)
        feed = self.feed(server_id)
        ending = self._tasks.spawn(self._close(live), f"end of feed {server_id}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        if cut := feed.died():
            self._tasks.spawn(self._tell(feed, cut), f"cut off on {server_id}")

    def _let_go(self, server_id: str) -> None:
        """It cannot be reached: what it does meanwhile is found out when it can be again."""
        live = self._live.pop(server_id)
        live.task.cancel()
        ending = self._tasks.spawn(self._close(live), f"end of feed {server_id}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _close(self, live: _Live) -> None:
        await asyncio.gather(live.task, return_exceptions=True)
        await live.connection.close()

    def _bury(self, server_id: str, *, tell: bool) -> None:
        """Nobody can be asked any more: keep what was heard. `tell`: what ran has been cut off."""
        running = list(self._journal.running(server_id))
        self._journal.forget_server(server_id)
        if running and tell:
            self._tasks.spawn(self._tell(self.feed(server_id), running), f"cut off on {server_id}")

    async def _tell(self, feed: Feed, sessions: list[str]) -> None:
        """Say which chats were cut off; a sub-agent's is named by the chat that it works for."""
        connection = self.connection(feed.server_id)
        for session_id in dict.fromkeys(feed.root(session_id) for session_id in sessions):
            if not feed.title(session_id) and connection is not None:
                with contextlib.suppress(NexusError):
                    feed.heads.learn(await connection.client.session(session_id))
            talk = self.conversations.get(feed.server_id, {}).get(session_id)
            title = feed.title(session_id) or (talk.state.title if talk else "")
            feed.announce("interrupted", session_id)
            await self._activity.add(
                "session-interrupted",
                f"{f'“{title}”' if title else 'A chat'} was cut off: OpenCode stopped while the agent was working.",
                level="warning",
                server_id=feed.server_id,
                session_id=session_id,
            )


def _same(one: tuple[int | None, float | None], other: tuple[int | None, float | None]) -> bool:
    """Whether pid and start name the same process; a corrected clock may move the start a little."""
    if one[1] is None or other[1] is None:
        return one == other
    return one[0] == other[0] and abs(one[1] - other[1]) < 2.0
