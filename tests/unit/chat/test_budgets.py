# SPDX-License-Identifier: MIT
"""Budgets: what is said, once, what is stopped, and who may go on."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat.guards import Guards
from opencode_nexus.chat.stopping import AbortResult
from opencode_nexus.chat.usage.budgets import BudgetInvalid, BudgetReached, Budgets
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.budgets import BudgetStore
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.usage import Sums

pytestmark = pytest.mark.anyio

S, ROOT, OTHER = "srv_1", "ses_root", "ses_other"


class Usage:
    """What was used, as told by the test; `ses_agent` works for the root."""

    def __init__(self) -> None:
        self.followers: list[Callable[[str, str], None]] = []
        self.today = "2026-01-01"
        self.chats: dict[str, Sums] = {}
        self.days: dict[str, Sums] = {}

    def root(self, server_id: str, session_id: str) -> str:
        return ROOT if session_id == "ses_agent" else session_id

    def spent(self, session_id: str) -> Sums:
        return self.chats.get(session_id, Sums())

    def day(self, day: str) -> Sums:
        return self.days.get(day, Sums())


class Feed:
    """Which sessions run."""

    def __init__(self) -> None:
        self.statuses: dict[str, object] = {}

    def running(self, session_id: str) -> set[str]:
        return {session_id} & set(self.statuses)

    def root(self, session_id: str) -> str:
        return session_id

    def title(self, session_id: str) -> str:
        return "The chat"


class Feeds:
    def __init__(self) -> None:
        self.guards = Guards()
        self.feeds = {S: Feed()}

    def feed(self, server_id: str) -> Feed:
        return self.feeds[server_id]


class World:
    """Budgets over scripted figures."""

    def __init__(self, db: Database) -> None:
        self.db, self.usage, self.feeds = db, Usage(), Feeds()
        self.stopped: list[str] = []
        self.obeys = True
        self.make()

    def make(self) -> None:
        """Begin, as a hub that starts."""
        clock = ManualClock()
        self.bus, self.tasks = Bus(clock), Tasks()
        self.activity = Activity(self.db, self.bus, clock)
        fakes: dict[str, Any] = {"usage": self.usage, "feeds": self.feeds}
        self.budgets = Budgets(
            store=BudgetStore(self.db), kv=Kv(self.db), stop=self.stop, bus=self.bus, activity=self.activity,
            tasks=self.tasks, **fakes,
        )  # fmt: skip

    async def stop(self, server_id: str, session_id: str) -> AbortResult:
        self.stopped.append(session_id)
        if self.obeys:
            self.feeds.feeds[S].statuses.pop(session_id, None)
        return AbortResult(self.obeys, (session_id,))

    async def use(self, cost: float, tokens: int = 0, session: str = ROOT) -> None:
        """A chat, and the day, have taken that much by now."""
        self.usage.chats[session] = self.usage.days[self.usage.today] = Sums(1, 0, input=tokens, cost=cost)
        await self.budgets._judge(S, session)

    def said(self) -> list[str]:
        data = [record.data for record in self.bus.since(0) or [] if record.topic == "budget"]
        return [one["what"] for one in data if isinstance(one, dict) and one["what"] not in ("changed", "stopped")]

    def cut_short(self) -> list[tuple[str, str]]:
        """Which chats the inbox is told to have been stopped, and in what words."""
        data = [record.data for record in self.bus.since(0) or [] if record.topic == "budget"]
        return [(one["session_id"], one["text"]) for one in data if isinstance(one, dict) and one["what"] == "stopped"]

    def refused(self, session: str = ROOT) -> str:
        """Why a session gets no more to do; "" when it does."""
        try:
            self.feeds.guards.check(S, session)
        except BudgetReached as error:
            return f"{error.detail} {error.hint}"
        return ""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield World(db)
    await db.close()


async def test_it_warns_once_and_stops_what_runs_once_it_is_used_up(world: World) -> None:
    await world.budgets.set_common("chat", 10, None)
    world.feeds.feeds[S].statuses = {ROOT: object(), OTHER: object()}
    await world.use(7.99)
    assert (world.said(), world.budgets.sentence(S, ROOT)) == ([], "")
    await world.use(8)
    await world.use(9)
    assert world.said() == ["warned"]
    assert world.budgets.sentence(S, "ses_agent") == "90 % of the budget of $10.00 for this chat is used ($9.00)."
    assert (world.stopped, world.refused()) == ([], "")
    await world.use(10)
    assert (world.said(), world.stopped) == (["warned", "reached"], [ROOT])
    words = (
        "Stopped: the budget of $10.00 for this chat is used up ($10.00). Raise it on this chat's page Usage to go on."
    )
    assert world.cut_short() == [(ROOT, words)]
    for session in (ROOT, "ses_agent"):
        assert world.refused(session).startswith("The budget of $10.00 for this chat is used up ($10.00). Raise it")
    assert world.refused(OTHER) == ""
    # it was set to work by somebody else: stopped again, and not told of again
    world.feeds.feeds[S].statuses[ROOT] = object()
    await world.use(11)
    assert (world.said(), world.stopped) == (["warned", "reached"], [ROOT, ROOT])
    assert [row.kind for row in world.activity.recent()] == ["budget-reached", "budget-warned"]


async def test_what_was_said_is_not_said_again_after_a_restart_but_is_of_another_amount(world: World) -> None:
    await world.budgets.set_common("chat", 10, None)
    await world.use(8)
    world.make()
    await world.use(8.5)
    assert world.said() == []
    await world.budgets.set_common("chat", 10.5, None)
    await world.use(8.6)
    assert world.said() == ["warned"]


async def test_a_chats_own_budget_goes_before_the_common_one(world: World) -> None:
    await world.budgets.set_common("chat", 1, None)
    await world.use(2)
    assert world.refused()
    await world.budgets.set_own(S, "ses_agent", 5, None)  # that of its chat
    assert (world.refused(), world.budgets.of_chat(ROOT).own) == ("", True)
    await world.budgets.set_own(S, ROOT, None, None)
    await world.use(500)
    assert world.refused() == ""
    await world.budgets.clear_own(S, ROOT)
    assert world.refused()


async def test_of_dollars_and_tokens_the_nearer_one_counts(world: World) -> None:
    await world.budgets.set_common("chat", 10, 1000)
    await world.use(1, tokens=850)
    assert world.budgets.sentence(S, ROOT).startswith("85 % of the budget of 1,000 tokens for this chat is used (850")
    await world.use(9.5, tokens=900)
    assert world.budgets.sentence(S, ROOT).startswith("95 % of the budget of $10.00")


async def test_the_day_stops_every_chat_until_the_next_one(world: World) -> None:
    await world.budgets.set_common("day", 3, None)
    world.feeds.feeds[S].statuses = {ROOT: object(), OTHER: object()}
    await world.use(3.2)
    assert sorted(world.stopped) == [OTHER, ROOT]
    assert sorted(session for session, _ in world.cut_short()) == [OTHER, ROOT]
    assert "for today" in world.refused(OTHER) and "go on tomorrow" in world.refused(OTHER)
    world.usage.today = "2026-01-02"
    assert (world.refused(OTHER), world.budgets.sentence(S, OTHER)) == ("", "")
    await world.use(2.5)
    assert world.said() == ["reached", "warned"]  # each day by itself


async def test_a_lowered_budget_stops_what_runs_at_once(world: World) -> None:
    await world.use(5)
    world.feeds.feeds[S].statuses = {ROOT: object()}
    await world.budgets.set_common("chat", 4, None)
    assert (world.stopped, world.said()) == ([ROOT], ["reached"])


async def test_what_goes_on_in_spite_of_a_stop_is_not_called_stopped(world: World) -> None:
    await world.budgets.set_common("chat", 1, None)
    world.feeds.feeds[S].statuses, world.obeys = {ROOT: object()}, False
    await world.use(2)
    assert (world.stopped, world.cut_short()) == ([ROOT], [])


@pytest.mark.parametrize(("usd", "tokens"), [(0, None), (-1, None), (float("nan"), None), (None, 0), (2e9, None)])
async def test_what_is_no_amount_is_refused(world: World, usd: float | None, tokens: int | None) -> None:
    with pytest.raises(BudgetInvalid):
        await world.budgets.set_common("day", usd, tokens)
    with pytest.raises(BudgetInvalid):
        await world.budgets.set_own(S, ROOT, usd, tokens)
    assert world.budgets.common("day").usd is None
