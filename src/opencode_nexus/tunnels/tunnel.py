# SPDX-License-Identifier: MIT
"""One tunnel: brings it to the state that is wanted, watches it, and takes it up again when it is lost."""

import asyncio
import logging
from dataclasses import replace

from opencode_nexus.core.errors import NexusError
from opencode_nexus.store.activity import Level
from opencode_nexus.tunnels.around import Around, Wanted
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import (
    CloudflaredEnded,
    CloudflaredSwapped,
    EdgeLost,
    OriginDown,
    QuicBlocked,
    RefusedUnheard,
    TunnelStopped,
)
from opencode_nexus.tunnels.figures import Graph
from opencode_nexus.tunnels.health import Finding, ended, judge
from opencode_nexus.tunnels.origins import astray, by_port
from opencode_nexus.tunnels.run import TunnelRun, how_it_ended, running_with
from opencode_nexus.tunnels.status import SelfTest, TunnelInfo, TunnelStatus
from opencode_nexus.tunnels.timer import Timer
from opencode_nexus.tunnels.visits import Visits

log = logging.getLogger(__name__)

QUICK = 0.1  # seconds between two looks while it comes up
HASTE = 15.0  # seconds for which it is looked at so often: an outage may last for hours
CALM = 1.0  # and later; a lost connection is told by the log, which is looked at each time
TELL = 5.0  # seconds between two notices when only its figures have changed
FAILURES = 100  # kept, for the pauses


