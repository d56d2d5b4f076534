# SPDX-License-Identifier: MIT
"""Processes without a hub: ours are ended, those of others are only named.

Ours carry a mark of this home in their environment. A server whose hub was killed is no orphan: the next hub takes it
up, with the agents at work on it.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil

from opencode_nexus.observe.doctor.around import Around, Mark
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.processes.identity import Identity, alive
from opencode_nexus.processes.tree import Marked, end_all, marked, self_and_parents
from opencode_nexus.store.db import Database
from opencode_nexus.store.servers import RunRow, Servers
from opencode_nexus.store.tunnels import TunnelTable

GRACE = 3.0  # seconds to end by themselves
KEEPERS = frozenset({"systemd", "init", "launchd"})  # whose child a process becomes when its parent ends
NAMED = 5  # processes of others
KINDS = {
    "server": "a server that is gone",
    "tunnel": "a tunnel that no hub watches",
    "install": "a download that was cut off",
}


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process of ours that nobody looks after; `what` is of what it is left."""

    identity: Identity
    name: str
    what: str

    def __str__(self) -> str:
        return f"process {self.identity.pid} ({self.name}), of {self.what}"


async def look(around: Around) -> Looked:
    """Find both kinds."""
    if around.db is None or around.services is None:
        return Looked("unknown", around.trouble)
    if around.hub == "elsewhere":
        return Looked("unknown", "A hub runs and does not answer, so whose they are cannot be told.")
    ours, others = await asyncio.gather(_ours(around), asyncio.to_thread(_others, around.services.marks()))
    also = f" Not ours, and left alone: {', '.join(others)}." if others else ""
    if ours:
        said = f"{len(ours)} of ours {'has' if len(ours) == 1 else 'have'} no hub: {'; '.join(map(str, ours))}.{also}"
        return Looked("fail", said, "They can be ended.", tuple(f"End {one}." for one in ours))
    return Looked("pass", f"None of ours.{also}")


async def fix(around: Around) -> None:
    """End those of ours: asked first, then killed."""
    await end_all([one.identity for one in await _ours(around)], GRACE)


async def _ours(around: Around) -> list[Orphan]:
    assert around.services is not None and around.db is not None
    marks, hub = around.services.marks(), around.hub == "here"
    # who carries a mark first, then the table: a run is written there before its process begins
    carriers = {mark: await asyncio.to_thread(marked, mark.variable, mark.prefix) for mark in marks if mark.prefix}
    above = await asyncio.to_thread(self_and_parents)
    looked_after = _looked_after(around.db, carriers, hub)
    found: list[Orphan] = []
    for mark, ones in carriers.items():
        if hub and mark.kind == "install":  # a download of this hub
            continue
        found += [
            Orphan(one.identity, _name(one.identity.pid), KINDS[mark.kind])
            for one in ones
            if one.identity.pid not in above and one.mark not in looked_after
        ]
    return sorted(found, key=lambda one: one.identity.pid)


def _looked_after(db: Database, carriers: Mapping[Mark, Sequence[Marked]], hub: bool) -> set[str]:
    """Return the marks of runs that a hub sees to, or would at its start."""
    servers = Servers(db)
    runs, there = servers.runs(), {row.id for row in servers.all()}
    if hub:  # it clears up itself after what has just died
        return {run.mark for run in runs} | {run.mark for run in TunnelTable(db).runs()}
    heads = {one.mark for ones in carriers.values() for one in ones}
    return {run.mark for run in runs if run.server_id in there and _lives(run, heads)}


def _lives(run: RunRow, heads: set[str]) -> bool:
    if run.pid is None or run.created is None:  # its hub was killed before it noted the process
        return run.mark in heads
    return alive(Identity(run.pid, run.created, run.birth))


def _others(marks: Sequence[Mark]) -> list[str]:
    """Name servers of OpenCode that nothing above them looks after and that are not ours."""
    return [f"process {pid} ({words})" for pid, words in _strangers(marks)][:NAMED]


def _strangers(marks: Sequence[Mark]) -> Iterator[tuple[int, str]]:
    for process in psutil.process_iter(["pid", "name"]):
        if "opencode" not in (process.info["name"] or "").lower():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            parent = process.parent()
            if parent is not None and parent.pid != 1 and parent.name() not in KEEPERS:
                continue
            told, words = process.environ(), process.cmdline()
            if not any(mark.prefix and told.get(mark.variable, "").startswith(mark.prefix) for mark in marks):
                yield process.pid, " ".join([process.info["name"], *words[1:2]])


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "gone"
