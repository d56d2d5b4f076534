# SPDX-License-Identifier: MIT
"""What was measured, for graphs, alerts and metrics: ten minutes as sampled, a day by the minute, a month by the
quarter of an hour."""

import math
from array import array
from collections.abc import Callable
from typing import Literal, get_args

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.observe.machine import Machine, MachineSample
from opencode_nexus.observe.trees import TreeUsage
from opencode_nexus.store.samples import KEPT, MINUTE, QUARTER, Sample, Samples

What = Literal["cpu", "memory", "files", "processes", "disk"]
WHATS: tuple[What, ...] = get_args(What)
MACHINE = "machine"  # what the machine's own figures are kept under
FRESH = 600  # seconds that are kept as they were sampled, each second at most
SECONDS = 600  # samples of them
SLACK = 5.0  # seconds: who asks for the last ten minutes asked its own clock a moment ago

Point = tuple[float, float]
"""When (epoch seconds), and how much."""


class Ring:
    """The newest samples of one subject: 48 bytes each."""

    def __init__(self) -> None:
        self._columns = {name: array("d") for name in ("at", *WHATS)}

    def add(self, sample: Sample, at: float) -> None:
        """Keep a sample; those that a clock that was set back makes later than it are dropped."""
        times = self._columns["at"]
        over = len(times) - SECONDS + 1
        if over > 0:
            for column in self._columns.values():
                del column[:over]
        while times and times[-1] >= at:
            for column in self._columns.values():
                column.pop()
        times.append(at)
        for name in WHATS:
            self._columns[name].append(getattr(sample, name))

    @property
    def begin(self) -> float:
        """When the oldest sample was taken; infinity when there is none."""
        times = self._columns["at"]
        return times[0] if times else math.inf

    @property
    def end(self) -> float:
        """When the newest sample was taken; minus infinity when there is none."""
        times = self._columns["at"]
        return times[-1] if times else -math.inf

    def of(self, what: What, since: float, until: float) -> list[Point]:
        """Return what is known of `what`, oldest first."""
        pairs = zip(self._columns["at"], self._columns[what], strict=True)
        return [(at, value) for at, value in pairs if since <= at < until and value == value]


class Minute:
    """One minute of a subject as it comes in."""

    def __init__(self, at: int) -> None:
        self.at, self._cpu, self._count, self._most = at, 0.0, 0, dict.fromkeys(WHATS[1:], math.nan)

    def add(self, sample: Sample) -> None:
        """Take one sample in."""
        if sample.cpu == sample.cpu:
            self._cpu, self._count = self._cpu + sample.cpu, self._count + 1
        for name, most in self._most.items():
            value = getattr(sample, name)
            if value == value and not value <= most:  # NaN is never less
                self._most[name] = value

    def sample(self, subject: str) -> Sample:
        """Return the minute so far: the mean of the processor, the most of all else."""
        mean = self._cpu / self._count if self._count else math.nan
        return Sample(subject, MINUTE, self.at, mean, **self._most)


class History:
    """Listens to the bus (topic "usage"); `disk(server_id)` tells how much OpenCode keeps for a server, in bytes."""

    def __init__(
        self, *, samples: Samples, machine: Machine, bus: Bus, clock: Clock, disk: Callable[[str], int | None]
    ) -> None:
        self._samples, self._machine, self._bus, self._clock, self._disk = samples, machine, bus, clock, disk
        self._rings: dict[str, Ring] = {}
        self._minutes: dict[str, Minute] = {}
        self._quarter = 0

    def open(self) -> None:
        """Keep from now on what is measured."""
        now = self._clock.now()
        self._samples.sum_up(now - KEPT[MINUTE], now)  # what an earlier hub had no time for
        self._samples.prune()
        self._quarter = int(now) // QUARTER
        self._bus.listen(self._heard, "usage")

    def close(self) -> None:
        """Write the minute that is under way."""
        self._samples.keep([minute.sample(subject) for subject, minute in self._minutes.items()])
        self._minutes = {}

    def of(self, subject: str, what: What, since: float, until: float) -> list[Point]:
        """Return what is kept of a server (by id) or of MACHINE, oldest first; what was not measured is not there.

        The finest that reaches back to `since`: as sampled (10 minutes), by the minute (a day), else by the quarter of
        an hour, in which the newest minutes stand for themselves.
        """
        now, ring = self._clock.now(), self._rings.get(subject)
        begin = until
        newest: list[Point] = []
        if since >= now - FRESH - SLACK and ring is not None and ring.begin < until:
            newest, begin = ring.of(what, since, until), ring.begin
            if begin <= since:
                return newest
            begin -= MINUTE - 1  # a minute that reaches into the ring is told by the ring
        rows: list[Sample] = []
        if since < now - KEPT[MINUTE] - SLACK:
            rows = self._samples.of(subject, QUARTER, since, begin)
        after = rows[-1].at + QUARTER if rows else since
        rows += self._samples.of(subject, MINUTE, max(after, since), begin)
        under_way = self._minutes.get(subject)
        if not newest and under_way is not None and since <= under_way.at < begin:
            rows.append(under_way.sample(subject))
        older = [(float(row.at), getattr(row, what)) for row in rows]
        return [(at, value) for at, value in older if value == value] + newest

    def _heard(self, record: Record) -> None:
        now = record.at
        fresh: dict[str, Sample] = {}
        if (latest := self._machine.latest) is not None:
            fresh[MACHINE] = _of_machine(latest)
        measured = record.data if isinstance(record.data, dict) else {}
        for server_id, usage in measured.items():
            fresh[server_id] = _of_tree(server_id, usage, self._disk(server_id))
        minute = int(now) // MINUTE * MINUTE
        over = [subject for subject, open_one in self._minutes.items() if open_one.at != minute]
        done = [self._minutes.pop(subject).sample(subject) for subject in over]
        for subject, sample in fresh.items():
            self._rings.setdefault(subject, Ring()).add(sample, now)
            self._minutes.setdefault(subject, Minute(minute)).add(sample)
        if done:
            self._samples.keep(done)
            self._rings = {subject: ring for subject, ring in self._rings.items() if ring.end > now - FRESH}
        if (quarter := int(now) // QUARTER) != self._quarter:
            self._quarter = quarter
            self._samples.sum_up(now - 2 * QUARTER, now)
            self._samples.prune()


def _of_machine(sample: MachineSample) -> Sample:
    figures = (sample.cpu, sample.memory_used, None, None, sample.disk_used)
    return Sample(MACHINE, 0, 0, *(math.nan if figure is None else figure for figure in figures))


def _of_tree(server_id: str, usage: TreeUsage, disk: int | None) -> Sample:
    figures = (usage.cpu, usage.memory, usage.files, usage.processes, disk)
    return Sample(server_id, 0, 0, *(math.nan if figure is None else figure for figure in figures))
