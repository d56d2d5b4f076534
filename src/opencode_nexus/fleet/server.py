# SPDX-License-Identifier: MIT
"""One server: brings it to the state that is wanted, and notices when it leaves it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.fleet.environment import USERNAME
from opencode_nexus.fleet.errors import PortTaken, StartFailed, StartStopped, StartTimeout, StopFailed
from opencode_nexus.fleet.probe import NoAnswer
from opencode_nexus.fleet.run import Run, Runs, how_it_ended
from opencode_nexus.fleet.state import ServerAccess, ServerState, State
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.processes.health import SILENT_AFTER, running
from opencode_nexus.processes.logfile import turn
from opencode_nexus.store.activity import Activity, Level
from opencode_nexus.store.servers import RunRow, ServerRow

log = logging.getLogger(__name__)

PORTS = 3  # tries with another port each
WATCH = 5.0  # seconds between two looks at a running server
ANSWER = 4.0  # seconds it may take to answer such a look
SILENT = "It runs but does not answer. It may be very busy."
OPENING = 180.0  # seconds that opening the first project may take: npm may bring a project's own packages


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every server of a fleet needs; `program` says which OpenCode to run, `prepare` makes its folders ready."""

    runs: Runs
    bus: Bus
    tasks: Tasks
    activity: Activity
    program: Callable[[], Awaitable[Path]]
    prepare: Callable[[], Awaitable[None]]
    backoff: Backoff


