# SPDX-License-Identifier: MIT
"""Measures machine and servers again and again: seldom while nobody looks, each second while somebody does."""

import asyncio
import logging
from collections.abc import Callable

import psutil

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.machine import Machine
from opencode_nexus.observe.trees import Root, Trees, TreeUsage
from opencode_nexus.processes import table

log = logging.getLogger(__name__)

# Seconds between two passes: somebody looks; a server is near a limit of its own; neither. A pass over 134 processes
# takes 1.5 ms of processor time and 0.03 ms for each process of a server, so that ten seconds cost 0.02 % of a core.
WATCHED, NEAR, QUIET = 1.0, 2.0, 10.0
FIRST_GAP = 0.5  # seconds to the second pass: a share of the processor needs two
STALE = 3 * QUIET

Measured = dict[str, TreeUsage]


class Usage:
    """The newest figures of each server; tells the bus (topic "usage") after each pass.

    `near` says whether a server is so close to a limit that it is to be watched: it gets the newest figures.
    """

    def __init__(
        self,
        *,
        roots: Callable[[], list[Root]],
        machine: Machine,
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        near: Callable[[Measured], bool] = lambda measured: False,
    ) -> None:
        self._roots, self._machine, self._bus, self._clock, self._tasks = roots, machine, bus, clock, tasks
        self._near, self._trees = near, Trees()
        self._usage: Measured = {}
        self._at: float | None = None
        self._watchers = 0
        self._wake = asyncio.Event()

    async def open(self) -> None:
        """Begin to measure."""
        self._tasks.spawn(self._run(), "usage")

    def of(self, server_id: str) -> TreeUsage | None:
        """Return what the server's tree took at the newest pass; None when that is not known."""
        if self._at is None or self._clock.monotonic() - self._at > STALE:
            return None
        return self._usage.get(server_id)

    @property
    def pace(self) -> float:
        """Seconds until the next pass."""
        if self._watchers:
            return WATCHED
        return NEAR if self._near(self._usage) else QUIET

    def watch(self) -> Callable[[], None]:
        """Measure often from now on; returns a function that ends it."""
        self._watchers += 1
        self._wake.set()
        ended = False

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._watchers -= 1

        return end

    async def _run(self) -> None:
        await self.pass_once()
        await asyncio.sleep(FIRST_GAP)
        while True:
            await self.pass_once()
            if self._watchers:
                await asyncio.sleep(WATCHED)
                continue
            self._wake.clear()
            try:  # quiet, until somebody begins to look
                async with asyncio.timeout(self.pace):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def pass_once(self) -> None:
        """Measure everything once and tell the bus."""
        roots = self._roots()

        def work() -> Measured:
            self._machine.measure()
            return self._trees.measure(roots, table.recent(0.0))

        try:
            self._usage = await asyncio.to_thread(work)
        except (psutil.Error, OSError) as error:
            log.warning("the process table could not be read: %s", error)
            return
        self._at = self._clock.monotonic()
        self._bus.publish("usage", dict(self._usage))
