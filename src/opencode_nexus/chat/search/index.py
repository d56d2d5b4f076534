# SPDX-License-Identifier: MIT
"""Keeps the search index in step with what is said: it follows the stream, catches up, and can be made anew."""

import asyncio
import logging
import sqlite3
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from opencode_nexus.chat.errors import SearchUnusable
from opencode_nexus.chat.search.documents import document_of, facts_of
from opencode_nexus.chat.search.reader import Reader
from opencode_nexus.chat.search.rebuild import Rebuild
from opencode_nexus.chat.servers import ServerDirectory
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.wire import child
from opencode_nexus.store.damage import DatabaseDamaged, damaged
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.search import SearchStore
from opencode_nexus.store.search_rows import Known, Rows

log = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[Rows], object]

BATCH = 100  # changes in one transaction: some 10 ms of the writer's thread
WAITING = 8_000_000  # characters that may wait to be written; beyond it they are read again later
MOST = 50_000  # changes that may wait
HEADS = 5000  # messages whose role is remembered
PAUSE = 0.02  # seconds between two questions to a server, so that people come first
WHILE_RUNNING = 0.2  # the same while an agent works: a page costs the writer's thread up to 50 ms
AGAIN = 5.0  # seconds until what failed is tried again
TAKEN_AWAY = 200  # documents of forgotten sessions in one transaction


