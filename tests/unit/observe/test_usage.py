# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.machine import Machine
from opencode_nexus.observe.usage import STALE, Usage, measure


@pytest.fixture
def family() -> "Iterator[subprocess.Popen[bytes]]":
    """A process with one child, which burns a little processor time."""
    code = (
        "import subprocess, sys;"
        "p = subprocess.Popen([sys.executable, '-c', 'sum(range(3_000_000)); print(1, flush=True); input()'],"
        " stdin=subprocess.PIPE); sys.stdin.read(); p.communicate()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate()


def test_the_whole_tree_is_counted(family: "subprocess.Popen[bytes]") -> None:
    started = psutil.Process(family.pid).create_time()
    usage, seen = measure([("srv_1", family.pid, started)], {}, 0)
    assert usage["srv_1"].processes == 2
    assert usage["srv_1"].cpu is None
    assert usage["srv_1"].memory > psutil.Process(family.pid).memory_info().rss
    again, _ = measure([("srv_1", family.pid, started)], dict.fromkeys(seen, 0.0), 1.0)
    assert again["srv_1"].cpu == pytest.approx(100 * sum(seen.values()), rel=0.5)


def test_another_process_with_the_same_id_is_not_taken_for_the_server() -> None:
    usage, _ = measure([("srv_1", os.getpid(), 12345.0), ("srv_2", 2**22 + 1, 1.0)], {}, 1.0)
    assert usage == {}


@pytest.mark.anyio
async def test_figures_are_told_and_grow_stale(tmp_path: Path) -> None:
    clock, tasks = ManualClock(), Tasks()
    bus = Bus(clock)
    me = ("srv_me", os.getpid(), psutil.Process().create_time())
    usage = Usage(roots=lambda: [me], machine=Machine(tmp_path), bus=bus, clock=clock, tasks=tasks)
    assert usage.of("srv_me") is None
    await usage.pass_once()
    found = usage.of("srv_me")
    assert found is not None and found.memory > 1_000_000
    assert [record.topic for record in bus.since(0) or []] == ["usage"]
    clock.advance(STALE + 1)
    assert usage.of("srv_me") is None


@pytest.mark.anyio
async def test_it_measures_at_once_when_somebody_begins_to_look(tmp_path: Path) -> None:
    clock, tasks = ManualClock(), Tasks()
    bus = Bus(clock)
    usage = Usage(roots=list, machine=Machine(tmp_path), bus=bus, clock=clock, tasks=tasks)
    end = usage.watch()
    await usage.open()
    await bus.wait(0)
    await bus.wait(1)
    end()
    end()
    await tasks.close()
    assert (bus.since(0) or [])[1].topic == "usage"


def test_the_machine_is_measured(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    first = machine.measure()
    assert first.cpu is None and machine.latest is first
    while (second := machine.measure()).cpu is None:  # the kernel counts in steps of 10 ms
        sum(range(100_000))
    assert 0 <= second.cpu <= 100
    assert second.memory_total == psutil.virtual_memory().total
    assert second.disk_total is not None and 0 < (second.disk_used or 0) <= second.disk_total
    assert Machine(tmp_path / "gone").measure().disk_total is None