class Server:
    """A server that is wanted. Starting and stopping wait for each other; a stop ends a start that is under way."""

    def __init__(self, row: ServerRow, around: Surroundings) -> None:
        self.row = row
        self._around, self._clock = around, around.runs.clock
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._run: Run | None = None
        self._watch: asyncio.Task[None] | None = None
        self._retry: asyncio.Task[None] | None = None
        self._state: State = "stopped"
        self._since = self._clock.now()
        self._reason = ""
        self._lines: tuple[str, ...] = ()
        self._retry_at: float | None = None
        self._adopted = False
        self._removed = False

    # -- what is seen --------------------------------------------------------------------------------------------

    def state(self) -> ServerState:
        """Return the server as it is now."""
        run, row, now = self._run, self.row, self._clock.now()
        crashes = self._around.runs.store.crashes(row.id, now - self._around.backoff.window)
        return ServerState(
            id=row.id,
            name=row.name,
            projects=row.projects,
            state=self._state,
            pid=run.process.pid if run else None,
            started=run.process.identity.created if run else None,
            port=run.row.port if run else None,
            version=run.row.version if run else None,
            since=self._since,
            reason=self._reason,
            last_lines=self._lines,
            adopted=self._adopted,
            autostart=row.autostart,
            restarts=len(crashes),
            retry_at=self._retry_at,
        )

    def access(self) -> ServerAccess | None:
        """Return how to talk to it; None unless it runs."""
        if self._run is None or self._state != "running":
            return None
        return ServerAccess(f"http://127.0.0.1:{self._run.row.port}", USERNAME, self._run.password)

    def tell(self) -> None:
        """Publish the state."""
        self._around.bus.publish("server", self.state())

    def _become(
        self, state: State, reason: str = "", lines: tuple[str, ...] = (), retry_at: float | None = None
    ) -> None:
        if state != self._state:
            self._since = self._clock.now()
        self._state, self._reason, self._lines, self._retry_at = state, reason, lines, retry_at
        self.tell()

    # -- what is asked for ---------------------------------------------------------------------------------------

    async def start(self, *, by_hand: bool = True) -> None:
        """Return when it runs; raises StartFailed. When `by_hand`, earlier crashes no longer count."""
        self._stop.clear()
        if by_hand:
            self._cancel_retry()
        await self._whole(self._start(by_hand), "start")

    async def stop(self, *, for_good: bool = False) -> None:
        """Return when nothing of it is left; raises StopFailed when something does not end.

        After a stop `for_good` nothing starts it again, a start that waited for the stop neither.
        """
        self._stop.set()
        self._cancel_retry()
        await self._whole(self._end(for_good), "stop")

    async def adopt(self, row: RunRow, run: Run) -> None:
        """Take up a process that an earlier hub started.

        One that was never ready and does not become it is ended, and another started if wanted. One that was is
        taken up even when it does not answer: it may be busy, and ending it would lose its work.
        """
        async with self._lock:
            self._run, self._adopted = run, True
            self._become("starting", "It is being taken up: an earlier run of OpenCode Nexus started it.")
            try:
                version = await run.ready(self._clock, self._stop)
            except StartFailed as error:
                if isinstance(error, StartTimeout) and row.version is not None:
                    self._runs(SILENT)
                    await self._note("server-adopted", f"Took up {self.row.name}, which does not answer.", "warning")
                    return
                await self._give_up(run, error)
                self._become("failed", f"It could not be taken up. {error}", tuple(await run.last_lines()))
            else:
                await self._around.runs.answered(run, version)
                self._runs()
                await self._note("server-adopted", f"Took up {self.row.name}, which was still running.")
                return
        if self.row.autostart and not self._stop.is_set():
            await self.start_unasked()

    async def start_unasked(self) -> None:
        """Start without anybody waiting for it: a start that fails counts as a crash, and is tried again."""
        try:
            await self.start(by_hand=False)
        except StartStopped:
            return
        except StartFailed as error:
            async with self._lock:
                if self._stop.is_set() or self._run is not None:
                    return
                await self._plan_retry(self._reason, str(error), self._lines)

    async def settled(self) -> bool:
        """Wait until nothing is being started or stopped; tells whether it runs then."""
        async with self._lock:
            return self._state == "running"

    @property
    def being_taken_up(self) -> bool:
        """Whether an earlier hub's process is asked just now whether it still answers."""
        return self._adopted and self._state == "starting"

    async def busy(self) -> bool:
        """Ask it whether an agent works on it; one that does not answer may well be."""
        run = self._run
        if run is None:
            return False
        try:
            found = await asyncio.gather(*(run.probe.busy(project, ANSWER) for project in self.row.projects))
        except NoAnswer:
            return True
        return any(found)

    def leave(self) -> None:
        """Let go of it without touching the process: a later hub takes it up."""
        self._cancel_retry()
        self._unwatch()

    # -- starting ------------------------------------------------------------------------------------------------

    async def _start(self, by_hand: bool) -> None:
        async with self._lock:
            if self._run is not None and self._state == "running":
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
                self._run = None
                if isinstance(error, StartStopped):
                    self._become("stopped", error.title)
                else:
                    self._become("failed", str(error), tuple(lines) if isinstance(lines, list) else ())
                    if by_hand:  # otherwise it is told together with what happens next
                        await self._note("server-failed", f"{self.row.name} did not start. {error}", "error")
                raise error from caught
            except Exception as caught:  # a full disk, say: the state must not stay at "starting"
                self._run = None
                self._become("failed", f"{StartFailed.title} {caught}")
                raise StartFailed(f"{caught}") from caught

    async def _bring_up(self) -> None:
        for attempt in range(PORTS):
            self._adopted = False
            self._become("starting")
            program = await self._around.program()
            await self._around.prepare()
            self._run = run = await self._around.runs.begin(self.row, program)
            self.tell()
            try:
                version = await run.ready(self._clock, self._stop)
            except StartFailed as error:
                await self._give_up(run, error)
                if isinstance(error, PortTaken) and attempt + 1 < PORTS:
                    continue
                raise
            await self._around.runs.answered(run, version)
            self._runs()
            await self._note("server-started", f"{self.row.name} was started.", "success")
            return

    def _runs(self, reason: str = "") -> None:
        self._become("running", reason)
        assert self._run is not None
        self._watch = self._around.tasks.spawn(self._look_after(self._run), f"watch {self.row.id}")
        self._around.tasks.spawn(self._open_first(self._run), f"open {self.row.id}")

    async def _open_first(self, run: Run) -> None:
        """Open the first project now: this loads the shield, and the first chat need not wait for it."""
        try:
            await run.probe.open_project(self.row.projects[0], OPENING)
        except NoAnswer as error:
            log.info("%s did not open its first project: %s", self.row.id, error)

    async def _give_up(self, run: Run, error: StartFailed) -> None:
        self._run = None
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
            self._cancel_retry()  # a crash that was being dealt with may have planned one since
            self._unwatch()
            run = self._run
            if run is None:
                self._removed = for_good
                if self._state != "stopped":
                    self._become("stopped")
                return
            self._become("stopping", "Its agents are being stopped.")
            await run.stop_agents(self.row.projects)
            self._become("stopping")
            try:
                await run.end()
            except StopFailed as error:
                self._become("failed", str(error))
                raise
            await self._over(run)
            self._removed = for_good
            self._become("stopped")
            await self._note("server-stopped", f"{self.row.name} was stopped.")

    async def _over(self, run: Run) -> None:
        self._run, self._adopted = None, False
        await self._around.runs.forget(run.row.start_id)

    # -- while it runs -------------------------------------------------------------------------------------------

    async def _look_after(self, run: Run) -> None:
        answered = self._clock.monotonic() - (SILENT_AFTER if self._reason else 0)
        while True:
            try:
                async with asyncio.timeout(WATCH):
                    await run.process.gone()
                break
            except TimeoutError:
                pass
            await asyncio.to_thread(run.tree.sample)
            try:
                await asyncio.to_thread(turn, self._around.runs.host.log(self.row.id))
            except OSError as error:  # a full disk must not end the watch
                log.warning("the log of %s: %s", self.row.id, error)
            try:
                await run.probe.version(ANSWER)
                answered = self._clock.monotonic()
            except NoAnswer:
                pass
            health = running(now=self._clock.monotonic(), answered=answered)
            reason = SILENT if health == "silent" else ""
            if reason != self._reason:
                self._become("running", reason)
        self._around.tasks.spawn(self._crashed(run), f"crash of {self.row.id}")

    async def _crashed(self, run: Run) -> None:
        async with self._lock:
            if self._run is not run or self._state != "running":
                return
            ended = how_it_ended(run.process)
            lines = tuple(await run.last_lines())
            try:
                await run.end()  # its tools outlive it
                await self._over(run)
            except StopFailed as error:
                log.error("after the end of %s: %s", self.row.id, error)
                self._run = None
            await self._plan_retry(f"OpenCode ended unexpectedly{ended}.", ended.removeprefix(": "), lines)

    async def _plan_retry(self, reason: str, cause: str, lines: tuple[str, ...]) -> None:
        """Note the crash, for its `cause`, and when it is started again."""
        now, back_off, store = self._clock.now(), self._around.backoff, self._around.runs.store
        try:
            await store.crashed(self.row.id, now, cause)
            crashes = store.crashes(self.row.id, now - back_off.window)
        except Exception as error:  # a full disk, say: what cannot be counted must not be tried for ever
            log.exception("the crash of %s could not be noted", self.row.id)
            reason = f"{reason} It is not started again, because that could not be noted: {error}."
            self._become("failed", reason, lines)
            return
        pause = back_off.pause(crashes, now)
        if pause is None:
            minutes = f"{back_off.window / 60:.0f}"
            reason = f"{reason} That was {len(crashes)} times within {minutes} minutes, so it is not started again."
            self._become("failed", reason, lines)
            await self._note("server-given-up", self._named(reason), "error")
            return
        self._become("failed", reason, lines, retry_at=now + pause)
        self._retry = self._around.tasks.spawn(self._start_after(pause), f"retry {self.row.id}")
        await self._note("server-crashed", f"{self._named(reason)} It is started again.", "warning")

    def _named(self, reason: str) -> str:
        """Return a reason, which speaks of OpenCode, with the server's name instead."""
        said = reason.removeprefix("OpenCode ")
        return f"{self.row.name}: {reason}" if said == reason else f"{self.row.name} {said}"

    async def _start_after(self, pause: float) -> None:
        await asyncio.sleep(pause)
        self._retry = None
        await self.start_unasked()

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

    # -- small things --------------------------------------------------------------------------------------------

    def _cancel_retry(self) -> None:
        if self._retry is not None and self._retry is not asyncio.current_task():
            self._retry.cancel()
        self._retry, self._retry_at = None, None

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _note(self, kind: str, text: str, level: Level = "info") -> None:
        try:
            await self._around.activity.add(kind, text, level=level, server_id=self.row.id)
        except Exception:  # a full disk, say: it is so even when it cannot be written down
            log.exception("not noted: %s", text)


def _as_start_failed(error: NexusError) -> StartFailed:
    return StartFailed(str(error), hint=error.hint, cause=error.code)