class SearchIndex:
    """A `chat.listener.Listener`. One worker writes and reads, one thing after the other: what was heard first, then a
    page of what was missed. So nothing older is ever written over something newer.
    """

    def __init__(self, path: Path, *, servers: ServerDirectory, journal: Journal, bus: Bus, clock: Clock) -> None:
        self.problem = ""  # why there is no index, or why it is behind
        self.given_up = ""  # why it could not be made anew
        self.readers: dict[str, Reader] = {}
        self.rebuild: Rebuild | None = None
        self.fresh_at: float | None = None  # when it had read all that the running servers have; it follows them since
        self._store = SearchStore(path)
        self._path, self._servers, self._journal, self._bus, self._clock = path, servers, journal, bus, clock
        self._clients: dict[str, Client] = {}
        self._jobs: deque[tuple[Job, int]] = deque()
        self._size = 0
        self._heads: OrderedDict[str, tuple[str, int]] = OrderedDict()
        # Sessions of which something was heard, and not yet that they are idle; and their servers.
        self._running: dict[str, str] = {}
        self._wake = asyncio.Event()
        self._swap = asyncio.Lock()  # held while the file is asked, and while another takes its place
        self._unlisten: Callable[[], None] | None = None
        self._told: tuple[object, ...] = ()
        self._forgotten = True
        self._fresh = False
        self._harm: BaseException | None = None
        self._tasks = Tasks()

    # Beginning and end

    async def open(self) -> None:
        """Open the file and begin to follow. A disk that does not allow it costs the search, not the hub."""
        try:
            await self._store.open()
        except (OSError, sqlite3.Error, NexusError) as error:
            log.error("the search index cannot be opened: %s", error)
            self.problem = f"The index cannot be opened: {error}."
            return
        there = {server.id for server in self._servers.list()}
        self._add(lambda rows: rows.keep_servers(there))
        self._unlisten = self._bus.listen(self._server, "server")
        self._tasks.spawn(self._work(), "search index")

    async def close(self) -> None:
        """Write what was heard, and close the file."""
        if self._unlisten is None:
            return
        self._unlisten()
        self._unlisten = None
        await self._tasks.close()
        try:
            await self._flush()
        except sqlite3.Error as error:
            log.error("the search index could not be written to the end: %s", error)
        if self.rebuild is not None:
            await self.rebuild.give_up()
        await self._store.close()

    @property
    def usable(self) -> bool:
        """Whether there is an index to ask."""
        return self._unlisten is not None

    async def ask(self, question: Callable[[SearchStore], Awaitable[T]]) -> T:
        """Ask the file something; raises SearchUnusable."""
        async with self._swap:
            if not self.usable:
                raise SearchUnusable(self.problem)
            try:
                return await question(self._store)
            except (sqlite3.Error, RuntimeError) as error:  # RuntimeError: it is closed just now
                self._harm = error
                self._wake.set()
                raise SearchUnusable(str(error)) from error

    def begin_rebuild(self) -> None:
        """Make the index anew beside the present one, which answers meanwhile; raises SearchUnusable.

        Nothing while that is under way.
        """
        if not self.usable:
            raise SearchUnusable(self.problem)
        if self.rebuild is None:
            self.given_up = ""
            self.rebuild = Rebuild(self._path.with_name("search-new.db"))
            self._wake.set()
            self._tell()

    def renew(self) -> None:
        """Begin with an empty file: the present one was found to be damaged. The worker does it soon."""
        self._harm = DatabaseDamaged(str(self._path))
        self._wake.set()

    # What is heard

    def heard(self, server_id: str, directory: str, event: ev.Event) -> None:
        session_id = event.session_id
        match event:
            case ev.SessionCreated() | ev.SessionUpdated():
                self._learn(server_id, event.info)
            case ev.SessionDeleted():
                self._forget("id = ?", session_id)
            case ev.MessageUpdated():
                self._head(event.info)
                self._runs(server_id, session_id)
            case ev.PartUpdated():
                self._runs(server_id, session_id)
                self._part(server_id, session_id, event.part)
            case ev.MessageRemoved():
                self._add(lambda rows: rows.remove_message(session_id, event.message_id))
            case ev.PartRemoved():
                self._add(lambda rows: rows.remove_part(session_id, event.message_id, event.part_id))
            case ev.SessionIdle():
                self._running.pop(session_id, None)
                self._add(lambda rows: rows.follow(session_id))

    def connected(self, server_id: str, client: Client) -> None:
        self._clients[server_id] = client
        self.readers[server_id] = self._reader(server_id, client)
        if self.rebuild is not None:
            self.rebuild.readers.pop(server_id, None)
        self._wake.set()

    def died(self, server_id: str) -> None:
        self._clients.pop(server_id, None)
        self.readers.pop(server_id, None)
        if self.rebuild is not None:
            self.rebuild.readers.pop(server_id, None)
        # What ran there is marked in the file, and is read when the server is back.
        self._running = {session: server for session, server in self._running.items() if server != server_id}
        self._wake.set()

    def _server(self, record: Record) -> None:
        server_id = str(getattr(record.data, "id", ""))
        if server_id and not self._has(server_id):
            self.died(server_id)
            self._forget("server_id = ?", server_id)
            for reader in self.readers.values():  # another server may have the same folders
                reader.listed = False

    def _learn(self, server_id: str, info: dict[str, Any]) -> None:
        facts, running = facts_of(info, server_id), info.get("id") in self._running
        others = self._others(server_id)

        def work(rows: Rows) -> Known | None:
            rows.learn(facts, others=others)
            if not running:
                rows.follow(facts.id)
            return rows.known(facts.id)

        self._add(work)

    def _head(self, info: dict[str, Any]) -> None:
        created = child(info, "time").get("created")
        self._heads[str(info.get("id", ""))] = (str(info.get("role", "")), round(float(created or 0)))
        while len(self._heads) > HEADS:
            self._heads.popitem(last=False)

    def _part(self, server_id: str, session_id: str, part: dict[str, Any]) -> None:
        head = self._heads.get(str(part.get("messageID", "")))
        if head is None or self._size > WAITING:  # its message was not heard, or the disk does not keep up
            self._again(server_id, session_id)
            return
        document = document_of(part, *head)
        if document is not None:
            self._add(lambda rows: rows.put(session_id, [document]), len(document.text))

    def _runs(self, server_id: str, session_id: str) -> None:
        if session_id not in self._running:
            self._running[session_id] = server_id
            self._add(lambda rows: rows.dirty([session_id]))

    def _again(self, server_id: str, session_id: str) -> None:
        for readers in (self.readers, self.rebuild.readers if self.rebuild is not None else {}):
            if (reader := readers.get(server_id)) is not None:
                reader.again(session_id)
        self._wake.set()

    def _forget(self, where: str, value: str) -> None:
        self._add(lambda rows: rows.forget(where, value))
        self._forgotten = True

    def _add(self, job: Job, size: int = 0) -> None:
        if len(self._jobs) >= MOST:  # the disk has not taken anything for long: what is lost is read again
            self._jobs.clear()
            self._size = 0
            for session_id, server_id in self._running.items():
                self._again(server_id, session_id)
            for reader in self.readers.values():
                reader.listed = False
        self._jobs.append((job, size))
        self._size += size
        self._wake.set()

    # The worker

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                busy = await self._step()
            except (sqlite3.Error, OSError, NexusError) as error:
                await self._failed(error)
                busy = True
            self._tell()
            if busy:
                await asyncio.sleep(WHILE_RUNNING if self._running else PAUSE)
            else:
                await self._wake.wait()

    async def _step(self) -> bool:
        """Write what was heard, then do one more thing; returns whether there was one."""
        if self._harm is not None:
            harm, self._harm = self._harm, None
            if damaged(harm):
                await self._renew()
        await self._flush()
        if self._forgotten:
            self._forgotten = await self._store.write(lambda rows: rows.empty(TAKEN_AWAY))
            return True
        if self.rebuild is not None:
            try:
                return await self._go_on(self.rebuild)
            except (sqlite3.Error, OSError) as error:
                await self._give_up(error)
                return True
        if await self._read_one(self.readers, self._store):
            return True
        if not self._fresh and self._clients and all(reader.done for reader in self.readers.values()):
            self._fresh, self.fresh_at, self.problem = True, self._clock.now(), ""
        return bool(self._jobs)

    async def _read_one(self, readers: dict[str, Reader], store: SearchStore) -> bool:
        """Ask one server one thing; returns whether there was one that could be asked."""
        loop = asyncio.get_running_loop()
        for server_id, reader in readers.items():
            if reader.done or reader.not_before > loop.time():
                continue
            self._fresh = False
            try:
                await reader.step(store)
            except NexusError as error:  # it is on its way down, or busy
                log.info("%s could not be read for the search: %s", server_id, error)
                reader.not_before = loop.time() + AGAIN
                loop.call_later(AGAIN, self._wake.set)
            return True
        return False

    async def _flush(self) -> None:
        while self._jobs:
            batch = [self._jobs[n] for n in range(min(BATCH, len(self._jobs)))]

            def write(rows: Rows, batch: list[tuple[Job, int]] = batch) -> list[Known]:
                return [known for job, _ in batch if isinstance(known := job(rows), Known)]

            for known in await self._store.write(write):
                if not known.mark:
                    self._again(known.server_id, known.id)
            if self.rebuild is not None and self.rebuild.store is not None:
                try:
                    await self.rebuild.store.write(write)
                except sqlite3.Error as error:
                    await self._give_up(error)
            for _, size in batch:
                self._jobs.popleft()
                self._size -= size

    async def _failed(self, error: Exception) -> None:
        log.error("the search index failed: %s", error)
        self.problem = f"The index could not be written: {error}."
        if damaged(error):
            await self._renew()
        else:
            await asyncio.sleep(AGAIN)

    async def _renew(self) -> None:
        """The file is damaged: begin with an empty one, and read everything again."""
        for server_id, client in self._clients.items():
            self.readers[server_id] = self._reader(server_id, client)
        async with self._swap:
            await self._store.close()
            self._store = SearchStore(self._path)
            await self._store.renew()

    async def _go_on(self, rebuild: Rebuild) -> bool:
        store = rebuild.store or await rebuild.open()
        for server_id, client in self._clients.items():
            if server_id not in rebuild.readers:
                rebuild.readers[server_id] = self._reader(server_id, client)
        if await self._read_one(rebuild.readers, store):
            return True
        if not all(reader.done for reader in rebuild.readers.values()):
            return False
        there = {server.id for server in self._servers.list()}
        if await rebuild.take_over(self._store, there):
            return True
        async with self._swap:
            await self._flush()
            if self.rebuild is not rebuild:  # what was heard last could not be written into it
                return True
            self._store = await rebuild.finish(self._store)
        self.readers, self.rebuild = {**self.readers, **rebuild.readers}, None
        return True

    async def _give_up(self, error: Exception) -> None:
        log.error("the search index could not be made anew: %s", error)
        self.given_up = f"The index could not be made anew: {error}. The former one is kept."
        try:
            if self.rebuild is not None:
                await self.rebuild.give_up()
            if not self._store.opened:
                self._store = SearchStore(self._path)
                await self._store.open()
        finally:
            self.rebuild = None

    def _reader(self, server_id: str, client: Client) -> Reader:
        return Reader(
            server_id,
            client,
            projects=lambda: self._servers.get(server_id).projects,
            journal=self._journal,
            still=lambda session_id: session_id not in self._running,
            others=lambda: self._others(server_id),
        )

    def _has(self, server_id: str) -> bool:
        return any(server.id == server_id for server in self._servers.list())

    def _others(self, server_id: str) -> set[str]:
        return {server.id for server in self._servers.list()} - {server_id}

    def _tell(self) -> None:
        """Say on the bus that the progress is another."""
        readers = self.rebuild.readers if self.rebuild is not None else self.readers
        now = (
            self.rebuild is None,
            self.problem,
            self.given_up,
            self.fresh_at,
            *((name, one.done, one.left) for name, one in readers.items()),
        )
        if now != self._told:
            self._told = now
            self._bus.publish("search", {})
