# SPDX-License-Identifier: MIT
"""The inbox on a real OpenCode: every depth, restarts of both sides, and turns that are over."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat.errors import NotToDismiss, NotWaiting
from opencode_nexus.opencode.state import Permission
from tests.contract.conftest import text
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


@pytest.fixture
async def own(tmp_path: Path, provider: Provider, opencode_binary: Path) -> AsyncIterator[DeskHub]:
    """A hub with an OpenCode of its own, to be killed."""
    opencode = OpenCode(opencode_binary, tmp_path / "own", provider.config())
    await asyncio.to_thread(opencode.start)
    running = DeskHub(tmp_path / "nexus.db", opencode, provider)
    await running.start(adopted=False)
    yield running
    await running.stop()
    opencode.kill()


async def test_a_sub_agent_of_a_sub_agent_asks_in_the_inbox_and_is_answered(hub: DeskHub) -> None:
    root = await hub.session("The chat")
    child = hub.below(root, "Look (@reviewer subagent)")
    deep = hub.below(child, "Deeper (@tester subagent)")
    await hub.say(deep, [touch("deep")], [{"text": "done"}])
    row = await hub.row(lambda row: row.session_id == deep and row.path)
    assert (row.kind, row.root_id, row.title) == ("permission", root, "The chat")
    assert row.path == ("tester", "reviewer", "main")
    assert isinstance(row.request, Permission) and row.request.metadata["command"] == "touch -c deep"
    assert hub.desk.certainty(row) == "sure"
    with pytest.raises(NotToDismiss):
        await hub.desk.dismiss(row.id, ANNA)
    await hub.desk.answer_permission(row.id, "once", who=ANNA)
    end = await hub.end(row.id)
    assert (end.how, end.by) == ("once", ANNA)
    await hub.until_idle(deep)
    assert text(await hub.look(deep)) == "done"
    line = next(line for line in hub.audit.recent() if line.kind == "permission-once")
    assert (line.user, line.source, line.detail["device"]) == (ANNA.name, ANNA.source, ANNA.device)
    assert line.detail["asked"] == "bash: touch -c deep"
    with pytest.raises(NotWaiting) as refused:
        await hub.desk.answer_permission(row.id, "once", who=ANNA)
    assert "allowed once by anna" in refused.value.detail


async def test_what_opencode_s_own_task_tool_asks_is_there(hub: DeskHub) -> None:
    root = await hub.session("Tasks")
    prompt = "#script " + hub.script([touch("task")], [{"text": "seen"}])
    task = {"description": "Look at it", "prompt": prompt, "subagent_type": "general"}
    await hub.say(root, [{"tool": "task", "args": task}], [{"text": "all done"}])
    row = await hub.row(lambda row: row.root_id == root and row.path)
    assert (row.path, row.session_id != root) == (("general", "main"), True)
    await hub.desk.answer_permission(row.id, "once", who=ANNA)
    done = await hub.row(lambda row: row.kind == "finished" and row.root_id == root)
    assert done.detail == "all done"


async def test_what_waits_outlives_the_hub_and_is_checked_before_it_is_called_true(hub: DeskHub) -> None:
    stays, goes = await hub.session("Stays"), await hub.session("Goes")
    await hub.say(stays, [touch("stays")], [{"text": "a"}])
    await hub.say(goes, [touch("goes")], [{"text": "b"}])
    first = await hub.row(lambda row: row.session_id == stays)
    second = await hub.row(lambda row: row.session_id == goes)
    await hub.stop()
    hub.opencode.call(f"/permission/{second.id}/reply?directory={hub.opencode.project}", {"reply": "once"})
    await hub.start_blind()
    assert {row.id for row in hub.desk.rows() if row.waits} == {first.id, second.id}
    assert hub.desk.certainty(first) == "checking"
    hub.server_runs(adopted=True)
    await hub.settled()
    assert (await hub.end(second.id)).how == "away"
    kept = hub.desk.get(first.id)
    assert kept is not None and hub.desk.certainty(kept) == "sure"
    # the other turn ended while no hub looked
    await hub.row(lambda row: row.kind == "finished" and row.session_id == goes)
    await hub.desk.answer_permission(first.id, "reject", "not now", ANNA)
    assert (await hub.end(first.id)).said == "not now"


async def test_what_is_answered_elsewhere_goes(hub: DeskHub) -> None:
    session = await hub.session("Elsewhere")
    await hub.say(session, [touch("x"), {"sleep": 0.1}], [{"text": "a"}])
    row = await hub.row(lambda row: row.session_id == session)
    hub.opencode.call(f"/permission/{row.id}/reply?directory={hub.opencode.project}", {"reply": "reject"})
    end = await hub.end(row.id)
    assert (end.how, end.said, end.by) == ("elsewhere", "Rejected", None)
    assert hub.desk.get(row.id) is None


async def test_what_waited_when_opencode_was_killed_says_so(own: DeskHub) -> None:
    session = await own.session("Killed")
    await own.say(session, [touch("x")], [{"text": "a"}])
    row = await own.row(lambda row: row.session_id == session)
    own.opencode.kill()
    own.servers.tell("failed")
    assert (await own.end(row.id)).how == "died"
    with pytest.raises(NotWaiting) as refused:
        await own.desk.answer_permission(row.id, "once", who=ANNA)
    assert "OpenCode stopped before you answered" in refused.value.detail
    failed = await own.row(lambda row: row.kind == "failed" and row.session_id == session)
    assert failed.detail == "OpenCode stopped while the agent was working."
    await own.desk.dismiss(failed.id, ANNA)
    assert [row for row in own.desk.rows() if row.session_id == session] == []


async def test_a_server_that_is_not_taken_up_again_leaves_nothing_that_waits(hub: DeskHub) -> None:
    session = await hub.session("Left")
    await hub.say(session, [touch("x")], [{"text": "a"}])
    row = await hub.row(lambda row: row.session_id == session)
    await hub.stop()
    await hub.start_blind("stopped")
    kept = hub.desk.get(row.id)
    assert kept is not None and hub.desk.certainty(kept) == "checking"
    hub.desk.settle()
    assert (await hub.end(row.id)).how == "died"
    hub.server_runs(adopted=True)
    await hub.settled()
    await hub.chat.abort(SERVER, session)


async def test_stopping_a_turn_takes_what_it_asked_away(hub: DeskHub) -> None:
    session = await hub.session("Stopped")
    await hub.say(session, [touch("x")], [{"text": "a"}])
    row = await hub.row(lambda row: row.session_id == session)
    await hub.chat.abort(SERVER, session)
    assert (await hub.end(row.id)).how in ("ended", "elsewhere")
    assert [row.kind for row in hub.desk.rows() if row.session_id == session] == []  # who stops knows it


async def test_turns_that_fail_or_finish_unseen_come_in_and_go(hub: DeskHub) -> None:
    session, watched = await hub.session("Turns"), await hub.session("Watched")
    refuse: list[dict[str, Any]] = [{"status": 400, "body": {"error": {"message": "No credit left"}}}]
    await hub.say(session, refuse)
    failed = await hub.row(lambda row: row.kind == "failed" and row.session_id == session)
    assert "No credit left" in failed.detail
    await hub.say(session, [{"text": "## Now\nit **works**"}])
    done = await hub.row(lambda row: row.kind == "finished" and row.session_id == session)
    assert (done.id, done.detail) == (failed.id, "Now it works")
    hub.watched.add(watched)
    await hub.say(watched, [{"text": "seen"}])
    await hub.until_idle(watched)
    hub.ended_turns.seen(SERVER, session)
    assert [row for row in hub.desk.rows() if row.session_id in (session, watched)] == []


async def test_a_question_is_answered_with_its_words(hub: DeskHub) -> None:
    session = await hub.session("Asks")
    options = [{"label": label, "description": ""} for label in ("Left", "Right")]
    question = {"question": "Which way?", "header": "Way", "options": options}
    await hub.say(session, [{"tool": "question", "args": {"questions": [question]}}], [{"text": "going"}])
    row = await hub.row(lambda row: row.kind == "question" and row.session_id == session)
    assert row.detail == "Which way?"
    await hub.desk.answer_question(row.id, [["Right"]], ANNA)
    assert ((end := await hub.end(row.id)).how, end.said) == ("answered", "Right")
    await hub.until_idle(session)
