# SPDX-License-Identifier: MIT
"""A clock that jumps deletes nothing for its age: not the timeline, not what was measured."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.calendar import CONFIRMED, Calendar
from opencode_nexus.store.db import Database
from opencode_nexus.store.samples import MINUTE, QUARTER, Sample, Samples

pytestmark = pytest.mark.anyio
DAY, HOUR = 86_400.0, 3600.0


class Home:
    """What a hub keeps for a month; `restart` begins another hub on the same file."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, ManualClock()
        self.begin()

    def begin(self) -> None:
        self.activity = Activity(self.db, Bus(self.clock), self.clock)
        self.samples = Samples(self.db, self.clock)

    async def restart(self) -> None:
        await self.db.flush()
        self.clock = ManualClock(self.clock.now())  # its monotonic one begins at 0 again, as after a boot
        self.begin()

    def measured(self, step: int) -> None:
        at = int(self.clock.now()) // step * step
        self.samples.keep([Sample("srv", step, at, 1.0, 1.0, 1.0, 1.0, 1.0)])

    async def kept(self) -> tuple[list[str], int]:
        """Which lines and how many samples are left after a round of cleaning, which leaves a line itself."""
        self.samples.prune()
        await self.activity.add("login", "now")
        await self.db.flush()
        count = self.db.one("SELECT count(*) FROM samples")
        assert count is not None
        return [row.text for row in reversed(self.activity.recent(50)) if row.text != "now"], count[0]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    made = Home(db)
    await made.activity.add("login", "old")
    made.measured(QUARTER)
    made.clock.advance(10 * DAY)
    await made.activity.add("login", "young")
    made.measured(QUARTER)
    made.measured(MINUTE)
    yield made
    await db.close()


ALL = (["old", "young"], 3)


@pytest.mark.parametrize("again", [False, True], ids=["the hub runs on", "another hub"])
@pytest.mark.parametrize("days", [40, 20_000, -40], ids=lambda days: f"{days} days")
async def test_a_wrong_clock_deletes_nothing(home: Home, days: int, again: bool) -> None:
    assert await home.kept() == ALL
    home.clock.jump(days * DAY)
    if again:
        await home.restart()
    for _ in range(5):
        assert await home.kept() == ALL
        home.clock.advance(HOUR / 2)
    home.clock.jump(-days * DAY)  # somebody sets it right
    if again:
        await home.restart()
    assert await home.kept() == ALL
    home.clock.advance(DAY)  # and then all goes on as ever: the minute is over a day old
    assert await home.kept() == (["old", "young"], 2)
    home.clock.jump(days * DAY)
    assert await home.kept() == (["old", "young"], 2)
    home.clock.jump(-days * DAY)
    home.clock.advance(19.5 * DAY)
    assert await home.kept() == (["young"], 1)


async def test_a_clock_that_stays_is_believed_after_three_hours(home: Home) -> None:
    home.clock.jump(60 * DAY)
    assert await home.kept() == ALL
    home.clock.advance(CONFIRMED - 1)
    assert await home.kept() == ALL
    home.clock.jump(-10 * DAY)  # it is set back: the three hours begin anew
    assert await home.kept() == ALL
    home.clock.advance(CONFIRMED - 1)
    assert await home.kept() == ALL
    home.clock.advance(1)
    assert await home.kept() == ([], 0)


async def test_after_a_month_without_the_hub_its_last_one_goes_three_hours_later(home: Home) -> None:
    await home.kept()
    home.clock.advance(25 * DAY)
    await home.restart()
    assert await home.kept() == ALL
    home.clock.advance(CONFIRMED)
    assert await home.kept() == (["young"], 1)


@pytest.mark.parametrize("again", [False, True], ids=["a machine that sleeps", "another hub each time"])
async def test_a_hub_that_is_opened_now_and_then_for_an_hour_deletes_too(home: Home, again: bool) -> None:
    await home.kept()
    for _ in range(3):
        assert await home.kept() == ALL
        home.clock.jump(10 * DAY)
        if again:
            await home.restart()
        assert await home.kept() == ALL
        home.clock.advance(HOUR)
    assert await home.kept() == ([], 0)
    if again:
        await home.restart()
    home.clock.jump(10 * DAY)  # and the next doubt takes its own three hours
    home.measured(MINUTE)
    home.clock.jump(10 * DAY)
    for _ in range(2):
        home.clock.advance(HOUR)
        assert await home.kept() == ([], 1)


async def test_corrections_and_an_hours_sleep_are_no_jump(home: Home) -> None:
    calendar = Calendar(home.db, home.clock)
    for seconds in (HOUR, -HOUR, 20 * HOUR, -20 * HOUR):
        assert calendar.today() is not None
        home.clock.jump(seconds)
        assert calendar.today() == home.clock.now()


async def test_the_date_is_noted_once_an_hour(home: Home) -> None:
    noted = await noted_at(home)
    home.clock.advance(HOUR - 1)
    await home.activity.add("login", "soon")
    assert await noted_at(home) == noted
    home.clock.advance(1)
    await home.activity.add("login", "later")
    assert await noted_at(home) == pytest.approx(noted + HOUR)


async def noted_at(home: Home) -> float:
    await home.db.flush()
    row = home.db.one("SELECT value FROM kv WHERE key = 'calendar'")
    assert row is not None
    return float(row["value"])
