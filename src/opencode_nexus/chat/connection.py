# SPDX-License-Identifier: MIT
"""Keeps a feed fed: one event stream for each running server, connected again whenever it is lost."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing

from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.conversation import Conversation
from opencode_nexus.chat.feed import Feed
from opencode_nexus.chat.inbox.waiting import Inbox
from opencode_nexus.chat.reconcile import Truth, ask, settle, withdraw_stale
from opencode_nexus.chat.transcript import cut_off
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.events import Event, PartDelta, PartUpdated, Unreadable
from opencode_nexus.opencode.stream import SILENCE, events
from opencode_nexus.opencode.wire import TEXT_KINDS, part_of
from opencode_nexus.store.held import HeldText
from opencode_nexus.store.journal import Journal

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds between tries, doubling
# OpenCode 1.18.33 says "connected" before it listens to its own events: what happens in the 60 ms after it
# is never sent (18 of 125 sessions made then were not told, on a busy machine). So we ask once more.
SECOND_LOOK = 1.0  # seconds
LATER = 30.0  # seconds until folders that could not be asked are asked again: somebody mends a configuration meanwhile
SURE = 0.5  # seconds; an abort tells idle before the message's end


class Connection:
    """One process of a server, for as long as it runs. `cut_off` is told which sessions its death ended, and
    `connected` whenever what was missed has been mended.
    """

    def __init__(
        self,
        feed: Feed,
        client: Client,
        journal: Journal,
        inbox: Inbox,
        outbox: Outbox,
        conversations: dict[str, Conversation],
        *,
        projects: Callable[[], Collection[str]],
        adopted: bool,
        cut_off: Callable[[Feed, list[str]], Awaitable[None]],
        connected: Callable[[str, Client], None] = lambda server_id, client: None,
        silence: float = SILENCE,
    ) -> None:
        self.feed, self.client = feed, client
        self.connected = False
        self.heard: float | None = None  # when it told something, if only that it is there (monotonic)
        self.reconciled = asyncio.Event()  # set once what was missed has been mended
        self._journal, self._inbox, self._outbox, self._conversations = journal, inbox, outbox, conversations
        self._projects, self._cut_off, self._silence = projects, cut_off, silence
        self._tell_connected = connected
        # A process that we have just started has nothing to tell about folders that nobody used yet, and
        # asking would load each of them: 23 MB and 1.3 s apiece.
        self._everywhere = adopted
        self._directories: set[str] = set()
        self._abandoned = False
        self._tasks = Tasks()
        self._backlog: list[tuple[str, Event]] | None = None
        self._again = False  # as the mending under way was begun
        self._mending: asyncio.Task[None] | None = None
        self._stream = 0  # counts those that were lost
        self._silent: set[str] = set()  # the folders that could not be asked
        self._later: asyncio.Task[None] | None = None  # will ask them again

    async def run(self) -> None:
        """Follow the stream until cancelled."""
        wait = FIRST_WAIT
        while True:
            try:
                async with aclosing(events(self.client, self._silence)) as stream:
                    async for batch in stream:
                        wait = FIRST_WAIT
                        self._take(batch)
            except NexusError as error:
                log.info("feed of %s: %s", self.feed.server_id, error)
            except Exception:  # a fault of ours: the next stream tells what it made us miss
                log.exception("feed of %s", self.feed.server_id)
            finally:
                await self._lost()
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, wait * 2)

    def abandon(self) -> None:
        """The process is gone: take in its last words at once, and nothing after this."""
        self._abandoned = True
        if self._mending is not None:
            self._mending.cancel()
        if self._backlog:
            self._mark_gaps()
            self._drain()

    async def close(self) -> None:
        """End what `run` began beside itself; call it after cancelling `run`."""
        await self._tasks.close()
        await self.client.close()

    def _take(self, batch: list[tuple[str, Event]]) -> None:
        if self._abandoned:
            return
        self.heard = time.monotonic()
        if not self.connected:
            self.connected = True
            self._begin_mending(again=False)
            self._tasks.spawn(self._look_again(SECOND_LOOK), f"second look at {self.feed.server_id}")
        elif any(type(event) is Unreadable for _, event in batch):
            self._begin_mending(again=False)
        if self._backlog is not None:
            self._backlog += batch
            self._hold(batch)
        else:
            self._feed(batch)

    def _hold(self, batch: list[tuple[str, Event]]) -> None:
        """Asking may take seconds: words heard meanwhile must outlive a kill of the hub."""
        server_id, gap = self.feed.server_id, not self._again
        for directory, event in batch:
            if isinstance(event, PartDelta) and event.field == "text":
                where = (server_id, event.part_id, event.session_id, event.message_id, directory)
                self._journal.hold(HeldText(*where, "", event.delta, gap))
            elif isinstance(event, PartUpdated) and event.part.get("type") in TEXT_KINDS:
                part = part_of(event.part)
                if not part.closed:
                    where = (server_id, part.id, event.session_id, part.message_id, directory)
                    self._journal.hold(HeldText(*where, part.kind, part.text, gap))

    def _begin_mending(self, *, again: bool) -> None:
        """Ask what is so. `again`: nothing can have been missed since the last time but beginnings."""
        if self._mending is None:
            # What comes from now on is taken in after what is asked for now, so that nothing is taken twice.
            self._backlog, self._again = [], again
            if not again:
                self.reconciled.clear()
            self._mending = self._tasks.spawn(self._mend(again), f"reconcile {self.feed.server_id}")

    async def _look_again(self, after: float) -> None:
        await self.reconciled.wait()
        await asyncio.sleep(after)
        while (mending := self._mending) is not None and not mending.done():
            await asyncio.wait({mending})  # it may have asked before there was what this is to find
        if self.connected and not self._abandoned:
            self._begin_mending(again=True)

    def _feed(self, batch: list[tuple[str, Event]]) -> None:
        self.feed.take(batch)
        if self.feed.orphans and self.connected:
            self._begin_mending(again=True)
        if self.feed.strangers:
            self._tasks.spawn(self._get_to_know(), f"sessions of {self.feed.server_id}")

    async def _lost(self) -> None:
        """The stream ended: nothing more will come on it, so what waits in the backlog is all there is."""
        self.connected = False
        self._stream += 1
        self.reconciled.clear()
        if self._mending is not None:
            self._mending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._mending
            self._mending = None
            if not self._abandoned:
                self._mark_gaps()
                self._drain()

    def _mark_gaps(self) -> None:
        """Without an answer from OpenCode, words may be missing from every open part."""
        for copy in self._journal.open_parts(server_id=self.feed.server_id):
            self._journal.gap(copy.id)

    def _drain(self) -> None:
        backlog, self._backlog = self._backlog or [], None
        self._journal.release(self.feed.server_id)
        self._feed(backlog)

    async def _mend(self, again: bool) -> None:
        wait, stream = FIRST_WAIT, self._stream
        while True:
            try:
                cut, truth = await self._reconcile(again)
                break
            except NexusError as error:
                log.warning("%s could not be asked what was missed: %s", self.feed.server_id, error)
            except Exception:  # a fault of ours: ended here, it would leave the hub deaf, with all in the backlog
                log.exception("%s: what was missed could not be mended", self.feed.server_id)
            if not again:
                self._mark_gaps()
            self._drain()
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, wait * 2)
            self._backlog = []
        unread = any(type(event) is Unreadable for _, event in self._backlog or ())
        self._mending = None
        self._drain()
        await self._get_to_know()
        if self.connected and stream == self._stream:  # else another mending is under way, and tells
            self.reconciled.set()
            self._tell_connected(self.feed.server_id, self.client)
            if unread:  # what could not be read came after what was asked: a permission with a large diff, say
                self._begin_mending(again=False)
        self._come_back(truth.silent)
        await withdraw_stale(self.client, truth)
        if cut := await self._sure(cut):
            await self._cut_off(self.feed, cut)

    def _come_back(self, silent: set[str]) -> None:
        """Ask the folders again, later, that could not be asked."""
        if fresh := silent - self._silent:
            log.warning("%s cannot be asked about %s: is its opencode.json right?", self.feed.server_id, sorted(fresh))
        self._silent = silent
        if silent and (self._later is None or self._later.done()):
            self._later = self._tasks.spawn(self._look_again(LATER), f"folders of {self.feed.server_id} again")

    async def _reconcile(self, again: bool) -> tuple[list[str], Truth]:
        feed, journal = self.feed, self._journal
        copies = journal.open_parts(server_id=feed.server_id)
        running = journal.running(feed.server_id)
        sessions = {*running, *(copy.session_id for copy in copies), *self._conversations}
        sessions |= {session_id for session_id, _ in feed.orphans.values()}
        self._directories |= {*feed.directories, *running.values(), *(copy.directory for copy in copies)}
        if self._everywhere and not again:
            self._directories |= set(self._projects())
        truth = await ask(self.client, self._directories - {""}, sessions)
        cut = settle(truth, feed, journal, self._inbox, self._opened(), gaps=not again)
        await self._outbox.settle(feed.server_id, self.client)
        for session_id, conversation in tuple(self._conversations.items()):
            if again and conversation.agrees(truth.windows.get(session_id, [])):
                continue
            try:
                await conversation.load()
            except NexusError as error:
                log.info("session %s was not loaded again: %s", session_id, error)
        self._everywhere = True
        return cut, truth

    async def _sure(self, cut: list[str]) -> list[str]:
        """Those of the sessions that really were cut off, not about to end as they were looked at."""
        if not cut:
            return []
        await asyncio.sleep(SURE)
        with contextlib.suppress(NexusError):
            windows = (await ask(self.client, (), cut)).windows
            return [one for one in cut if one not in self.feed.statuses and cut_off(windows.get(one, []))]
        return cut

    def _opened(self) -> set[str]:
        """The parts whose beginning was heard on this stream: none of their words are missing."""
        parts = [part_of(event.part) for _, event in self._backlog or () if isinstance(event, PartUpdated)]
        return {part.id for part in parts if not part.closed}

    async def _get_to_know(self) -> None:
        """Look up the ancestors of sessions that something waits in, and show it in their chats."""
        feed = self.feed
        while feed.strangers:
            session_id = feed.strangers.pop()
            with contextlib.suppress(NexusError):
                while (unknown := feed.heads.unknown(session_id)) is not None:
                    _, head = feed.heads.learn(await self.client.session(unknown))
                    if head.id != unknown:
                        break
            for ancestor in feed.heads.chain(session_id)[1:]:
                if (conversation := self._conversations.get(ancestor)) is not None:
                    conversation.refresh_waiting()
            feed.announce("waiting", session_id)
