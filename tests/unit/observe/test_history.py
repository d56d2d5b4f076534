# SPDX-License-Identifier: MIT
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.observe.history import FRESH, MACHINE, SECONDS, History
from opencode_nexus.observe.machine import Machine
from opencode_nexus.observe.trees import TreeUsage
from opencode_nexus.store.db import Database
from opencode_nexus.store.samples import KEPT, MINUTE, QUARTER, Samples

pytestmark = pytest.mark.anyio
BEGIN = 1_800_000_000.0  # a whole quarter of an hour


class Scene:
    """A history on a database; `pass_` is one pass of the sampler."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, ManualClock(BEGIN)

    async def open(self) -> None:
        self.db = Database(self.path / "nexus.db")
        await self.db.open()
        self.bus, self.machine = Bus(self.clock), Machine(self.path)
        self.samples = Samples(self.db, self.clock)
        self.history = History(
            samples=self.samples, machine=self.machine, bus=self.bus, clock=self.clock, disk=lambda server_id: 7_000
        )
        self.history.open()

    def pass_(self, seconds: float, cpu: float | None = 10.0, memory: int = 1_000) -> None:
        self.bus.publish("usage", {"srv": TreeUsage(cpu, memory, 3, 900, 20)})
        self.clock.advance(seconds)

    def of(self, what: str, back: float) -> list[tuple[float, float]]:
        return self.history.of("srv", what, self.clock.now() - back, self.clock.now())  # type: ignore[arg-type]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.open()
    yield made
    await made.db.close()


async def test_ten_minutes_are_kept_as_they_were_sampled(scene: Scene) -> None:
    for second in range(700):
        scene.pass_(1, cpu=float(second))
    found = scene.of("cpu", FRESH)
    assert [value for _, value in found] == [float(second) for second in range(100, 700)]
    assert found[0][0] == BEGIN + 100 and len(found) == SECONDS
    assert {value for _, value in scene.of("disk", FRESH)} == {7_000.0}
    assert len(scene.of("cpu", FRESH + 0.1)) == SECONDS  # asked a moment before, by another reading of the clock


async def test_what_is_not_known_is_not_there(scene: Scene) -> None:
    scene.pass_(10, cpu=None)
    scene.pass_(10, cpu=5.0)
    assert [value for _, value in scene.of("cpu", FRESH)] == [5.0]
    assert len(scene.of("memory", FRESH)) == 2
    assert scene.history.of(MACHINE, "cpu", BEGIN, BEGIN + 60) == []


async def test_a_day_is_kept_by_the_minute_the_mean_and_the_most(scene: Scene) -> None:
    for minute in range(30):
        for number in range(6):
            scene.pass_(10, cpu=10.0 * number, memory=minute * 100 + number)
    await scene.db.flush()
    rows = scene.samples.of("srv", MINUTE, BEGIN, BEGIN + 86_400)
    assert len(rows) == 29 and (rows[3].at, rows[3].cpu, rows[3].memory) == (BEGIN + 180, 25.0, 305.0)
    # the minute that is under way is there as well
    assert [value for _, value in scene.of("memory", 3600)] == [minute * 100 + 5.0 for minute in range(30)]


async def test_thirty_days_are_kept_by_the_quarter_and_no_more(scene: Scene) -> None:
    for _ in range(31 * 96):  # one look at each quarter of an hour
        scene.pass_(QUARTER, memory=random.randrange(1000, 2000))
    await scene.db.flush()
    count = scene.db.one("SELECT count(*), min(at) FROM samples WHERE step = 900")
    assert count is not None and 0 <= count[0] - KEPT[QUARTER] // QUARTER <= 1
    minutes = scene.db.one("SELECT count(*) FROM samples WHERE step = 60")
    assert minutes is not None and minutes[0] <= 97
    found = scene.of("memory", 30 * 86_400)
    assert len(found) == 30 * 96
    assert [at for at, _ in found] == sorted({at for at, _ in found})


async def test_another_hub_goes_on_where_the_one_before_ended(scene: Scene) -> None:
    for _ in range(20 * 6):
        scene.pass_(10, memory=500)
    scene.pass_(0, memory=900)
    scene.history.close()
    await scene.db.close()
    scene.clock.advance(60)
    await scene.open()
    scene.pass_(1, memory=100)
    found = [value for _, value in scene.of("memory", 1300)]
    assert found == [500.0] * 20 + [900.0] + [100.0]
    await scene.db.flush()
    assert [row.at for row in scene.samples.of("srv", QUARTER, BEGIN, BEGIN + 86_400)] == [BEGIN]
    # the last ten minutes reach back into what was written
    assert len(scene.of("memory", 300)) == 5


async def test_a_clock_that_is_set_back_leaves_one_line_of_time(scene: Scene) -> None:
    for _ in range(60):
        scene.pass_(10)
    scene.clock.jump(-300)
    for _ in range(10):
        scene.pass_(1, memory=42)
    times = [at for at, _ in scene.of("memory", FRESH)]
    assert times == sorted(times) and scene.of("memory", FRESH)[-1][1] == 42.0
