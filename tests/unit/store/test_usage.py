# SPDX-License-Identifier: MIT
"""Answers are counted once, in whatever order and however often they are told."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_nexus.store.db import Database
from opencode_nexus.store.usage import Answer, Named, Sums, UsageStore
from opencode_nexus.store.usage_reports import UsageReports

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000  # ms
DAY = 86_400_000


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "nexus.db")
    await database.open()
    yield database
    await database.close()


def answer(number: int, session: str = "ses_a", root: str = "ses_a", **more: object) -> Answer:
    told = {"project": "/p", "created": NOW + number, "provider": "x", "model": "m", "done": True, **more}
    return Answer(f"msg_{number:03}", "srv_1", session, root, **told)  # type: ignore[arg-type]


figures: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {name: st.integers(0, 10_000) for name in ("input", "output", "reasoning", "cache_read", "cache_write")}
)


@st.composite
def told(draw: st.DrawFn) -> tuple[list[Answer], list[Answer]]:
    """Some answers at their end, and everything that is told of them: beginnings, ends, repeats and a fork's copies."""
    ends, tellings = [], []
    for number in range(draw(st.integers(1, 8))):
        agent = draw(st.booleans())
        end = answer(
            number, "ses_b" if agent else "ses_a", created=NOW + number + DAY * draw(st.integers(0, 2)),
            cost=draw(st.integers(0, 64)) / 64, **draw(figures),
        )  # fmt: skip
        ends.append(end)
        begun = replace(end, input=0, output=0, reasoning=0, cache_read=0, cache_write=0, cost=0.0, done=False)
        tellings += [begun] * draw(st.integers(0, 2)) + [end] * draw(st.integers(1, 3))
        if draw(st.booleans()):
            copy = replace(end, id=f"msg_9{number:02}", session_id="ses_fork", root_id="ses_fork", early=True)
            tellings += [copy] * draw(st.integers(1, 2))
    return ends, draw(st.permutations(tellings))


def plain(answers: list[Answer]) -> Sums:
    names = ("input", "output", "reasoning", "cache_read", "cache_write", "cost")
    unpriced = sum(1 for one in answers if one.tokens and not one.cost)
    return Sums(len(answers), unpriced, **{name: sum(getattr(one, name) for one in answers) for name in names})


# Each example has a database of its own, which may take long. Nothing is drawn in the coroutine: how hypothesis gives
# an example up there would end the loop that all tests of a worker share.
@settings(max_examples=40, deadline=None)
@given(told(), st.integers(0, 2**32))
async def test_shuffled_and_repeated_tellings_give_the_same_sums(
    tmp_path_factory: pytest.TempPathFactory, one: tuple[list[Answer], list[Answer]], seed: int
) -> None:
    ends, tellings = one
    chance = random.Random(seed)
    db = Database(tmp_path_factory.mktemp("told") / "nexus.db")
    await db.open()
    try:
        store, reports = UsageStore(db), UsageReports(db)
        while tellings:  # in pieces of any length
            cut = chance.randint(1, len(tellings))
            await store.put(tellings[:cut])
            tellings = tellings[cut:]
        assert store.total("root", "ses_a") == plain(ends)
        assert store.total("root", "ses_fork").answers == 0
        for session in ("ses_a", "ses_b"):
            assert store.total("session", session) == plain([end for end in ends if end.session_id == session])
        for day in {end.day for end in ends}:
            assert store.total("day", day) == plain([end for end in ends if end.day == day])
        assert await reports.whole("0000-00-00", "9999-99-99") == plain(ends)
        groups = await reports.groups("session", "0000-00-00", "9999-99-99")
        assert [(group.key, group.sums) for group in groups] == [("ses_a", plain(ends))]
    finally:
        await db.close()


async def test_an_agents_answer_moves_to_its_chat_when_that_is_known(db: Database) -> None:
    store = UsageStore(db)
    await store.put([answer(1, "ses_b", "ses_b", input=5)])
    assert store.total("root", "ses_b").input == 5
    await store.put([answer(1, "ses_b", "ses_a", input=5)])
    assert (store.total("root", "ses_b"), store.total("root", "ses_a").input) == (Sums(), 5)
    assert store.total("session", "ses_b").input == 5


async def test_the_newest_answer_that_is_still_there_fills_the_context(db: Database) -> None:
    store = UsageStore(db)
    await store.put([answer(1, input=5), answer(2, input=7), answer(3)])
    newest = store.newest("ses_a")
    assert newest is not None and newest.input == 7  # the third was cut off before it had figures
    store.remove("msg_002")
    await store.settled()
    newest = store.newest("ses_a")
    assert newest is not None and newest.input == 5
    assert store.total("root", "ses_a").input == 12


async def test_a_page_of_answers_goes_on_where_the_one_before_ended(db: Database) -> None:
    store, reports = UsageStore(db), UsageReports(db)
    await store.put([answer(number, created=NOW + number // 2) for number in range(10)])  # some of one millisecond
    seen: list[str] = []
    while page := await reports.answers("ses_a", 3, seen[-1] if seen else ""):
        seen += [one.id for one in page]
    assert seen == [f"msg_{number:03}" for number in reversed(range(10))]


async def test_a_chat_has_its_name_as_soon_as_it_has_figures_also_those_of_its_sub_agent_alone(db: Database) -> None:
    store, reports = UsageStore(db), UsageReports(db)
    names = [Named("ses_a", "srv_1", None, "Plans"), Named("ses_b", "srv_1", "ses_a", "Look")]
    names.append(Named("ses_c", "srv_1", None, "Nothing was answered"))
    await store.put([answer(1, "ses_b", "ses_a", input=5)], names)
    (chat,) = await reports.groups("session", "0000-00-00", "9999-99-99")
    (agent,) = await reports.sessions("ses_a")
    assert [(one.key, one.title) for one in (chat, agent)] == [("ses_a", "Plans"), ("ses_b", "Look")]
    assert reports.session("ses_c") is None


async def test_a_deleted_chat_keeps_its_sums_and_loses_its_name(db: Database) -> None:
    store, reports = UsageStore(db), UsageReports(db)
    names = [Named("ses_a", "srv_1", None, "Secret plans")]
    await store.put([answer(1, input=2)], names)
    store.forget("ses_a")
    await store.put([answer(2, input=3)], names)  # told late
    store.rename("ses_a", "Secret plans")
    await store.settled()
    (group,) = await reports.groups("session", "0000-00-00", "9999-99-99")
    assert (group.title, group.gone, group.sums.input) == ("", True, 5)
