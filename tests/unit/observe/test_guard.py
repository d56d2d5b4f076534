# SPDX-License-Identifier: MIT
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.errors import NotFound
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.guard import AGAIN, LONG, PATIENT, Guard
from opencode_nexus.observe.runaway import biggest
from opencode_nexus.observe.trees import Kind, Member, Trees, TreeUsage
from opencode_nexus.processes.table import read
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database

pytestmark = pytest.mark.anyio
GB = 1_000_000_000


@dataclass
class Bounds:
    memory_warn: int | None = None
    memory_recycle: int | None = None
    memory_stop: int | None = None
    cpu_percent: float | None = None
    processes: int | None = None


@dataclass
class Servers:
    """What was asked of the servers, in order; a busy one keeps a plan."""

    bounds: Bounds = field(default_factory=Bounds)
    busy: bool = False
    plan: str = ""
    asked: list[str] = field(default_factory=list)

    def name(self, server_id: str) -> str:
        return "One"

    def limits(self, server_id: str) -> Bounds:
        if server_id != "srv":
            raise NotFound(server_id)
        return self.bounds

    def planned(self, server_id: str) -> str:
        return self.plan

    async def recycle(self, server_id: str, reason: str) -> None:
        self.plan = reason if self.busy else ""
        self.asked.append(f"recycle {reason}")

    def keep_running(self, server_id: str) -> None:
        self.plan = ""
        self.asked.append("keep")

    async def stop(self, server_id: str) -> None:
        self.asked.append("stop")


class Scene:
    def __init__(self, db: Database) -> None:
        self.clock, self.tasks, self.servers = ManualClock(), Tasks(), Servers()
        self.bus = Bus(self.clock)
        self.activity = Activity(db, self.bus, self.clock)
        self.guard = Guard(self.servers, self.bus, self.clock, self.tasks, self.activity)
        self.guard.open()

    async def pass_(self, memory: float = 0.1, cpu: float = 1.0, pid: int = 1000, gone: bool = False) -> None:
        """One pass of the sampler, and all that comes of it; `memory` in GB."""
        usage = TreeUsage(cpu, int(memory * GB), 1, members=(member(pid, 1, 0, "server"),))
        self.bus.publish("usage", {} if gone else {"srv": usage})
        while self.tasks._tasks:
            await asyncio.sleep(0)

    def notes(self) -> list[tuple[str, str]]:
        return [(row.kind, row.text) for row in reversed(self.activity.recent(50))]

    def crossings(self) -> list[tuple[str, str]]:
        told = [record.data for record in self.bus.since(0) or [] if record.topic == "limit"]
        return [(data["what"], data["level"]) for data in told if isinstance(data, dict)]


def member(pid: int, parent: int, depth: int, kind: Kind = "", name: str = "x") -> Member:
    return Member(pid, parent, depth, kind, name, name, 0.0, 1000, 3)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield Scene(db)
    await db.close()


async def test_it_warns_once_however_the_figure_swings(scene: Scene) -> None:
    scene.servers.bounds = Bounds(memory_warn=GB)
    for memory in (0.5, 1.1, 0.95, 1.05, 1.2):
        await scene.pass_(memory)
    assert scene.notes() == [("limit-warned", "One: It takes 1.1 GB of memory; 1.0 GB is where to warn of it.")]
    assert scene.guard.words("srv").startswith("It takes 1.1 GB")
    await scene.pass_(0.8)
    assert scene.guard.words("srv") == "" and scene.servers.asked == []
    await scene.pass_(1.1)
    assert scene.crossings() == [("memory", "warn")] * 2


async def test_over_its_limit_a_restart_is_asked_for_and_taken_back_when_the_memory_is_given_back(scene: Scene) -> None:
    scene.servers.bounds, scene.servers.busy = Bounds(memory_warn=GB, memory_recycle=2 * GB), True
    await scene.pass_(2.5)
    await scene.pass_(2.6)
    reason = "It takes 2.5 GB of memory; its limit is 2.0 GB."
    assert scene.servers.asked == [f"recycle {reason}"] and scene.servers.plan == reason
    await scene.pass_(1.5)
    assert scene.servers.asked[1:] == ["keep"]
    await scene.pass_(2.5)
    assert scene.servers.asked[2:] == [f"recycle {reason}"]


async def test_a_restart_that_another_asked_for_is_not_taken_back(scene: Scene) -> None:
    scene.servers.bounds, scene.servers.busy = Bounds(memory_recycle=2 * GB), True
    await scene.pass_(2.5)
    scene.servers.plan = "That was asked for."
    await scene.pass_(0.5)
    assert "keep" not in scene.servers.asked


async def test_what_needs_more_than_its_limit_is_not_restarted_again_and_again(scene: Scene) -> None:
    scene.servers.bounds = Bounds(memory_recycle=GB)
    await scene.pass_(1.5, pid=1)
    await scene.pass_(gone=True)
    await scene.pass_(1.5, pid=2)
    await scene.pass_(1.6, pid=2)
    assert len(scene.servers.asked) == 1
    assert "Raise the limit" in scene.guard.words("srv") and [kind for kind, _ in scene.notes()] == ["limit-too-low"]
    scene.clock.advance(AGAIN + 1)
    await scene.pass_(1.5, pid=2)
    await scene.pass_(1.5, pid=2)
    assert len(scene.servers.asked) == 2


