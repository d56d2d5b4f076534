# SPDX-License-Identifier: MIT
"""All live topics: a source starts with the first who looks and stops some seconds after the last."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.errors import UnknownTopic
from opencode_nexus.live.ops import Ops

log = logging.getLogger(__name__)

LINGER = 20.0  # seconds; a reload or a change of network comes back within


class Source(Protocol):
    """Feeds one topic while somebody looks."""

    async def start(self, channel: Channel) -> None:
        """Begin: call `channel.push(ops)`, or set `channel.collect` and call `channel.touch()`."""
        ...

    async def stop(self) -> None: ...

    def render(self) -> str:
        """Return the whole live region as of the last frame: one root element, with its `data-k`."""
        ...


@dataclass(slots=True)
class _Entry:
    channel: Channel
    source: Source
    idle: asyncio.TimerHandle | None = None


class Live:
    """The channels by topic. `boot` is the hub's boot id: a cursor of another boot means "render anew"."""

    def __init__(self, boot: str, tasks: Tasks, *, linger: float = LINGER) -> None:
        self._boot, self._tasks, self._linger = boot, tasks, linger
        self._makers: dict[str, Callable[[str], Source]] = {}
        self._entries: dict[str, _Entry] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closed = False
        self._beyond = 0  # no channel that has ended came as far
        self.greeting: Callable[[], Ops] = tuple  # what every page is told as it comes, whatever its topic

    def register(self, kind: str, make: Callable[[str], Source]) -> None:
        """Let `make(rest)` give the source of each topic `kind:rest` (or `kind`, with an empty rest)."""
        self._makers[kind] = make

    @property
    def viewers(self) -> int:
        """How many streams are open, over all topics."""
        return sum(len(entry.channel.viewers) for entry in self._entries.values())

    def tell(self, changes: Callable[[str], Ops]) -> None:
        """Send each open topic's pages, with their next frame, what `changes(topic)` returns."""
        for topic, entry in self._entries.items():
            entry.channel.push(changes(topic))

    def watched(self, topic: str) -> bool:
        """Whether a page shows the topic now; a hidden one lets go of its stream after some seconds."""
        entry = self._entries.get(topic)
        return entry is not None and bool(entry.channel.viewers)

    async def open(self, topic: str) -> Channel:
        """Return the running channel of `topic`; raises UnknownTopic, or what its source's start raises."""
        kind, _, rest = topic.partition(":")
        make = self._makers.get(kind)
        if make is None or self._closed:
            raise UnknownTopic(f"Topic: {topic[:80]}")
        lock = self._locks.setdefault(topic, asyncio.Lock())
        async with lock:
            entry = self._entries.get(topic)
            if entry is None:
                source = make(rest)
                # A page that slept may come back with a cursor of a channel that has ended; it must not look like one
                # of the next channel of the topic, whose first frames that page has not had.
                channel = Channel(topic, self._boot, source.render, self._beyond)
                channel.greeting = lambda: self.greeting()
                await source.start(channel)
                entry = self._entries[topic] = _Entry(channel, source)
        self._keep(topic, entry)
        return entry.channel

    def _keep(self, topic: str, entry: _Entry) -> None:
        if entry.idle is not None:
            entry.idle.cancel()
        entry.idle = asyncio.get_running_loop().call_later(self._linger, self._look, topic)

    def _look(self, topic: str) -> None:
        entry = self._entries.get(topic)
        if entry is None:
            return  # it was opened while all were being closed
        entry.idle = None
        if entry.channel.viewers:
            self._keep(topic, entry)
        else:
            self._tasks.spawn(self._end(topic), f"stop {topic}")

    async def _end(self, topic: str) -> None:
        lock = self._locks.setdefault(topic, asyncio.Lock())
        async with lock:
            entry = self._entries.get(topic)
            if entry is None or entry.idle is not None or entry.channel.viewers:
                return  # somebody came back since
            del self._entries[topic]
            self._beyond = max(self._beyond, entry.channel.seq + 1)
            entry.channel.close("idle")
            await entry.source.stop()

    async def drop(self, topic: str) -> None:
        """End a topic whose subject has gone, such as a deleted session: its pages are told to reload."""
        entry = self._entries.get(topic)
        if entry is not None:
            entry.channel.close("gone")

    async def close(self) -> None:
        """Say goodbye to every page and stop every source; nothing opens afterwards."""
        self._closed = True
        entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            if entry.idle is not None:
                entry.idle.cancel()
            entry.channel.close("restart")
        for entry in entries:
            try:
                await entry.source.stop()
            except Exception:
                log.exception("stopping %s failed", entry.channel.topic)
