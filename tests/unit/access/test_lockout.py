# SPDX-License-Identifier: MIT
import asyncio
from pathlib import Path

import pytest

from opencode_nexus.access.errors import LoginBusy, LoginLocked
from opencode_nexus.access.lockout import (
    FAILURES,
    KNOWN,
    LOCK,
    LONGEST_DELAY,
    WAITING_PER_SOURCE,
    WAITING_STRANGERS,
    Lockout,
    account_of,
    cleared,
    counted,
    delay,
    is_known,
    lock_left,
    locked,
)
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store.db import Database
from opencode_nexus.store.lockouts import LockoutRow, Lockouts
from tests.unit.access.conftest import World

NOW = 1_800_000_000.0


def test_the_delay_grows_and_is_capped() -> None:
    assert [delay(n) for n in (0, 4, 5, 6, 7, 8, 9, 10, 10**9)] == [0, 0, 0.5, 1, 2, 4, 8, 8, LONGEST_DELAY]


def test_the_fifth_failure_locks() -> None:
    row = LockoutRow()
    for n in range(1, FAILURES):
        row = counted(row, NOW + n)
        assert (row.failures, row.locked_until) == (n, 0)
    row = counted(row, NOW + 10)
    assert (row.failures, row.locked_until) == (FAILURES, NOW + 10 + LOCK)


def test_while_it_is_locked_nothing_is_added() -> None:
    row = LockoutRow(FAILURES, NOW, NOW + LOCK)
    assert counted(row, NOW + LOCK - 1) is row
    assert lock_left(row, NOW + LOCK - 1) == 1


def test_after_the_lock_counting_begins_anew() -> None:
    row = counted(LockoutRow(FAILURES, NOW, NOW + LOCK), NOW + LOCK)
    assert (row.failures, row.locked_until) == (1, 0)


def test_a_failure_is_forgotten_after_half_an_hour() -> None:
    assert counted(LockoutRow(4, NOW), NOW + LOCK - 1).failures == 5
    assert counted(LockoutRow(4, NOW), NOW + LOCK).failures == 1


def test_a_clock_that_was_set_back_does_not_lock_for_ever() -> None:
    row = LockoutRow(FAILURES, NOW, NOW + LOCK)
    assert lock_left(row, NOW - 86400) == 0
    assert counted(row, NOW - 86400).failures == 1


def test_success_clears_and_is_remembered() -> None:
    row = cleared(LockoutRow(4, NOW), NOW + 1)
    assert row == LockoutRow(succeeded=NOW + 1)
    assert is_known(row, NOW + KNOWN)
    assert not is_known(row, NOW + 1 + KNOWN)
    assert not is_known(LockoutRow(), NOW)


def test_the_lock_is_told_in_minutes() -> None:
    assert "30 minutes" in locked(LOCK).detail
    assert "1 minute." in locked(3).detail
    assert locked(3.2).data["retry_after"] == 4


def test_an_account_is_the_same_however_its_name_is_typed() -> None:
    assert account_of(" ADA") == account_of("ada")
    assert account_of("ada") != account_of("bob")
    assert account_of("\ud800")  # a lone surrogate from JSON


@pytest.mark.anyio
async def test_strangers_are_delayed_by_failures_elsewhere_and_known_sources_are_not(world: World) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    lockout = Lockout(Lockouts(world.db), world.clock, sleep)
    for _ in range(FAILURES):
        await lockout.begin("ada", "10.0.0.1", False)
    assert slept == []
    await lockout.begin("ada", "10.0.0.2", False)
    await lockout.begin("ada", "10.0.0.3", False)
    assert slept == [0.5, 1.0]
    await lockout.succeeded("ada", "10.0.0.2")
    with lockout.admitted("ada", "10.0.0.2") as known:
        assert known
        await lockout.begin("ada", "10.0.0.2", known)
    assert slept == [0.5, 1.0]
    world.clock.advance(LOCK)
    await lockout.begin("ada", "10.0.0.4", False)  # all is forgiven by now
    assert slept == [0.5, 1.0]


@pytest.mark.anyio
async def test_one_source_that_tries_many_names_is_delayed_too(world: World) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    lockout = Lockout(Lockouts(world.db), world.clock, sleep)
    for n in range(FAILURES + 2):
        await lockout.begin(f"name{n}", "10.0.0.1", False)
    assert slept == [0.5, 1.0]


@pytest.mark.anyio
async def test_tries_sent_together_are_counted_one_by_one(world: World) -> None:
    lockout = Lockout(Lockouts(world.db), world.clock)
    outcomes = await asyncio.gather(*(lockout.begin("ada", "10.0.0.1", True) for _ in range(8)), return_exceptions=True)
    assert sorted(o for o in outcomes if isinstance(o, int)) == [0, 1, 2, 3, 4]
    assert [type(o) for o in outcomes if not isinstance(o, int)] == [LoginLocked] * 3


@pytest.mark.anyio
async def test_the_number_that_waits_is_bounded_for_a_source_and_for_strangers(world: World) -> None:
    from contextlib import ExitStack

    lockout = Lockout(Lockouts(world.db), world.clock)
    await lockout.succeeded("ada", "10.9.9.9")
    with ExitStack() as stack:
        for _ in range(WAITING_PER_SOURCE):
            stack.enter_context(lockout.admitted("ada", "10.0.0.0"))
        with pytest.raises(LoginBusy), lockout.admitted("ada", "10.0.0.0"):
            pass
        for n in range(WAITING_STRANGERS - WAITING_PER_SOURCE):
            stack.enter_context(lockout.admitted("ada", f"10.0.1.{n}"))
        with pytest.raises(LoginBusy), lockout.admitted("ada", "10.0.2.1"):
            pass
        with lockout.admitted("ada", "10.9.9.9") as known:  # the owner still gets in
            assert known
    with lockout.admitted("ada", "10.0.0.0") as known:
        assert not known


@pytest.mark.anyio
async def test_rows_are_pruned_when_they_no_longer_matter(tmp_path: Path) -> None:
    db, clock = Database(tmp_path / "n.db"), ManualClock()
    await db.open()
    try:
        rows = Lockouts(db)
        lockout = Lockout(rows, clock)
        await lockout.succeeded("ada", "known")
        await lockout.begin("ada", "old", False)
        clock.advance(LOCK + 1)
        await lockout.begin("ada", "new", False)
        await lockout.prune()
        assert [r["source"] for r in db.read("SELECT source FROM lockouts ORDER BY source")] == [
            "known",
            "new",
        ]
        clock.advance(KNOWN + 1)
        await lockout.prune()
        assert db.read("SELECT source FROM lockouts") == []
        for n in range(5):
            clock.advance(1)
            await lockout.begin("ada", f"s{n}", False)
        await rows.prune(0, 0, 2)
        assert [r["source"] for r in db.read("SELECT source FROM lockouts ORDER BY source")] == ["s3", "s4"]
    finally:
        await db.close()


@pytest.mark.anyio
async def test_a_flood_of_names_prunes_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.access.lockout.PRUNE_EVERY", 3)
    lockout = Lockout(Lockouts(world.db), world.clock)
    await lockout.begin("a", "s1", True)
    world.clock.advance(LOCK + 1)
    await lockout.begin("b", "s1", True)
    assert len(world.db.read("SELECT 1 FROM lockouts")) == 2
    await lockout.begin("c", "s1", True)
    assert len(world.db.read("SELECT 1 FROM lockouts")) == 2  # b and c; a is forgotten
