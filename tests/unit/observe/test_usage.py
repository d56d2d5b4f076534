# SPDX-License-Identifier: MIT
import os
from pathlib import Path

import psutil
import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.machine import Machine
from opencode_nexus.observe.usage import NEAR, QUIET, STALE, WATCHED, Usage


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
    assert usage.pace == WATCHED
    end()
    end()
    assert usage.pace == QUIET
    await tasks.close()
    assert (bus.since(0) or [])[1].topic == "usage"


def test_near_a_limit_it_measures_more_often(tmp_path: Path) -> None:
    clock = ManualClock()
    usage = Usage(
        roots=list, machine=Machine(tmp_path), bus=Bus(clock), clock=clock, tasks=Tasks(), near=lambda measured: True
    )
    assert usage.pace == NEAR


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
