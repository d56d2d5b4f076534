# SPDX-License-Identifier: MIT
"""So many start at once, the others in the order in which they came."""

import asyncio

import pytest

from opencode_nexus.fleet.errors import StartStopped
from opencode_nexus.fleet.gate import Gate

pytestmark = pytest.mark.anyio


class Crowd:
    """Tasks at a gate; `inside` in the order in which they were let in, `stopped` those that never will be."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.inside, self.stopped = gate, list[str](), set[str]()
        self.stops: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def come(self, *names: str) -> None:
        for name in names:
            self.stops[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._enter(name))

    async def _enter(self, name: str) -> None:
        try:
            await self.gate.enter(self.stops[name])
        except StartStopped:  # kept by a task that nobody asks, it was told at the set-up of some later test
            self.stopped.add(name)
        else:
            self.inside.append(name)

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_the_others_wait_in_their_order() -> None:
    crowd = Crowd(Gate(lambda: 2))
    crowd.come(*"abcd")
    await crowd.settle()
    assert crowd.inside == ["a", "b"] and crowd.gate.full
    crowd.gate.leave()
    await crowd.settle()
    assert crowd.inside == ["a", "b", "c"]
    for _ in range(3):
        crowd.gate.leave()
    await crowd.settle()
    assert crowd.inside == ["a", "b", "c", "d"] and not crowd.gate.full


async def test_who_is_stopped_or_cancelled_while_waiting_leaves_no_gap() -> None:
    crowd = Crowd(Gate(lambda: 1))
    crowd.come(*"abcd")
    await crowd.settle()
    crowd.stops["b"].set()
    crowd.tasks["c"].cancel()
    await crowd.settle()
    assert crowd.stopped == {"b"}
    crowd.gate.leave()
    await crowd.settle()
    assert crowd.inside == ["a", "d"]
    crowd.gate.leave()
    assert not crowd.gate.full


async def test_a_turn_that_comes_together_with_the_stop_is_passed_on() -> None:
    crowd = Crowd(Gate(lambda: 1))
    crowd.come(*"abcd")
    await crowd.settle()
    crowd.gate.leave()  # it is b's turn, and in the same moment b is stopped
    crowd.stops["b"].set()
    await crowd.settle()
    assert crowd.inside == ["a", "c"] and crowd.stopped == {"b"}
    crowd.gate.leave()
    crowd.tasks["d"].cancel()
    await crowd.settle()
    assert crowd.inside == ["a", "c"] and not crowd.gate.full


async def test_a_higher_limit_lets_more_in_at_the_next_leaving() -> None:
    most = 1
    crowd = Crowd(Gate(lambda: most))
    crowd.come(*"abcd")
    await crowd.settle()
    most = 3
    crowd.gate.leave()
    await crowd.settle()
    assert crowd.inside == ["a", "b", "c", "d"]


async def test_a_closed_gate_turns_all_away() -> None:
    crowd = Crowd(Gate(lambda: 1))
    crowd.come(*"abc")
    await crowd.settle()
    crowd.gate.close()
    crowd.gate.leave()
    crowd.come("d")
    await crowd.settle()
    assert crowd.inside == ["a"] and crowd.stopped == set("bcd")
    assert not crowd.gate.full
