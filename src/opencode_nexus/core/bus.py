# SPDX-License-Identifier: MIT
"""What happened, in order: a bounded ring of records that readers follow with a cursor."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id

log = logging.getLogger(__name__)

Listener = Callable[["Record"], None]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened: its place `seq`, its time `at` (epoch seconds), its `topic` and what it carries."""

    seq: int
    at: float
    topic: str
    data: object


class Bus:
    """Publish and follow records inside one process; keeps the newest `size` for readers that come back.

    Not thread-safe: everything happens on the event loop's thread.
    """

    def __init__(self, clock: Clock, size: int = 4096) -> None:
        self.boot = new_id("boot").removeprefix("boot_")
        self.seq = 0
        self._clock = clock
        self._ring: deque[Record] = deque(maxlen=size)
        self._listeners: list[tuple[frozenset[str], Listener]] = []
        self._waiters: set[asyncio.Future[None]] = set()

    def publish(self, topic: str, data: object) -> Record:
        """Append a record, call the listeners of its topic, and wake whoever waits; returns the record."""
        self.seq += 1
        record = Record(self.seq, self._clock.now(), topic, data)
        self._ring.append(record)
        for topics, listener in tuple(self._listeners):
            if not topics or topic in topics:
                try:
                    listener(record)
                except Exception:  # one bad listener must not keep the others from hearing it
                    log.exception("a listener of %s failed", topic)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()
        return record

    def since(self, seq: int) -> list[Record] | None:
        """Return the records after `seq`, oldest first; None when the ring has not all of them."""
        if seq > self.seq or (self._ring and seq < self._ring[0].seq - 1):
            return None
        fresh: list[Record] = []
        for record in reversed(self._ring):
            if record.seq <= seq:
                break
            fresh.append(record)
        fresh.reverse()
        return fresh

    def listen(self, listener: Listener, *topics: str) -> Callable[[], None]:
        """Call `listener` with each record of `topics` (all when none is named); returns a function that ends it."""
        entry = (frozenset(topics), listener)
        self._listeners.append(entry)

        def unlisten() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return unlisten

    async def wait(self, seq: int) -> None:
        """Return as soon as there is a record newer than `seq`."""
        while self.seq <= seq:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
