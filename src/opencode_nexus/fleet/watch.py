# SPDX-License-Identifier: MIT
"""Looks after a server while it runs: does it live, does it answer, is its log too long."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from opencode_nexus.fleet.probe import NoAnswer
from opencode_nexus.fleet.run import Run
from opencode_nexus.fleet.seen import Seen
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.processes.health import SILENT_AFTER, running
from opencode_nexus.processes.logfile import turn

log = logging.getLogger(__name__)

WATCH = 5.0  # seconds between two looks at a running server
ANSWER = 4.0  # seconds it may take to answer such a look
SILENT = "It runs but does not answer. It may be very busy."


class Watch:
    """Watches one server's run at a time; `ended` is called with a run whose process is gone."""

    def __init__(self, seen: Seen, around: Surroundings, ended: Callable[[Run], Coroutine[None, None, None]]) -> None:
        self._seen, self._around, self._ended = seen, around, ended
        self._task: asyncio.Task[None] | None = None

    def begin(self, run: Run) -> None:
        """Watch `run` from now on."""
        self._task = self._around.tasks.spawn(self._look_after(run), f"watch {self._seen.row.id}")

    def end(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look_after(self, run: Run) -> None:
        seen, clock = self._seen, self._around.runs.clock
        answered = clock.monotonic() - (SILENT_AFTER if seen.reason else 0)
        while True:
            try:
                async with asyncio.timeout(WATCH):
                    await run.process.gone()
                break
            except TimeoutError:
                pass
            await asyncio.to_thread(run.tree.sample, WATCH)  # twelve servers share one reading of the process table
            try:
                await asyncio.to_thread(turn, self._around.runs.host.log(seen.row.id))
            except OSError as error:  # a full disk must not end the watch
                log.warning("the log of %s: %s", seen.row.id, error)
            try:
                await run.probe.version(ANSWER)
                answered = clock.monotonic()
            except NoAnswer:
                pass
            health = running(now=clock.monotonic(), answered=answered)
            reason = SILENT if health == "silent" else ""
            if reason != seen.reason:
                seen.become("running", reason)
        self._around.tasks.spawn(self._ended(run), f"crash of {seen.row.id}")