async def test_at_the_hard_limit_it_is_stopped_and_that_is_said_until_it_runs_again(scene: Scene) -> None:
    scene.servers.bounds, scene.servers.busy = Bounds(memory_recycle=GB, memory_stop=3 * GB), True
    await scene.pass_(5)
    await scene.pass_(5)  # it is still ending
    await scene.pass_(0.2)
    assert scene.servers.asked == ["stop"] and "its hard limit is 3.0 GB" in scene.guard.words("srv")
    await scene.pass_(gone=True)
    assert "its hard limit is 3.0 GB" in scene.guard.words("srv")
    assert [kind for kind, _ in scene.notes()] == ["limit-stopped"] and scene.crossings() == [("memory", "stop")]
    await scene.pass_(0.5, pid=2)
    assert scene.guard.words("srv") == ""


async def test_the_processor_is_told_of_when_it_is_over_its_limit_for_long(scene: Scene) -> None:
    scene.servers.bounds = Bounds(cpu_percent=100)
    await scene.pass_(cpu=150)
    scene.clock.advance(LONG / 2)
    await scene.pass_(cpu=50)
    await scene.pass_(cpu=150)
    scene.clock.advance(LONG / 2)
    await scene.pass_(cpu=150)
    assert scene.notes() == []
    scene.clock.advance(LONG / 2)
    for _ in range(3):
        await scene.pass_(cpu=150)
    assert scene.crossings() == [("cpu", "warn")] and len(scene.notes()) == 1


async def test_a_server_that_was_removed_meanwhile_is_no_trouble(scene: Scene) -> None:
    scene.bus.publish("usage", {"gone": TreeUsage(1.0, 5, 1)})
    await scene.pass_(0.5)
    assert not scene.guard.near({"gone": TreeUsage(1.0, 5, 1)})


async def test_near_a_limit_is_from_seventy_per_cent_on(scene: Scene) -> None:
    scene.servers.bounds = Bounds(memory_recycle=GB, memory_stop=4 * GB, processes=100)
    assert not scene.guard.near({"srv": TreeUsage(1.0, int(0.6 * GB), 60)})
    assert scene.guard.near({"srv": TreeUsage(1.0, int(0.8 * GB), 60)})
    assert scene.guard.near({"srv": TreeUsage(1.0, 0, 71)})


@pytest.fixture
def crowd() -> Iterator[psutil.Process]:
    """A "server" with a quiet child, and with one that has six of its own."""
    many = "import subprocess as s, sys, time; [s.Popen(['sleep', '600']) for _ in range(6)]; time.sleep(600)"
    code = f"import subprocess as s, sys; s.Popen(['sleep', '601']); s.Popen([sys.executable, '-c', {many!r}]); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        root = psutil.Process(process.pid)
        yield root
        for one in root.children(recursive=True):
            one.kill()
        process.kill()


async def test_the_biggest_branch_is_ended_and_the_rest_goes_on(scene: Scene, crowd: psutil.Process) -> None:
    while len(crowd.children(recursive=True)) < 8:
        await asyncio.sleep(0.02)
    scene.servers.bounds = Bounds(processes=4)
    scene.bus.publish("usage", Trees().measure([("srv", crowd.pid, crowd.create_time())], read()))
    while scene.tasks._tasks:
        await asyncio.sleep(0.02)
    left = [one for one in crowd.children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]
    assert [one.cmdline()[:2] for one in left] == [["sleep", "601"], [sys.executable, "-c"]]
    assert crowd.is_running()
    assert "It had 9 processes; its limit is 4. 6 are ended: sleep" in scene.notes()[0][1]


def test_tools_are_spared_at_first_and_language_and_mcp_servers_are_the_last_to_go() -> None:
    tree = [
        member(1, 0, 0, "server"), member(2, 1, 1, "MCP server"), member(3, 1, 1),
        member(4, 2, 2), member(5, 2, 2), member(6, 3, 2), member(7, 6, 3),
    ]  # fmt: skip

    def chosen(limit: int, tools: bool = False) -> list[list[int]]:
        return [[one.pid for one in branch] for branch in biggest(tree, limit, tools=tools)]

    assert chosen(7) == [] and biggest([], 1) == []
    assert chosen(6) == [[6, 7]]
    assert chosen(1) == [[6, 7], [4, 5]]
    assert chosen(5, tools=True) == [[3, 6, 7]]
    assert chosen(1, tools=True) == [[3, 6, 7], [2, 4, 5]]


async def test_a_tool_that_starts_ever_more_is_ended_itself_at_last(scene: Scene) -> None:
    scene.servers.bounds = Bounds(processes=2)
    big = 2**22  # no process has such an id
    tree = (member(big, 1, 0, "server"), member(big + 1, big, 1), member(big + 2, big + 1, 2))
    for _ in range(PATIENT + 2):
        scene.bus.publish("usage", {"srv": TreeUsage(1.0, 1, 3, members=tree)})
        while scene.tasks._tasks:
            await asyncio.sleep(0)
    first, last = scene.notes()
    assert "1 are ended" in first[1] and "2 are ended" in last[1] and "stop it in the chat" in last[1]
