# SPDX-License-Identifier: MIT
"""Drafts and picks: versions, so that no device overwrites another's silently."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.composing.drafts import LIFE, Drafts, Picked
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store.db import Database
from opencode_nexus.store.drafts import DraftRow, DraftRows, Pick, Picks

pytestmark = pytest.mark.anyio

ME, S = "usr_1", "ses_1"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield db
    await db.close()


async def test_a_draft_is_changed_only_by_who_knows_it(db: Database) -> None:
    clock = ManualClock(1_800_000_000.0)
    drafts = Drafts(DraftRows(db), clock)
    assert drafts.get(ME, S) == DraftRow("", 0)
    assert await drafts.save(ME, S, "one", 0) == (True, DraftRow("one", 1))
    assert await drafts.save(ME, S, "other", 0) == (False, DraftRow("one", 1))
    assert await drafts.save(ME, S, "one", 0) == (True, DraftRow("one", 1))  # the same words are no conflict
    assert await drafts.save(ME, S, "two", 1) == (True, DraftRow("two", 2))
    assert drafts.get("usr_2", S) == DraftRow("", 0)
    # what was sent goes: by its words, or by the version that they were a change of
    await drafts.clear(ME, S, "something else", 1)
    assert drafts.get(ME, S).text == "two"
    await drafts.clear(ME, S, "two!", 2)
    assert drafts.get(ME, S) == DraftRow("", 3)
    await drafts.save(ME, S, "three", 3)
    await drafts.clear(ME, S, "three", None)
    assert drafts.get(ME, S) == DraftRow("", 5)


async def test_old_drafts_end(db: Database) -> None:
    clock = ManualClock(1_800_000_000.0)
    drafts = Drafts(DraftRows(db), clock)
    await drafts.save(ME, S, "old", 0)
    clock.advance(LIFE + 1)
    await drafts.save(ME, "ses_2", "new", 0)
    await db.flush()
    assert (drafts.get(ME, S).text, drafts.get(ME, "ses_2").text) == ("", "new")


async def test_a_pick_is_the_sessions_then_the_folders_then_the_last(db: Database) -> None:
    picked = Picked(Picks(db), ManualClock(0.0))
    picked.used(ME, S, "/shop", "mine/m1", "build", "high", own=True)
    picked.used(ME, "ses_2", "/shop", "practice/p", "plan", "", own=False)
    await db.flush()
    assert picked.session(ME, S) == Pick("mine/m1", "build", "high")
    assert picked.project(ME, "/shop") == Pick("mine/m1", "build", "high")
    assert picked.last(ME) == Pick("practice/p", "plan", "")
    assert picked.session("usr_2", S) == picked.project(ME, "/other") == Pick()
