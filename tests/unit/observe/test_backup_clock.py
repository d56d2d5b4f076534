# SPDX-License-Identifier: MIT
"""Backups by the clock: when one is due, which are kept, and what is said when it fails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.backup.backups import AGAIN, Backups, Plan
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database

pytestmark = pytest.mark.anyio

DAY = 86400.0


class Kept:
    """Backups of one home folder, whose plan and clock a test moves."""

    def __init__(self, home: Path, db: Database) -> None:
        self.clock, self.plan = ManualClock(), Plan("daily", 2, "", False)
        self.activity = Activity(db, Bus(self.clock), self.clock)
        sealed = SealedFile(home / "secrets")
        self.backups = Backups(
            home=home, vault=sealed, names=sealed.names, plan=lambda: self.plan, sessions=list,
            activity=self.activity, clock=self.clock, tasks=Tasks(),
        )  # fmt: skip

    def said(self) -> list[str]:
        return [row.kind for row in self.activity.recent(20)]


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield Kept(tmp_path, db)
    await db.close()


async def test_one_a_day_and_the_newest_are_kept(kept: Kept) -> None:
    by_hand = await kept.backups.make("")
    made = []
    for _ in range(4):
        kept.clock.advance(DAY / 2 + 1)
        made.append(await kept.backups.when_due())
        kept.clock.advance(DAY / 2 + 1)
        made.append(await kept.backups.when_due())
    assert [one is not None for one in made] == [True, False, True, False, True, False, True, False]
    left = await kept.backups.list()
    assert [one.auto for one in left] == [True, True, False]
    assert left[-1].name == by_hand.path.name
    newest = made[6]
    assert newest is not None
    assert left[0].name == newest.path.name


async def test_off_is_off(kept: Kept) -> None:
    kept.plan = Plan("off", 2, "", False)
    assert await kept.backups.when_due() is None
    assert await kept.backups.list() == ()


async def test_a_clock_that_was_set_back_does_not_stop_them(kept: Kept) -> None:
    kept.clock.advance(10 * DAY)
    assert await kept.backups.when_due() is not None
    kept.clock.jump(-5 * DAY)
    assert await kept.backups.when_due() is not None
    assert await kept.backups.when_due() is None  # not one at each look until that day comes


async def test_one_that_fails_is_told_once_and_tried_again(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept.plan = Plan("daily", 2, str(tmp_path / "file" / "backups"), False)
    for _ in range(3):
        assert await kept.backups.when_due() is None
        kept.clock.advance(AGAIN + 1)
    assert kept.said().count("backup-failed") == 1
    assert "could not be written" in kept.backups.problem
    kept.plan = Plan("daily", 2, "", False)
    assert await kept.backups.when_due() is not None
    assert kept.backups.problem == ""
