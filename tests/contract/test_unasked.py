# SPDX-License-Identifier: MIT
"""Rules and auto-accept on a real OpenCode: what is allowed without asking, and nothing beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.errors import RuleUnknown
from tests.contract.desk import ANNA, DeskHub, touch
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hub(tmp_path: Path, opencode: OpenCode, provider: Provider) -> AsyncIterator[DeskHub]:
    """A hub on the shared OpenCode."""
    running = DeskHub(tmp_path / "nexus.db", opencode, provider)
    await running.start()
    yield running
    await running.stop()


def ends(hub: DeskHub, session: str) -> list[str]:
    """How what a session asked ended, oldest first."""
    return [one.how for one in reversed(hub.desk.ended()) if one.row.session_id == session]


async def test_always_is_a_rule_of_the_hub_that_outlives_it_and_can_be_taken_back(hub: DeskHub) -> None:
    first, other = await hub.session("First"), await hub.session("Other")
    await hub.say(first, [touch("a")], [touch("b")], [{"text": "done"}])
    row = await hub.row(lambda row: row.session_id == first)
    await hub.desk.answer_permission(row.id, "always", who=ANNA)
    await hub.until_idle(first)
    assert ends(hub, first) == ["always", "rule"]
    (rule,) = hub.desk.rules.all()
    assert (rule.permission, rule.pattern, rule.directory) == ("bash", "touch *", str(hub.opencode.project))
    assert (rule.by_name, rule.by_device, rule.used) == (ANNA.name, ANNA.device, 1)
    line = next(line for line in hub.audit.recent() if line.kind == "permission-rule")
    assert (line.user, line.detail["asked"]) == (ANNA.name, "bash: touch -c b")

    await hub.stop()
    await hub.start()
    await hub.say(other, [touch("c")], [touch("d", "mkdir -p")], [{"text": "done"}])
    row = await hub.row(lambda row: row.session_id == other and row.waits)  # mkdir is another thing
    assert row.detail == "bash: mkdir -p d"
    assert ends(hub, other) == ["rule"]
    await hub.desk.answer_permission(row.id, "once", who=ANNA)
    await hub.until_idle(other)

    await hub.desk.remove_rule(rule.id, ANNA)
    with pytest.raises(RuleUnknown):
        await hub.desk.remove_rule(rule.id, ANNA)
    await hub.say(other, [touch("e")], [{"text": "done"}])
    row = await hub.row(lambda row: row.session_id == other and row.waits)
    assert row.detail == "bash: touch -c e"
    await hub.desk.answer_permission(row.id, "reject", who=ANNA)
    assert [line.kind for line in hub.audit.recent(3)][:2] == ["permission-reject", "rule-removed"]


async def test_what_was_asked_while_the_hub_was_down_is_answered_by_a_rule_when_it_is_back(hub: DeskHub) -> None:
    session = await hub.session("Down")
    await hub.say(session, [touch("a")], [{"wait": "down"}, touch("b")], [{"text": "done"}])
    row = await hub.row(lambda row: row.session_id == session)
    await hub.desk.answer_permission(row.id, "always", who=ANNA)
    await hub.until(lambda: "down" in hub.provider.waiting())
    await hub.stop()
    hub.provider.release("down")
    await hub.until(hub.asked, "the second request")
    await hub.start()
    await hub.until(lambda: ends(hub, session) == ["always", "rule"], "the rule's answer")
    assert hub.desk.rows() == [] or all(not row.waits for row in hub.desk.rows())


async def test_a_chat_that_is_allowed_all_asks_nothing_but_questions(hub: DeskHub) -> None:
    session = await hub.session("All")
    child = hub.below(session, "Look (@reviewer subagent)")
    other = await hub.session("Another")
    facts: list[object] = []
    hub.bus.listen(lambda record: facts.append(record.data), "chat-facts")
    await hub.say(session, [touch("a")], [{"text": "one"}])
    await hub.row(lambda row: row.session_id == session)
    await hub.desk.accept(SERVER, session, "1h", ANNA)  # what waits already is given too
    await hub.until_idle(session)
    assert ends(hub, session) == ["auto"]
    assert {"server_id": SERVER, "session_id": session} in facts

    await hub.say(child, [touch("b")], [{"text": "two"}])
    await hub.until_idle(child)
    assert ends(hub, child) == ["auto"]
    line = next(line for line in hub.audit.recent() if line.kind == "permission-auto")
    assert (line.user, line.detail["said"]) == (ANNA.name, "By auto-accept that anna began")

    question = {"question": "Sure?", "header": "Sure", "options": [{"label": "Yes", "description": ""}]}
    await hub.say(session, [{"tool": "question", "args": {"questions": [question]}}], [{"text": "three"}])
    row = await hub.row(lambda row: row.kind == "question")
    await hub.desk.answer_question(row.id, None, ANNA)
    await hub.say(other, [touch("c")], [{"text": "four"}])
    row = await hub.row(lambda row: row.session_id == other and row.waits)
    await hub.desk.answer_permission(row.id, "once", who=ANNA)

    assert await hub.desk.stop_accepting(SERVER, session, ANNA)
    await hub.say(session, [touch("d")], [{"text": "five"}])
    row = await hub.row(lambda row: row.session_id == session and row.kind == "permission")
    await hub.desk.answer_permission(row.id, "once", who=ANNA)


async def test_until_the_turn_ends_means_until_then(hub: DeskHub) -> None:
    session = await hub.session("Turn")
    await hub.say(session, [touch("a")], [touch("b")], [{"text": "one"}])
    await hub.row(lambda row: row.session_id == session)
    await hub.desk.accept(SERVER, session, "turn", ANNA)
    await hub.until_idle(session)
    assert ends(hub, session) == ["auto", "auto"]
    assert hub.desk.accepting.of(SERVER, [session]) is None
    await hub.say(session, [touch("c")], [{"text": "two"}])
    row = await hub.row(lambda row: row.session_id == session and row.waits)
    await hub.desk.answer_permission(row.id, "once", who=ANNA)
