# SPDX-License-Identifier: MIT
"""One server: brings it to the state that is wanted, and notices when it leaves it."""

import asyncio
import logging
from collections.abc import Coroutine

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.errors import PortTaken, StartFailed, StartStopped, StartTimeout, StopFailed
from opencode_nexus.fleet.probe import NoAnswer
from opencode_nexus.fleet.retry import Retry
from opencode_nexus.fleet.run import Run, beside_another, how_it_ended
from opencode_nexus.fleet.seen import Seen
from opencode_nexus.fleet.state import ServerAccess, ServerState
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.fleet.watch import ANSWER, SILENT, Watch
from opencode_nexus.store.servers import RunRow, ServerRow

log = logging.getLogger(__name__)

ASKED = "That was asked for."  # why a server is restarted that nothing but a person wants to be
TURN = "It waits for its turn: others are starting."
TRIES = 3  # at a start that another program or server stood in the way of; each with another port
OPENING = 180.0  # seconds that opening the first project may take: npm may bring a project's own packages


class Server:
    """A server that is wanted. Starting and stopping wait for each other; a stop ends a start that is under way."""

    def __init__(self, row: ServerRow, around: Surroundings) -> None:
        self.seen = Seen(row, around)
        self._around, self._clock = around, around.runs.clock
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._stops = 0
        self._watch = Watch(self.seen, around, self._crashed, self._hung)
        self._retry = Retry(self.seen, around, self.start_unasked)
        self._removed = False

    @property
    def row(self) -> ServerRow:
        """The server as it is wanted."""
        return self.seen.row

    def state(self) -> ServerState:
        """Return the server as it is now."""
        return self.seen.now()

    def access(self) -> ServerAccess | None:
        """Return how to talk to it; None unless it runs."""
        return self.seen.access()

    def tell(self) -> None:
        """Publish the state."""
        self.seen.tell()

    # -- what is asked for ---------------------------------------------------------------------------------------

    async def start(self, *, by_hand: bool = True) -> None:
        """Return when it runs; raises StartFailed. When `by_hand`, earlier crashes no longer count."""
        self._stop.clear()
        if by_hand:
            self._retry.cancel()
        await self._whole(self._start(by_hand), "start")

    async def stop(self, *, for_good: bool = False) -> None:
        """Return when nothing of it is left; raises StopFailed when something does not end.

        After a stop `for_good` nothing starts it again, a start that waited for the stop neither. A restart that waits
        or is under way is over with it.
        """
        self.seen.forget_restart()
        await self.halt(for_good=for_good)

    async def halt(self, *, for_good: bool = False) -> None:
        """Stop it as `stop` does; but a restart that was under way is the next hub's to finish."""
        self._stops += 1
        self._stop.set()
        self._retry.cancel()
        await self._whole(self._end(for_good), "stop")

    async def restart(self, *, by_hand: bool = True) -> None:
        """Stop and start; raises StopFailed or StartFailed, which is StartStopped when somebody stops it meanwhile.

        When not `by_hand`, a start that fails is tried again.
        """
        stops = self._stops
        await self.seen.keep_restart(self.seen.planned or ASKED)
        if self._stops != stops:  # of two that come while this is written, the first goes on
            raise StartStopped()
        stops += 1
        try:
            await self.halt()
            if self._stops != stops:
                raise StartStopped()
            await (self.start() if by_hand else self.start_unasked())
        except StartStopped:  # who stopped it forgot it, or left it to the next hub
            raise
        except NexusError:
            self.seen.forget_restart()
            raise

    async def adopt(self, row: RunRow, run: Run, planned: str = "") -> None:
        """Take up a process that an earlier hub started; `planned`: why that was to restart it, and did not.

        One that was never ready and does not become it is ended, and another started if wanted. One that was is
        taken up even when it does not answer: it may be busy, and ending it would lose its work.
        """
        async with self._lock:
            self.seen.run, self.seen.adopted = run, True
            self.seen.become("starting", "It is being taken up: an earlier run of OpenCode Nexus started it.")
            try:
                version = await run.ready(self._clock, self._stop)
            except StartFailed as error:
                if isinstance(error, StartTimeout) and row.version is not None:
                    self._runs(SILENT)
                    self.seen.plan(planned)
                    await self.seen.note(
                        "server-adopted", f"Took up {self.row.name}, which does not answer.", "warning"
                    )
                    return
                await self._give_up(run, error)
                self.seen.become("failed", f"It could not be taken up. {error}", tuple(await run.last_lines()))
            else:
                await self._around.runs.answered(run, version)
                self._runs()
                self.seen.plan(planned)
                await self.seen.note("server-adopted", f"Took up {self.row.name}, which was still running.")
                return
        if (self.row.autostart or planned) and not self._stop.is_set():
            await self.start_unasked()

    async def start_unasked(self) -> None:
        """Start without anybody waiting for it: a start that fails counts as a crash, and is tried again."""
        try:
            await self.start(by_hand=False)
        except StartStopped:
            return
        except StartFailed as error:
            async with self._lock:
                if self._stop.is_set() or self.seen.run is not None:
                    return
                await self._retry.plan(self.seen.reason, str(error), self.seen.lines)

    async def settled(self) -> bool:
        """Wait until nothing is being started or stopped; tells whether it runs then."""
        async with self._lock:
            return self.seen.state == "running"

    @property
    def being_taken_up(self) -> bool:
        """Whether an earlier hub's process is asked just now whether it still answers."""
        return self.seen.adopted and self.seen.state == "starting"

    async def busy(self) -> bool:
        """Tell whether an agent works on it; one that does not answer may well be busy."""
        run = self.seen.run
        if run is None:
            return False
        try:
            if await self._around.busy(self.row.id):
                return True
            # its own word counts too: who follows it may not have heard yet, right after it was taken up
            found = await asyncio.gather(*(run.probe.busy(project, ANSWER) for project in self.row.projects))
        except NoAnswer:
            return True
        except Exception:  # who cannot say must not cost an agent its work
            log.exception("cannot tell whether %s is busy", self.row.id)
            return True
        return any(found)

    def leave(self) -> None:
        """Let go of it without touching the process: a later hub takes it up."""
        self._retry.cancel()
        self._watch.end()

    # -- starting ------------------------------------------------------------------------------------------------

    async def _start(self, by_hand: bool) -> None:
        async with self._lock:
            if self.seen.run is not None and self.seen.state == "running":
                return
            if self._stop.is_set() or self._removed:
                raise StartStopped()
            if by_hand:
                await self._around.runs.store.forgive(self.row.id)
            try:
                await self._bring_up()
            except NexusError as caught:
                # not found, not working, not a supported version, secrets unreadable: said by who knows it
                error = caught if isinstance(caught, StartFailed) else _as_start_failed(caught)
                lines = error.data.get("last_lines", [])
                self.seen.run = None
                if isinstance(error, StartStopped):
                    self.seen.become("stopped", error.title)
                else:
                    self.seen.become("failed", str(error), tuple(lines) if isinstance(lines, list) else ())
                    if by_hand:  # otherwise it is told together with what happens next
                        await self.seen.note("server-failed", f"{self.row.name} did not start. {error}", "error")
                raise error from caught
            except Exception as caught:  # a full disk, say: the state must not stay at "starting"
                self.seen.run = None
                self.seen.become("failed", f"{StartFailed.title} {caught}")
                raise StartFailed(f"{caught}") from caught

    async def _bring_up(self) -> None:
        gate = self._around.gate
        if gate.full:
            self.seen.adopted = False
            self.seen.become("starting", TURN)
        await gate.enter(self._stop)
        try:
            await self._spawn()
        finally:
            gate.leave()

    async def _spawn(self) -> None:
        for attempt in range(TRIES):
            self.seen.adopted = False
            self.seen.become("starting")
            program = await self._around.program(self.row.version)
            await self._around.prepare()
            self.seen.run = run = await self._around.runs.begin(self.row, program)
            self.tell()
            try:
                version = await run.ready(self._clock, self._stop)
            except StartFailed as error:
                await self._give_up(run, error)
                if (isinstance(error, PortTaken) or beside_another(error)) and attempt + 1 < TRIES:
                    continue
                raise
            await self._around.runs.answered(run, version)
            self._runs()
            await self.seen.note("server-started", f"{self.row.name} was started.", "success")
            return

    def _runs(self, reason: str = "") -> None:
        self.seen.become("running", reason)
        assert self.seen.run is not None
        self._watch.begin(self.seen.run)
        self._around.tasks.spawn(self._open_first(self.seen.run), f"open {self.row.id}")

    async def _open_first(self, run: Run) -> None:
        """Open the first project now: this loads the shield, and the first chat need not wait for it."""
        try:
            await run.probe.open_project(self.row.projects[0], OPENING)
        except NoAnswer as error:
            log.info("%s did not open its first project: %s", self.row.id, error)

    async def _give_up(self, run: Run, error: StartFailed) -> None:
        self.seen.run = None
        try:
            await run.end()
        except StopFailed as left:
            log.error("after a failed start of %s: %s", self.row.id, left)
            return
        await self._around.runs.forget(run.row.start_id)
        log.warning("start of %s: %s", self.row.id, error)

    # -- stopping ------------------------------------------------------------------------------------------------

    async def _end(self, for_good: bool) -> None:
        async with self._lock:
            self._retry.cancel()  # a crash that was being dealt with may have planned one since
            self._watch.end()
            run = self.seen.run
            if run is None:
                self._removed = for_good
                if self.seen.state != "stopped":
                    self.seen.become("stopped")
                return
            self.seen.become("stopping", "Its agents are being stopped.")
            if stopped := await run.stop_agents(self.row.projects):
                self._around.bus.publish("agents-stopped", {"server_id": self.row.id, "sessions": stopped})
            self.seen.become("stopping")
            try:
                await run.end()
            except StopFailed as error:
                self.seen.become("failed", str(error))
                raise
            await self._over(run)
            self._removed = for_good
            self.seen.become("stopped")
            await self.seen.note("server-stopped", f"{self.row.name} was stopped.")

    async def _over(self, run: Run) -> None:
        self.seen.run, self.seen.adopted = None, False
        await self._around.runs.forget(run.row.start_id)

    # -- while it runs -------------------------------------------------------------------------------------------

    async def _crashed(self, run: Run) -> None:
        async with self._lock:
            ended = how_it_ended(run.process)
            await self._lost(run, f"OpenCode ended unexpectedly{ended}.", ended.removeprefix(": "))

    async def _hung(self, run: Run, how: str) -> None:
        async with self._lock:
            await self._lost(run, f"OpenCode was ended. {how}", "it hung")

    async def _lost(self, run: Run, reason: str, cause: str) -> None:
        """End what is left of a run that is over, or must be; and start another, unless that was too often."""
        if self.seen.run is not run or self.seen.state != "running":
            return
        self.seen.forget_restart()  # what comes now is another start
        lines = tuple(await run.last_lines())
        try:
            await run.end()  # its tools outlive it
            await self._over(run)
        except StopFailed as error:
            log.error("after the end of %s: %s", self.row.id, error)
            self.seen.run = None
        await self._retry.plan(reason, cause, lines)

    async def _whole(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run `work` to its end even if the caller goes away: half a start would be a process that nobody knows."""

        async def caught() -> NexusError | None:
            try:
                await work
            except NexusError as error:
                return error
            return None

        error = await asyncio.shield(self._around.tasks.spawn(caught(), f"{name} {self.row.id}"))
        if error is not None:
            raise error


def _as_start_failed(error: NexusError) -> StartFailed:
    return StartFailed(str(error), hint=error.hint, cause=error.code)