class Tunnel:
    """A tunnel that is wanted. One task at a time looks after it, from its start until it is stopped."""

    def __init__(self, tunnel_id: str, config: TunnelConfig, created: float, around: Around) -> None:
        self.id, self.config, self.created = tunnel_id, config, created
        self.closings = 0  # how often somebody wanted it closed
        self._around, self._clock = around, around.runs.clock
        self._life: asyncio.Task[None] | None = None
        self._halt = asyncio.Event()
        self._wake = asyncio.Event()  # somebody does not want to wait for the next try
        self._spawning: asyncio.Future[None] | None = None
        self._run: TunnelRun | None = None
        self._timer = Timer(self._clock)
        self._graph = Graph()
        self._visits = Visits(around.test, around.tasks, self._clock, self.tell, self._close)
        self._failures: list[tuple[float, str]] = []
        self._finding = Finding("stopped")
        self._last = Finding("stopped")  # how it is to be once its life has ended
        self._since = self._clock.now()
        self._retry_at: float | None = None
        self._new_secret = False
        self._http2 = False  # the next start is over http2, whatever was chosen
        self._address = ""  # the last one that was reached
        self._news = ""
        self._told: tuple[float, object] = (0.0, None)

    # -- what is seen --------------------------------------------------------------------------------------------

    def info(self) -> TunnelInfo:
        """Return what is wanted and what is seen."""
        return TunnelInfo(self.id, self.config, self.status(), self.created)

    def status(self) -> TunnelStatus:
        """Return the tunnel as it is now."""
        run, finding, names = self._run, self._finding, self.names()
        common = TunnelStatus(
            state=finding.state,
            since=self._since,
            reason=finding.reason or (self._news if finding.state == "ready" else ""),
            problem=finding.problem.problem() if finding.problem is not None else None,
            retry_at=self._retry_at,
            graph=self._graph.columns(self._clock.now()),
        )
        if run is None:
            return replace(common, stops_at=self._timer.stops_at(self.config) if self.active else None)
        connected = run.signs.connections > 0
        return replace(
            common,
            stops_at=self._timer.stops_at(self.config),
            url=f"https://{names[0]}" if names else None,
            hostnames=names,
            connections=run.signs.connections,
            edges=run.edges(),
            protocol=run.signs.protocol if connected else None,
            round_trip_ms=run.figures.round_trip_ms if connected else None,
            requests=run.figures.requests,
            errors=run.figures.errors,
            pid=run.process.pid,
            started=run.process.identity.created,
            version=run.row.version,
            adopted=run.adopted,
            stale=self._new_secret or run.row.config != running_with(self.config),
            selftest=self._visits.result,
            testing=self._visits.under_way,
        )

    @property
    def active(self) -> bool:
        """Whether it is open, comes up, or waits for its next try."""
        return self._life is not None and not self._life.done()

    def names(self) -> tuple[str, ...]:
        """Return the public names that lead here through it now; none any more once it is told to stop."""
        return self._run.names() if self._run is not None and not self._halt.is_set() else ()

    def pid(self) -> int | None:
        """Return the id of its process."""
        return self._run.process.pid if self._run is not None else None

    def visited(self) -> None:
        """Somebody who may come in has come through it: it is not idle, and it reaches the hub."""
        self._timer.visited()
        if self._run is not None:
            self._run.signs.origin = None

    def tell(self) -> None:
        """Publish how it is."""
        self._told = (self._clock.monotonic(), self._figures())
        self._around.changed()
        self._around.bus.publish("tunnel", self.info())

    def _figures(self) -> object:
        run = self._run
        if run is None:
            return None
        return run.figures, run.signs.connections, self.names(), run.edges(), run.signs.protocol

    def _become(self, finding: Finding, retry_at: float | None = None) -> None:
        before, self._finding = self._finding, finding
        if finding.state != before.state:
            self._since = self._clock.now()
        said = (finding.state, finding.reason, str(finding.problem or ""), retry_at)
        same = said == (before.state, before.reason, str(before.problem or ""), self._retry_at)
        self._retry_at = retry_at
        told, figures = self._told
        if not same or (figures != self._figures() and self._clock.monotonic() - told >= TELL):
            self.tell()

    # -- what is asked for ---------------------------------------------------------------------------------------

    async def start(self, wanted: Wanted, *, by_hand: bool = True, news: str = "") -> None:
        """Return once cloudflared is spawned; raises NexusError when it cannot be, TunnelStopped when not `wanted` now.

        One that waits for its next try is tried at once. When `by_hand`, earlier failures no longer count. `news` is
        said beside the address.
        """
        if by_hand:
            self._failures.clear()
        if self._halt.is_set() and self._life is not None:
            await asyncio.wait({self._life})
        if not wanted():
            raise TunnelStopped()
        loop = asyncio.get_running_loop()
        if not self.active:
            self._halt.clear()
            self._address, self._news, self._last = "", news, Finding("stopped")
            self._timer.open(self._clock.now())
            self._spawning = loop.create_future()
            self._life = self._around.tasks.spawn(self._live(None), f"tunnel {self.id}")
        elif self._retry_at is not None:
            self._spawning = loop.create_future()
            self._wake.set()
        if self._spawning is not None:
            await asyncio.shield(self._spawning)

    async def stop(self, last: Finding | None = None) -> None:
        """Return when nothing of it is left; it is then as `last` says, stopped otherwise."""
        last = last or Finding("stopped")
        if self.active and not self._halt.is_set():
            self._last = last
            self._halt.set()  # its names are answered no longer, while its streams get a moment to end
            self._become(Finding(self._finding.state, "It is being closed."))
        self._halt.set()
        if self._life is not None and not self._life.done():
            await asyncio.wait({self._life})
        elif self._finding.state != last.state:
            self._become(last)

    def adopt(self, run: TunnelRun) -> None:
        """Take up a process that an earlier hub started."""
        self._timer.open(run.row.opened)
        self._run = run
        self._around.changed()
        self._life = self._around.tasks.spawn(self._live(run), f"tunnel {self.id}")

    def change(self, config: TunnelConfig, *, secret: bool) -> None:
        """Take over what is wanted now; a process that runs goes on as it was."""
        self.config = config
        self._new_secret = self._run is not None and (self._new_secret or secret)
        self.tell()

    async def test(self) -> SelfTest:
        """Visit the public address now, or wait for the visit that is under way."""
        return await self._visits.visit(self.status().url)

    def _close(self, last: Finding) -> None:
        self._around.tasks.spawn(self._close_for_good(last), f"close {self.id}")

    async def _close_for_good(self, last: Finding) -> None:
        """Close it, also for the hub's next start: until a person opens it, it stays closed."""
        await self.stop(last)
        if self.config.autostart:
            self.config = replace(self.config, autostart=False)
            await self._around.save(self, self.config)
            self.tell()

    # -- its life ------------------------------------------------------------------------------------------------

    async def _live(self, run: TunnelRun | None) -> None:
        try:
            while not self._halt.is_set():
                problem: NexusError | None = None
                try:
                    if run is None:
                        self._become(Finding("starting", "cloudflared is being started."))
                        run = await self._begin()
                    self._run, self._new_secret = run, False
                    self._spawned(None)
                    problem = await self._look_after(run)
                except NexusError as error:
                    problem = error
                    self._spawned(error)
                anew = isinstance(problem, QuicBlocked)  # it never was open: it goes on coming up
                if run is not None:
                    if problem is not None:
                        self._become(Finding("connecting" if anew else "degraded", "", problem))
                    await self._over(run)
                    run = None
                self._http2 = anew or isinstance(problem, RefusedUnheard)
                if anew:
                    continue
                if problem is None or self._halt.is_set() or not await self._wait(problem):
                    break
        except Exception as error:  # a full disk, say: the state must not stay at "starting"
            log.exception("tunnel %s", self.id)
            if run is not None:
                await self._over(run)
            problem = CloudflaredEnded(f"{error}.")
            self._last = Finding("failed", "", problem)
            self._spawned(problem)
        finally:
            self._spawned(TunnelStopped())
            self._life = None
            self._become(self._last)
        await self.note(f"tunnel-{self._last.state}", f"{self.config.name} was closed. {self._last.words}".strip())

    def _spawned(self, error: NexusError | None) -> None:
        """Tell whoever waits for the start how it went."""
        waiting, self._spawning = self._spawning, None
        if waiting is None or waiting.done():
            return
        if error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(error)
            waiting.exception()  # nobody may be waiting any more

    async def _begin(self) -> TunnelRun:
        program, halt = asyncio.ensure_future(self._around.program()), asyncio.ensure_future(self._halt.wait())
        try:
            await asyncio.wait({program, halt}, return_when=asyncio.FIRST_COMPLETED)
            if self._halt.is_set():
                raise TunnelStopped()
            return await self._around.runs.begin(
                self.id, self.config, program.result(), self._timer.opened, http2=self._http2
            )
        finally:
            program.cancel()
            halt.cancel()

    async def _look_after(self, run: TunnelRun) -> NexusError | None:
        """Watch it until it ends or is to be ended; returns after what it is to be started again, None: not at all."""
        runs, tasks = self._around.runs, self._around.tasks
        self._graph.begin(counted=run.adopted)
        gone = tasks.spawn(run.process.gone(), f"end of {self.id}")
        halt = tasks.spawn(self._halt.wait(), f"halt of {self.id}")
        try:
            while True:
                over, now = gone.done(), self._clock.monotonic()
                heard = await run.hear(ended=over)
                if run.signs.checksum and run.row.sha256 and run.signs.checksum != run.row.sha256:
                    return CloudflaredSwapped(f"It says {run.signs.checksum}, {run.row.sha256} was verified.")
                if over:
                    return ended(run.signs, how_it_ended(run.process), run.last_words())
                await run.look(now_please=heard)
                await runs.measures(run)
                self._graph.add(self._clock.now(), run.figures.requests, run.figures.errors)
                if self._halt.is_set():
                    return None
                if why := self._timer.over(self.config):
                    self._last = Finding("stopped", why)
                    return None
                if (problem := await self._led_astray(run)) is not None:
                    self._last = Finding("failed", "", problem)
                    return None
                # as of before its log was read, which tells its protocol: slow metrics are no silence there
                finding = judge(run.signs, now)
                if not run.open and run.signs.protocol == "http2":
                    return QuicBlocked()  # nobody knows the address yet, so nothing is lost by another one
                run.open = run.open or (run.signs.connections > 0 and finding.state in ("ready", "degraded"))
                await self._found(finding)
                if finding.action != "none":
                    return finding.problem or EdgeLost()
                calm = finding.state in ("ready", "failed") or self._clock.now() - self._since > HASTE
                await asyncio.wait({gone, halt}, timeout=CALM if calm else QUICK, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            halt.cancel()
            await run.let_go()

    async def _led_astray(self, run: TunnelRun) -> OriginDown | None:
        """Return why it must not stay open when Cloudflare's configuration leads visitors to another program here."""
        origins = self._around.runs.origins
        route = astray(run.signs.routes or (), origins.port, origins.left, origins.main)
        if route is None:
            return None
        words = f"{route.hostname or 'It'} leads to {route.service}, where another program may listen: it was closed."
        if self.config.kind != "api":
            return OriginDown(f"{words} Put {by_port(origins)} as the service at Cloudflare, and start it again.")
        if self.config.service:
            self.config = replace(self.config, service="")  # what stands there is not what we put
            await self._around.save(self, self.config)
        return OriginDown(f"{words} Start it again: it is led to {by_port(origins)} then.")

    async def _found(self, finding: Finding) -> None:
        before, names = self._finding, self.names()
        address = f"https://{names[0]}" if names else ""
        opened = finding.state == "ready" and address != self._address
        if opened:
            if self._address and self.config.kind == "quick":
                self._news = f"The address is new: {self._address} is no more. Cloudflare gives another one each start."
            self._address = address
        self._become(finding)
        if opened:
            self._visits.begin(address)
            await self.note("tunnel-ready", f"{self.config.name} is open at {address}. {self._news}".strip(), "success")
        elif finding.state == before.state:
            return
        elif finding.state == "ready":
            await self.note("tunnel-back", f"{self.config.name} is open again at {address}.")
        elif before.state == "ready" or finding.state == "failed":
            await self.note("tunnel-troubled", f"{self.config.name}: {finding.words}", "warning")

    async def _over(self, run: TunnelRun) -> None:
        self._visits.end()
        left = await run.end()
        self._run = None
        self._around.changed()
        if left:
            log.error("these processes of %s did not end: %s", self.id, [identity.pid for identity in left])
        else:
            await self._around.runs.forget(run.row.run_id)

    async def _wait(self, problem: NexusError) -> bool:
        """Wait until it is to be started again; False when it is not, or was stopped meanwhile."""
        now, before = self._clock.now(), self._failures[-1:]
        self._failures = [*self._failures, (now, problem.code)][-FAILURES:]
        pause = self._around.pauses.before_next(problem, self._failures, now)
        failed = Finding("failed", "", problem)
        if pause is None:
            self._last = failed
            return False
        self._wake.clear()
        self._become(failed, retry_at=now + pause)
        if [code for _, code in before] != [problem.code]:  # the same cause over and over is told once
            await self.note("tunnel-troubled", f"{self.config.name}: {problem} It is tried again.", "warning")
        end = self._timer.stops_at(self.config)
        events = [asyncio.ensure_future(event.wait()) for event in (self._halt, self._wake)]
        try:
            limit = pause if end is None else max(0.0, min(pause, end - now))
            await asyncio.wait(events, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for event in events:
                event.cancel()
        if why := self._timer.over(self.config):
            self._last = Finding("stopped", why)
            return False
        return not self._halt.is_set()

    async def note(self, kind: str, text: str, level: Level = "info") -> None:
        """Put a line on the list of what happened."""
        try:
            await self._around.activity.add(kind, text, level=level, tunnel_id=self.id)
        except Exception:  # a full disk, say: it is so even when it cannot be written down
            log.exception("not noted: %s", text)
