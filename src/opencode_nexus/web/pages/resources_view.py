# SPDX-License-Identifier: MIT
"""What was measured of a server, or of the machine, as pages show it: figures, graphs, and a table of both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from opencode_nexus.fleet.limits import NO_LIMITS, Limits
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.observe.history import MACHINE, Point, What
from opencode_nexus.observe.opencode_folders import DiskUse
from opencode_nexus.observe.trees import TreeUsage
from opencode_nexus.render.line_graph import line_graph
from opencode_nexus.render.page import bytes_text
from opencode_nexus.web.context import Hub


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that is looked at: `seconds` of it, `row` seconds to a row of the table.

    Where nothing was measured for over `gap` seconds, nothing is drawn.
    """

    key: str
    words: str
    begin: str
    seconds: float
    row: int
    gap: float


NOW = Period("now", "10 minutes", "10 minutes ago", 600, 60, 45)
PERIODS = {
    period.key: period
    for period in (
        NOW,
        Period("day", "A day", "a day ago", 86_400, 3600, 200),
        Period("month", "30 days", "30 days ago", 30 * 86_400, 86_400, 2000),
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of figure: its name, the newest in words, and its graph."""

    label: str
    now: str
    graph: Markup


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of a stretch that begins at `at`, in words: the mean of the processor, the most of all else."""

    at: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourcesView:
    """The values of `resources_parts.html`. `usage` and `disk` are None where they are not known."""

    server: ServerState
    period: Period
    figures: Sequence[Figure]
    rows: Sequence[Row]
    usage: TreeUsage | None
    disk: DiskUse | None
    limits: Limits
    guard: str
    way: str
    pace: float


@dataclass(frozen=True, slots=True)
class Line:
    """One server (or the machine) in the dashboard's table; `server_id` is "" for the machine."""

    server_id: str
    name: str
    cpu: Figure
    memory: Figure
    words: tuple[str, ...]
    guard: str = ""


Words = Callable[[float], str]


def _percent(value: float) -> str:
    return f"{value:.0f} %"


def _count(value: float) -> str:
    return f"{value:.0f}"


KINDS: tuple[tuple[What, str, Words], ...] = (
    ("cpu", "CPU", _percent),
    ("memory", "Memory", bytes_text),
    ("files", "Open files", _count),
    ("processes", "Processes", _count),
    ("disk", "Disk", bytes_text),
)


def resources(hub: Hub, server_id: str, period: Period = NOW) -> ResourcesView:
    """Return what is known of one server; raises ServerNotFound."""
    server = hub.fleet.get(server_id)
    local = server.kind == "local"
    usage = hub.usage.of(server_id)
    limits = server.limits
    points = {what: _points(hub, server_id, what, period) for what, _, _ in KINDS}
    figures = [
        _figure(hub, label, points[what], period, words, _limit(limits, what), _newest(usage, what))
        for what, label, words in KINDS
        if local and what != "disk"
    ]
    return ResourcesView(
        server=server,
        period=period,
        figures=figures,
        rows=rows(points, period),
        usage=usage,
        disk=hub.disk.of(server_id) if local else None,
        limits=limits,
        guard=hub.guard.words(server_id),
        way=hub.guard.way,
        pace=hub.usage.pace,
    )


def lines(hub: Hub) -> list[Line]:
    """Return the dashboard's table: a line for the machine, then one for each server that has a process here."""
    found = [_line(hub, "", "This machine", NO_LIMITS, None, ("", "", ""))]
    for server in hub.fleet.list():
        if server.pid is None:
            continue
        usage, kept = hub.usage.of(server.id), hub.disk.bytes(server.id)
        files = "not known" if usage is None or usage.files is None else str(usage.files)
        processes = "not known" if usage is None else str(usage.processes)
        words = (files, processes, bytes_text(kept))
        found.append(_line(hub, server.id, server.name, server.limits, usage, words))
    return found


def _line(hub: Hub, server_id: str, name: str, limits: Limits, usage: TreeUsage | None, words: tuple[str, ...]) -> Line:
    made: dict[str, Figure] = {}
    latest = hub.machine.latest
    of_machine = {"cpu": latest.cpu, "memory": latest.memory_used} if latest is not None else {}
    for what, label, in_words in KINDS[:2]:
        newest = _newest(usage, what) if server_id else of_machine.get(what)
        points = _points(hub, server_id or MACHINE, what, NOW)
        made[what] = _figure(hub, f"{label} of {name}", points, NOW, in_words, _limit(limits, what), newest)
    return Line(server_id, name, made["cpu"], made["memory"], words, hub.guard.words(server_id) if server_id else "")


def _points(hub: Hub, subject: str, what: What, period: Period) -> list[Point]:
    now = hub.clock.now()
    return hub.history.of(subject, what, now - period.seconds, now + 1)


def _figure(
    hub: Hub, label: str, points: list[Point], period: Period, words: Words, limit: float | None, newest: float | None
) -> Figure:
    until = hub.clock.now()
    most = max((value for _, value in points), default=0.0)
    now = "not known" if newest is None else words(newest)
    if points:
        mean = sum(value for _, value in points) / len(points)
        said = f"{label}, {period.words}: now {now}, {words(mean)} in the mean, {words(most)} at most."
    else:
        said = f"{label}, {period.words}: nothing was measured."
    top = max(most * 1.25, 100.0 if label.startswith("CPU") else 0.0)
    if limit is not None and limit <= 4 * top:
        top = max(top, limit * 1.1)  # so that the line of a limit that is near is seen
    graph = line_graph(points, until - period.seconds, until, said, top=top, gap=period.gap, mark=limit)
    return Figure(label, now, graph)


def _newest(usage: TreeUsage | None, what: str) -> float | None:
    return None if usage is None or what == "disk" else getattr(usage, what)


def _limit(limits: Limits, what: str) -> float | None:
    if what == "memory":
        return limits.memory_recycle or limits.memory_stop or limits.memory_warn
    return {"cpu": limits.cpu_percent, "processes": limits.processes}.get(what)


def rows(points: dict[What, list[Point]], period: Period) -> list[Row]:
    """Return a row for each stretch of the period, the newest first; where nothing was measured there is none."""
    sums: dict[int, dict[str, list[float]]] = {}
    for what, found in points.items():
        for at, value in found:
            sums.setdefault(int(at // period.row), {}).setdefault(what, []).append(value)
    made = []
    for number in sorted(sums, reverse=True):
        held = sums[number]
        words = []
        for what, _, in_words in KINDS:
            values = held.get(what, [])
            figure = sum(values) / len(values) if what == "cpu" and values else max(values, default=0.0)
            words.append(in_words(figure) if values else "not known")
        made.append(Row(float(number * period.row), tuple(words)))
    return made
