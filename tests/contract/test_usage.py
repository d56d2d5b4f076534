# SPDX-License-Identifier: MIT
"""Tokens, cost, context and budgets with a real OpenCode whose model has a price."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat.usage.budgets import BudgetReached, Budgets
from opencode_nexus.chat.usage.usage import Fill, TokenUsage, cost_of
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.answers import message_heads
from opencode_nexus.opencode.events import MessageUpdated
from opencode_nexus.store.budgets import BudgetStore
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.usage import Sums, UsageStore
from opencode_nexus.store.usage_reports import By, UsageReports
from tests.contract.conftest import Hub
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio

PRICE = {"input": 1, "output": 10, "cache_read": 0.5, "cache_write": 2}  # dollars a million tokens
CONTEXT = 200_000
ALL_DAYS = ("0000-00-00", "9999-99-99")


class Counting(Hub):
    """A hub that counts what is used and keeps to budgets."""

    def server_runs(self, *, adopted: bool = False) -> None:
        kv, feeds = Kv(self.db), self.chat.feeds
        self.store, self.reports = UsageStore(self.db), UsageReports(self.db)
        self.usage = TokenUsage(
            store=self.store, reports=self.reports, feeds=feeds, kv=kv, bus=self.bus, clock=SystemClock(),
            tasks=self.tasks, projects=lambda server_id: self.servers.get(server_id).projects,
        )  # fmt: skip
        feeds.listeners.add(self.usage)
        self.budgets = Budgets(
            store=BudgetStore(self.db), kv=kv, usage=self.usage, feeds=feeds, stop=self.chat.abort, bus=self.bus,
            activity=self.activity, tasks=self.tasks,
        )  # fmt: skip
        super().server_runs(adopted=adopted)

    async def until_answers(self, session: str, count: int) -> Sums:
        """The sums of a chat as soon as they hold that many answers, whose figures are final."""
        await self.until(lambda: self.usage.spent(session).answers >= count, f"{count} answers")
        return self.usage.spent(session)

    def told(self, what: str) -> list[str]:
        """What was said on the bus about budgets."""
        data = [record.data for record in self.bus.since(0) or [] if record.topic == "budget"]
        return [str(one["text"]) for one in data if isinstance(one, dict) and one["what"] == what]


@pytest.fixture(scope="module")
def priced(provider: Provider, opencode_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenCode]:
    config = provider.config()
    models = config["provider"]["scripted"]["models"]
    models["m1"]["cost"] = PRICE
    models["free"] = {"name": "Without a price or a limit"}
    server = OpenCode(opencode_binary, tmp_path_factory.mktemp("priced"), config)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def hub(tmp_path: Path, priced: OpenCode, provider: Provider) -> AsyncIterator[Counting]:
    running = Counting(tmp_path / "nexus.db", priced, provider)
    await running.start()
    # the chats of the tests before are counted by now, so that no sum grows by them later
    await running.until(lambda: Kv(running.db).get(f"usage-seen:{SERVER}"), "the end of the first pass")
    yield running
    await running.stop()


def used(prompt: int, said: int, cached: int = 0, thought: int = 0) -> dict[str, Any]:
    """What the provider says at the end of an answer; `prompt` and `said` hold the other two."""
    return {
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": said,
            "total_tokens": prompt + said,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": thought},
        }
    }


def bash(command: str) -> dict[str, Any]:
    return {"tool": "bash", "args": {"command": command, "description": "run"}}


def cost(prompt: int, said: int, cached: int = 0) -> float:
    return ((prompt - cached) * PRICE["input"] + said * PRICE["output"] + cached * PRICE["cache_read"]) / 1e6


async def test_steps_sub_agents_and_what_is_told_twice_count_once(hub: Counting) -> None:
    session = await hub.session("Counted")
    task = {
        "description": "look",
        "prompt": "#script " + json.dumps([[{"text": "found."}, used(50, 5)]]),
        "subagent_type": "general",
    }
    await hub.say(
        session,
        [{"text": "a"}, bash("true"), used(1000, 100, cached=200, thought=30)],
        [{"tool": "task", "args": task}, used(2000, 200)],
        [{"text": "end."}, used(3000, 300)],
    )
    await hub.until_idle(session)
    sums = await hub.until_answers(session, 4)
    assert (sums.input, sums.output, sums.reasoning) == (800 + 2000 + 3000 + 50, 70 + 200 + 300 + 5, 30)
    assert (sums.cache_read, sums.cache_write, sums.unpriced) == (200, 0, 0)
    assert sums.cost == pytest.approx(cost(1000, 100, 200) + cost(2000, 200) + cost(3000, 300) + cost(50, 5))
    own, agent = await hub.reports.sessions(session)
    assert (own.key, own.sums.answers, agent.sums.answers, agent.sums.input) == (session, 3, 1, 50)
    assert hub.usage.spent(agent.key) == agent.sums
    assert hub.usage.fill(session) == Fill(3300, CONTEXT, "scripted/m1")
    assert hub.usage.fill(agent.key).tokens == 55
    # the same by every other way of adding up; other tests' chats are there too
    whole = await hub.reports.whole(*ALL_DAYS)
    assert hub.usage.day(hub.usage.today).tokens == whole.tokens
    kinds: tuple[By, ...] = ("day", "model", "project", "session")
    for by in kinds:
        groups = await hub.reports.groups(by, *ALL_DAYS)
        assert sum(group.sums.tokens for group in groups) == whole.tokens
        assert sum(group.sums.cost for group in groups) == pytest.approx(whole.cost)
    chats = {group.key: group for group in await hub.reports.groups("session", *ALL_DAYS)}
    assert (chats[session].sums.tokens, chats[session].title, agent.key in chats) == (sums.tokens, "Counted", False)
    # everything once more, by the stream and by a pass of catching up
    connection = hub.chat.feeds.connection(SERVER)
    assert connection is not None
    for one in (session, agent.key):
        for message in hub.opencode.call(f"/session/{one}/message"):
            event = MessageUpdated(session_id=one, info=message["info"])
            hub.usage.heard(SERVER, str(hub.opencode.project), event)
    hub.usage.connected(SERVER, connection.client)
    await hub.until(lambda: hub.store.counted(session).counted > 0, "a pass through the session")
    assert hub.usage.spent(session) == sums


async def test_what_was_answered_while_the_hub_was_down_is_caught_up_with(hub: Counting) -> None:
    before = await hub.session("Before")
    await hub.say(before, [{"text": "one"}, used(100, 10)])
    await hub.until_answers(before, 1)
    await hub.stop()
    call, folder = hub.opencode.call, f"/session?directory={hub.opencode.project}"
    meanwhile = call(folder, {"title": "Meanwhile"})["id"]
    for session, figures in ((before, used(200, 20)), (meanwhile, used(400, 40))):
        text = "#script " + json.dumps([[{"text": "two"}, figures]])
        await asyncio.to_thread(call, f"/session/{session}/message", {"parts": [{"type": "text", "text": text}]}, 60)
    await hub.start()
    assert (await hub.until_answers(before, 2)).input == 300
    assert (await hub.until_answers(meanwhile, 1)).input == 400
    await hub.until(lambda: Kv(hub.db).get(f"usage-seen:{SERVER}"), "the end of the pass")
    found = hub.reports.session(meanwhile)
    assert found is not None and found.title == "Meanwhile"


async def test_only_the_servers_own_folders_count_and_a_new_one_from_its_beginning(hub: Counting) -> None:
    call, other = hub.opencode.call, hub.opencode.root / "other"
    other.mkdir(exist_ok=True)
    elsewhere = call(f"/session?directory={other}", {"title": "Elsewhere"})["id"]
    await hub.stop()  # what is said in this process would be heard
    text = "#script " + json.dumps([[{"text": "one"}, used(100, 10)]])
    await asyncio.to_thread(call, f"/session/{elsewhere}/message", {"parts": [{"type": "text", "text": text}]}, 60)
    await hub.start()
    key = f"usage-seen:{SERVER}"
    first = Kv(hub.db).get(key)
    last = await hub.session("Here")
    await hub.say(last, [{"text": "two"}, used(100, 10)])
    await hub.until_answers(last, 1)
    connection = hub.chat.feeds.connection(SERVER)
    assert connection is not None
    hub.usage.connected(SERVER, connection.client)
    await hub.until(lambda: Kv(hub.db).get(key) != first, "a pass")
    assert hub.usage.spent(elsewhere) == Sums()
    hub.servers.seen = replace(hub.servers.seen, projects=(*hub.servers.seen.projects, str(other)))
    hub.usage.connected(SERVER, connection.client)
    await hub.until_answers(elsewhere, 1)


async def test_a_long_session_is_looked_through_a_page_at_a_time_and_taken_up_where_it_was_left(
    hub: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await hub.session("Long")
    steps = [[bash("true"), used(100, 1)] for _ in range(7)]
    await hub.say(session, *steps, [{"text": "end."}, used(100, 1)])
    await hub.until_answers(session, 8)
    await hub.stop()
    hub.path = hub.path.with_name("restored.db")  # a hub that knows nothing of it
    monkeypatch.setattr("opencode_nexus.chat.usage.catch_up.MESSAGES", 2)
    asked: list[str | None] = []

    async def heads(client: Any, session_id: str, limit: int, before: str | None) -> Any:
        if session_id == session:
            asked.append(before)
            if len(asked) == 3:  # the connection breaks in the middle of it
                raise NexusError("scripted")
        return await message_heads(client, session_id, limit, before)

    monkeypatch.setattr("opencode_nexus.chat.usage.catch_up.message_heads", heads)
    await hub.start()
    await hub.until_answers(session, 4)
    connection = hub.chat.feeds.connection(SERVER)
    assert connection is not None
    await hub.until(lambda: len(asked) >= 3, "the broken pass")
    hub.usage.connected(SERVER, connection.client)
    assert (await hub.until_answers(session, 8)).input == 800
    await hub.until(lambda: hub.store.counted(session).counted > 0, "the end of the pass")
    assert hub.usage.spent(session).answers == 8
    # the newest page, then on from where it was left, not from the newest again
    assert asked[:5].count(asked[1]) == 1 and asked[4] == asked[2]


async def test_an_aborted_answer_counts_what_was_told_and_a_fork_counts_nothing_twice(hub: Counting) -> None:
    session = await hub.session("Aborted")
    await hub.say(session, [bash("true"), used(500, 50)], [{"text": "b"}, {"wait": "aborted"}])
    await hub.until(lambda: "aborted" in hub.provider.waiting(), "the second step")
    await hub.chat.abort(SERVER, session)
    sums = await hub.until_answers(session, 2)
    assert (sums.input, sums.output, sums.answers) == (500, 50, 2)
    assert hub.usage.fill(session).tokens == 550
    whole = hub.usage.day(hub.usage.today)
    fork = hub.opencode.call(f"/session/{session}/fork", {})["id"]
    await hub.until(lambda: hub.usage.fill(fork).tokens == 550, "the fork's context")
    await hub.until(lambda: hub.usage.spent(fork) == Sums(), "the fork's copies are known as such")
    assert (hub.usage.day(hub.usage.today), hub.usage.spent(session)) == (whole, sums)
    # deleted: its sums stay, its name goes
    await hub.chat.delete(SERVER, session)
    await hub.until(lambda: (found := hub.reports.session(session)) is not None and found.gone, "it is gone")
    found = hub.reports.session(session)
    assert found is not None and found.title == ""
    assert hub.usage.day(hub.usage.today) == whole


async def test_a_compaction_empties_the_context(hub: Counting) -> None:
    session = await hub.session("Compacted")
    await hub.say(session, [{"text": "a"}, used(150_000, 10)])
    await hub.until(lambda: hub.usage.fill(session).tokens == 150_010, "the first answer")
    await asyncio.to_thread(
        hub.opencode.call, f"/session/{session}/summarize", {"providerID": "scripted", "modelID": "m1"}, 60
    )
    await hub.until(lambda: hub.usage.fill(session).summed_up, "the summary")
    assert hub.usage.fill(session).tokens is None
    await hub.say(session, [{"text": "b"}, used(700, 10)])
    await hub.until(lambda: hub.usage.fill(session).tokens == 710, "it falls")
    assert hub.usage.spent(session).input == 150_000 + 100 + 700  # the summary costs too


async def test_a_budget_warns_then_stops_a_turn_in_the_middle_until_it_is_raised(hub: Counting) -> None:
    session = await hub.session("Dear")
    await hub.budgets.set_own(SERVER, session, 0.01, None)
    step = cost(2000, 100)  # 0.003: 4 steps are 120 %, 3 are 90 %
    steps = [[bash("true"), used(2000, 100)] for _ in range(30)]
    await hub.say(session, *steps)
    await hub.until_idle(session)
    sums = await hub.until_answers(session, 4)
    assert 4 * step <= sums.cost < 10 * step  # stopped long before the thirtieth
    await hub.until(lambda: hub.told("reached"), "said")
    (warned,), (reached,) = hub.told("warned"), hub.told("reached")
    assert warned == "90 % of the budget of $0.01 for this chat is used ($0.0090)."
    assert reached.startswith("Stopped: the budget of $0.01 for this chat is used up ($0.0")
    assert hub.budgets.sentence(SERVER, session).startswith("Stopped: the budget of $0.01 for this chat")
    lines = [row for row in hub.activity.recent(20) if row.kind.startswith("budget-")]
    assert [(row.kind, row.level) for row in lines] == [("budget-reached", "error"), ("budget-warned", "warning")]
    with pytest.raises(BudgetReached) as refused:
        await hub.say(session, [{"text": "no"}])
    assert "$0.01" in refused.value.detail and "Raise it" in refused.value.hint
    # another chat is free to go on; this one after it is raised
    other = await hub.session("Another")
    await hub.say(other, [{"text": "yes"}, used(10, 1)])
    await hub.until_answers(other, 1)
    await hub.budgets.set_own(SERVER, session, 5, None)
    count = hub.usage.spent(session).answers
    await hub.say(session, [{"text": "on"}, used(10, 1)])
    await hub.until_answers(session, count + 1)
    assert (len(hub.told("warned")), len(hub.told("reached")), hub.budgets.sentence(SERVER, session)) == (1, 1, "")


async def test_a_sub_agent_uses_its_chats_budget_and_the_day_stops_every_chat(hub: Counting) -> None:
    session, other = await hub.session("Parent"), await hub.session("Other")
    await hub.say(other, [{"text": "slow"}, {"wait": "day"}])
    await hub.until(lambda: "day" in hub.provider.waiting(), "the other one works")
    used_today = hub.usage.day(hub.usage.today).tokens
    await hub.budgets.set_common("day", None, used_today + 1000)
    inner = [[bash("true"), used(300, 10)] for _ in range(30)]
    task = {"description": "d", "prompt": "#script " + json.dumps(inner), "subagent_type": "general"}
    await hub.say(session, [{"tool": "task", "args": task}, used(10, 1)])
    await hub.until(lambda: hub.told("reached"), "the day's budget is reached")
    await hub.until(lambda: not hub.chat.busy(SERVER), "everything stopped")
    assert "for today is used up" in hub.told("reached")[0]
    assert hub.usage.spent(session).answers < 20
    for one in (session, other):
        with pytest.raises(BudgetReached):
            await hub.say(one, [{"text": "no"}])
    await hub.budgets.set_common("day", None, None)
    await hub.say(other, [{"text": "yes"}, used(10, 1)])
    await hub.until_answers(other, 2)


async def test_a_model_without_a_price_is_not_called_free(hub: Counting) -> None:
    session = await hub.session("No price")
    script = "#script " + json.dumps([[{"text": "a"}, used(100, 10)]])
    await hub.chat.send(SERVER, session, script, "scripted/free")
    sums = await hub.until_answers(session, 1)
    assert (sums.unpriced, sums.cost, cost_of(sums), cost_of(Sums())) == (1, 0.0, None, None)
    assert hub.usage.fill(session) == Fill(110, None, "scripted/free")  # and what fits into it is not known
