# SPDX-License-Identifier: MIT
"""Keeps servers within their limits: warns, has them restarted when idle, and stops them at the hard one."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.cgroup import Cgroups
from opencode_nexus.observe.runaway import biggest
from opencode_nexus.observe.trees import TreeUsage
from opencode_nexus.processes.identity import Identity, identify
from opencode_nexus.processes.tree import end_all
from opencode_nexus.store.activity import Activity

log = logging.getLogger(__name__)

Stage = Literal["", "warn", "recycle", "stop"]
WATCHING = (
    "Limits are kept by watching: memory and processes are looked at every 10 seconds, near a limit every 2; "
    "a CPU limit is warned of after a minute."
)
NEAR = 0.7  # of a limit: from here on it is looked at more often
BACK = 0.9  # of a limit: below it the warning is over, so that a figure that goes up and down is told of once
AGAIN = 600.0  # seconds before a server is restarted for its memory once more: what it needs at once, it needs
LONG = 60.0  # seconds that the processor is over its limit before it is told: a build is no fault
PATIENT = 5  # passes in which tools are spared, and only what they started is ended
GRACE = 1.0  # seconds for a tool to end by itself


class Bounds(Protocol):
    """`fleet.limits.Limits`: bytes of memory, per cent of one core, processes; None: no such limit."""

    @property
    def memory_warn(self) -> int | None: ...
    @property
    def memory_recycle(self) -> int | None: ...
    @property
    def memory_stop(self) -> int | None: ...
    @property
    def cpu_percent(self) -> float | None: ...
    @property
    def processes(self) -> int | None: ...


class Servers(Protocol):
    """What the guard may do with servers (`app.py` hands the fleet in)."""

    def name(self, server_id: str) -> str: ...
    def limits(self, server_id: str) -> Bounds: ...
    def planned(self, server_id: str) -> str:
        """Why it is restarted when it is idle; "" when it is not."""
        ...

    def recycle(self, server_id: str, reason: str) -> Coroutine[Any, Any, None]:
        """Restart it now when it is idle, else as soon as it is."""
        ...

    def keep_running(self, server_id: str) -> None:
        """Take back a restart that waits for it to be idle."""
        ...

    def stop(self, server_id: str) -> Coroutine[Any, Any, None]: ...


@dataclass(slots=True)
class Case:
    """What the guard knows of one run of a server, told from another by its process id."""

    pid: int
    stage: Stage = ""
    hot_since: float | None = None
    hot: bool = False
    crowded: int = 0  # passes in a row with too many processes
    asked: bool = False  # for a restart
    bounds: Bounds | None = None  # that the kernel was told
    words: str = ""
    reason: str = ""


@dataclass(slots=True)
class Guard:
    """Judges each pass of the sampler; one judgement at a time."""

    servers: Servers
    bus: Bus
    clock: Clock
    tasks: Tasks
    activity: Activity
    groups: Cgroups | None = None  # where the kernel keeps limits too
    _cases: dict[str, Case] = field(default_factory=dict)
    _recycled: dict[str, float] = field(default_factory=dict)
    _stopped: dict[str, str] = field(default_factory=dict)
    _judging: bool = False

    @property
    def way(self) -> str:
        """Say how limits are kept here, in a sentence or two."""
        return " ".join(one for one in (WATCHING, self.groups.words if self.groups else "") if one)

    def open(self) -> None:
        """Judge from now on."""
        self.bus.listen(self._heard, "usage")

    def near(self, measured: dict[str, TreeUsage]) -> bool:
        """Whether a server is so close to one of its limits that it is to be looked at more often."""
        for server_id, usage in measured.items():
            try:
                bounds = self.servers.limits(server_id)
            except NexusError:  # removed meanwhile
                continue
            memory = [one for one in (bounds.memory_warn, bounds.memory_recycle, bounds.memory_stop) if one]
            if memory and usage.memory > NEAR * min(memory):
                return True
            if bounds.processes and usage.processes > NEAR * bounds.processes:
                return True
        return False

    def words(self, server_id: str) -> str:
        """Say what the guard has to say of a server now, in a sentence; "" when that is nothing."""
        case = self._cases.get(server_id)
        return case.words if case is not None else self._stopped.get(server_id, "")

    def _heard(self, record: Record) -> None:
        if not self._judging and isinstance(record.data, dict):
            self._judging = True
            self.tasks.spawn(self._judge(record.data), "guard")

    async def _judge(self, measured: dict[str, TreeUsage]) -> None:
        try:
            for server_id in [one for one in self._cases if one not in measured]:
                self._over(server_id)
            for server_id, usage in measured.items():
                try:
                    await self.judge(server_id, usage)
                except NexusError as error:
                    log.error("the guard of %s: %s", server_id, error)
                except Exception:  # a full disk, say: one server must not take the guard from the others
                    log.exception("the guard of %s", server_id)
        finally:
            self._judging = False

    async def judge(self, server_id: str, usage: TreeUsage) -> None:
        """Compare one server's figures with its limits, and do what they ask for."""
        bounds, pid = self.servers.limits(server_id), usage.members[0].pid if usage.members else 0
        case = self._cases.get(server_id)
        if case is None or case.pid != pid:
            self._over(server_id)
            case = self._cases[server_id] = Case(pid)
            self._stopped.pop(server_id, None)
        if self.groups is not None and case.bounds != bounds:
            case.bounds = bounds
            await asyncio.to_thread(self.groups.apply, server_id, [one.pid for one in usage.members], bounds)
        await self._memory(server_id, case, usage, bounds)
        await self._processor(server_id, case, usage, bounds)
        await self._processes(server_id, case, usage, bounds)

    def _over(self, server_id: str) -> None:
        """Close the case of a run that has ended."""
        case = self._cases.pop(server_id, None)
        if self.groups is not None:
            self.groups.forget(server_id)
        if case is not None and case.asked:
            self._recycled[server_id] = self.clock.monotonic()

    # -- memory --------------------------------------------------------------------------------------------------

    async def _memory(self, server_id: str, case: Case, usage: TreeUsage, bounds: Bounds) -> None:
        if case.stage == "stop":  # it is ending, which takes seconds
            return
        steps: tuple[tuple[Stage, int | None], ...] = (
            ("warn", bounds.memory_warn), ("recycle", bounds.memory_recycle), ("stop", bounds.memory_stop)
        )  # fmt: skip
        order = ["", "warn", "recycle", "stop"]
        stage: Stage = ""
        limit = 0
        for step, at in steps:
            held = order.index(case.stage) >= order.index(step)
            if at is not None and usage.memory > (BACK * at if held else at):
                stage, limit = step, at
        if stage == case.stage:
            if stage == "recycle" and not case.asked and self._may_recycle(server_id):
                case.asked = True
                self._spawn(self.servers.recycle(server_id, case.reason), f"recycle {server_id}")
            return
        before, case.stage = case.stage, stage
        if order.index(stage) < order.index(before):
            if case.reason and self.servers.planned(server_id) == case.reason and order.index(stage) < 2:
                self.servers.keep_running(server_id)
            case.asked = case.asked and order.index(stage) >= 2
            if not stage:
                case.words = case.reason = ""
            return
        name, takes = self.servers.name(server_id), f"It takes {amount(usage.memory)} of memory"
        self._tell(server_id, "memory", stage, usage.memory, limit)
        if stage == "warn":
            case.words = f"{takes}; {amount(limit)} is where to warn of it."
            await self._note(server_id, "limit-warned", f"{name}: {case.words}", "warning")
        elif stage == "recycle":
            case.words = case.reason = f"{takes}; its limit is {amount(limit)}."
            await self._recycle(server_id, name, case)
        else:
            said = f"It was stopped: it took {amount(usage.memory)} of memory, and its hard limit is {amount(limit)}."
            case.words = self._stopped[server_id] = said
            await self._note(server_id, "limit-stopped", f"{name}: {said}", "error")
            self._spawn(self._stop(server_id, case), f"stop {server_id}")

    async def _recycle(self, server_id: str, name: str, case: Case) -> None:
        if not self._may_recycle(server_id):
            case.words += " It was restarted for that just now, so it needs more than its limit. Raise the limit."
            await self._note(server_id, "limit-too-low", f"{name}: {case.words}", "warning")
            return
        case.asked = True
        # at once when it is idle, else as soon as it is; the fleet says so in the activity list, with the reason
        self._spawn(self.servers.recycle(server_id, case.reason), f"recycle {server_id}")

    async def _stop(self, server_id: str, case: Case) -> None:
        try:
            await self.servers.stop(server_id)
        except NexusError:
            case.stage = ""  # the next pass tries again
            raise

    def _may_recycle(self, server_id: str) -> bool:
        last = self._recycled.get(server_id)
        return last is None or self.clock.monotonic() - last >= AGAIN

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Let it go on beside the judging: a restart takes seconds, and other servers are judged meanwhile."""

        async def caught() -> None:
            try:
                await work
            except NexusError as error:
                log.error("%s: %s", name, error)

        self.tasks.spawn(caught(), name)

    # -- the rest ------------------------------------------------------------------------------------------------

    async def _processor(self, server_id: str, case: Case, usage: TreeUsage, bounds: Bounds) -> None:
        limit, now = bounds.cpu_percent, self.clock.monotonic()
        if limit is None or usage.cpu is None or usage.cpu <= (BACK * limit if case.hot else limit):
            case.hot, case.hot_since = False, None
            return
        case.hot_since = now if case.hot_since is None else case.hot_since
        if case.hot or now - case.hot_since < LONG:
            return
        case.hot = True
        self._tell(server_id, "cpu", "warn", usage.cpu, limit)
        said = f"It has used {usage.cpu:.0f} % of a core for over a minute; its limit is {limit:.0f} %."
        await self._note(server_id, "limit-warned", f"{self.servers.name(server_id)}: {said}", "warning")

    async def _processes(self, server_id: str, case: Case, usage: TreeUsage, bounds: Bounds) -> None:
        limit = bounds.processes
        if limit is None or usage.processes <= limit:
            case.crowded = 0
            return
        case.crowded += 1
        branches = biggest(usage.members, limit, tools=case.crowded > PATIENT)
        names = ", ".join(sorted({branch[0].name for branch in branches}))
        ended = sum(len(branch) for branch in branches)
        if case.crowded == 1 or case.crowded == PATIENT + 1:
            self._tell(server_id, "processes", "stop", usage.processes, limit)
            said = f"It had {usage.processes} processes; its limit is {limit}. "
            said += f"{ended} are ended: {names}." if ended else "None can be ended without ending a tool."
            if case.crowded > PATIENT:
                said += " The agent's turn may wait for its tool from now on: stop it in the chat."
            await self._note(server_id, "runaway-ended", f"{self.servers.name(server_id)}: {said}", "warning")
        pids = [member.pid for branch in branches for member in branch]
        left = await end_all(await asyncio.to_thread(_identities, pids), GRACE)
        if left:
            log.error("these did not end: %s", [one.pid for one in left])

    def _tell(self, server_id: str, what: str, level: Stage, value: float, limit: float) -> None:
        crossing: dict[str, Any] = {
            "server_id": server_id, "what": what, "level": level, "value": value, "limit": limit
        }  # fmt: skip
        self.bus.publish("limit", crossing)

    async def _note(self, server_id: str, kind: str, text: str, level: Literal["warning", "error"]) -> None:
        try:
            await self.activity.add(kind, text, level=level, server_id=server_id)
        except Exception:  # a full disk must not keep the guard from its work
            log.exception("not noted: %s", text)


def _identities(pids: Iterable[int]) -> list[Identity]:
    return [found for pid in pids if (found := identify(pid)) is not None]


def amount(count: float) -> str:
    """Return bytes in words, such as "1.2 GB" (powers of 1000)."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
