# SPDX-License-Identifier: MIT
"""What each server's whole process tree takes, in one pass over the process table."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.machine import Machine

log = logging.getLogger(__name__)

WATCHED, QUIET = 2.0, 10.0  # seconds between two passes
FIRST_GAP = 0.5  # seconds to the second pass: a share of the processor needs two
STALE = 3 * QUIET

Root = tuple[str, int, float]
"""Server id, process id, and the process's start in epoch seconds (a process id alone may be another's by now)."""


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """One tree: `cpu` in percent of one core (None: seen only once), `memory` resident bytes, `processes` counted."""

    cpu: float | None
    memory: int
    processes: int


def measure(roots: Iterable[Root], before: dict[tuple[int, float], float], seconds: float) -> tuple[
    dict[str, TreeUsage], dict[tuple[int, float], float]
]:  # fmt: skip
    """Return usage by server id, and the processor seconds of each process for the next pass.

    `before` is what the pass `seconds` ago returned. About 12 ms for 150 processes, so it runs in a thread.
    """
    children: dict[int, list[psutil.Process]] = {}
    by_pid: dict[int, psutil.Process] = {}
    for process in psutil.process_iter(["ppid"]):
        by_pid[process.pid] = process
        children.setdefault(process.info["ppid"] or 0, []).append(process)
    usage: dict[str, TreeUsage] = {}
    seen: dict[tuple[int, float], float] = {}
    for server_id, pid, started in roots:
        root = by_pid.get(pid)
        try:
            if root is None or abs(root.create_time() - started) > 1:
                continue
        except psutil.Error:
            continue
        tree, todo = [], [root]
        while todo:
            process = todo.pop()
            tree.append(process)
            todo.extend(children.get(process.pid, ()))
        memory, spent, known = 0, 0.0, False
        for process in tree:
            try:
                with process.oneshot():
                    key = (process.pid, process.create_time())
                    times = process.cpu_times()
                    memory += process.memory_info().rss
            except psutil.Error:  # it ended while we looked
                continue
            seen[key] = times.user + times.system
            if key in before:
                spent += max(0.0, seen[key] - before[key])
                known = True
        usage[server_id] = TreeUsage(100 * spent / seconds if known and seconds > 0 else None, memory, len(tree))
    return usage, seen


class Usage:
    """Measures machine and servers again and again; tells the bus (topic "usage") after each pass."""

    def __init__(
        self, *, roots: Callable[[], list[Root]], machine: Machine, bus: Bus, clock: Clock, tasks: Tasks
    ) -> None:
        self._roots, self._machine, self._bus, self._clock, self._tasks = roots, machine, bus, clock, tasks
        self._usage: dict[str, TreeUsage] = {}
        self._seen: dict[tuple[int, float], float] = {}
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
                async with asyncio.timeout(QUIET):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def pass_once(self) -> None:
        """Measure everything once and tell the bus."""
        now = self._clock.monotonic()
        seconds = now - self._at if self._at is not None else 0.0
        try:
            self._usage, self._seen = await asyncio.to_thread(measure, self._roots(), self._seen, seconds)
            await asyncio.to_thread(self._machine.measure)
        except (psutil.Error, OSError) as error:
            log.warning("the process table could not be read: %s", error)
            return
        self._at = now
        self._bus.publish("usage", dict(self._usage))
