# SPDX-License-Identifier: MIT
"""Looks after a server while it runs: does it live, does it answer, is its log too long."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from opencode_nexus.fleet import hang
from opencode_nexus.fleet.probe import NoAnswer
from opencode_nexus.fleet.run import Run
from opencode_nexus.fleet.seen import Seen
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.processes.health import SILENT_AFTER, Silence
from opencode_nexus.processes.identity import paused
from opencode_nexus.processes.logfile import turn

log = logging.getLogger(__name__)

WATCH = 5.0  # seconds between two looks at a running server
ANSWER = 4.0  # seconds it may take to answer such a look
SILENT = "It runs but does not answer. It may be very busy."

Then = Callable[[Run, str], Coroutine[None, None, None]]


class Watch:
    """Watches one server's run at a time; `ended` is called with a run whose process is gone, `hung` with one that
    hangs for so long that it is to be started anew, and with how it does.
    """

    def __init__(
        self, seen: Seen, around: Surroundings, ended: Callable[[Run], Coroutine[None, None, None]], hung: Then
    ) -> None:
        self._seen, self._around, self._ended, self._hung = seen, around, ended, hung
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
        seen, clock, server_id = self._seen, self._around.runs.clock, self._seen.row.id
        silence = Silence(most=2 * (WATCH + ANSWER), seconds=SILENT_AFTER if seen.reason else 0.0)
        looked, told = clock.monotonic(), False
        while True:
            try:
                async with asyncio.timeout(WATCH):
                    await run.process.gone()
                break
            except TimeoutError:
                pass
            await asyncio.to_thread(run.tree.sample, WATCH)  # twelve servers share one reading of the process table
            try:
                await asyncio.to_thread(turn, self._around.runs.host.log(server_id))
            except OSError as error:  # a full disk must not end the watch
                log.warning("the log of %s: %s", server_id, error)
            answers = await self._answers(run)
            heard = self._around.heard(server_id)  # what works too hard to answer still tells what it does
            seconds = silence.look(clock.monotonic(), lives=answers or (heard is not None and heard >= looked))
            looked = clock.monotonic()
            found = await self._hangs(run, seconds) if seconds >= SILENT_AFTER else hang.NONE
            if found.words != seen.reason:
                seen.become("running", found.words)
            if bool(found.words) is not told:
                told = bool(found.words)
                await self._tell(told, found)
            if found.over:
                self._around.tasks.spawn(self._hung(run, found.how), f"{server_id} hangs")
                return
        self._around.tasks.spawn(self._ended(run), f"crash of {server_id}")

    async def _answers(self, run: Run) -> bool:
        try:
            await run.probe.version(ANSWER)
        except NoAnswer:
            return False
        return True

    async def _hangs(self, run: Run, seconds: float) -> hang.Hang:
        is_paused = await asyncio.to_thread(paused, run.process.identity)
        busy = await self._around.busy(self._seen.row.id)
        return hang.judge(
            seconds, pid=run.process.pid, paused=is_paused, busy=busy, restart_after=self._around.hang_after()
        )

    async def _tell(self, hangs: bool, found: hang.Hang) -> None:
        if hangs:
            await self._seen.note("server-hangs", f"{self._seen.row.name}: {found.words}", "warning")
        else:
            await self._seen.note("server-answers", f"{self._seen.row.name} answers again.", "success")
