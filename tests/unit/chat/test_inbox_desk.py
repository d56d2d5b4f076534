# SPDX-License-Identifier: MIT
"""The inbox's desk over a fake OpenCode: what real ones do too seldom, or too late, to be waited for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat.by import By
from opencode_nexus.chat.errors import NotWaiting, ServerNotRunning, SessionNotFound
from opencode_nexus.chat.inbox.accepting import Accepting
from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.desk import InboxDesk
from opencode_nexus.chat.inbox.rules import Rules
from opencode_nexus.chat.inbox.turns import MOST, WEEK, Turns
from opencode_nexus.opencode.errors import OpenCodeError
from opencode_nexus.secrets.redact import redact
from opencode_nexus.store.accepting import AcceptingRows
from opencode_nexus.store.audit import Audit
from opencode_nexus.store.inbox import KEPT, InboxRows
from opencode_nexus.store.rules import RuleRows
from tests.fakes.fake_opencode import FakeOpenCode
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World

pytestmark = pytest.mark.anyio

ANNA = By("anna", "Firefox on Linux", "192.0.2.1")
ASKED: dict[str, Any] = {
    "permission": "bash", "patterns": ["touch x"], "metadata": {"command": "touch x"}, "always": ["touch *"],
}  # fmt: skip


class Desk(World):
    """A world with an inbox, put together anew at each start."""

    async def start(self) -> None:
        await super().start()
        self.audit = Audit(self.db)
        book = InboxBook(InboxRows(self.db), self.bus, self.clock, redact)
        self.desk = InboxDesk(
            chat=self.chat, servers=self.servers, book=book, rules=Rules(RuleRows(self.db), self.bus, self.clock),
            accepting=Accepting(AcceptingRows(self.db), self.bus, self.clock), audit=self.audit, bus=self.bus,
            clock=self.clock, tasks=self.tasks, redact=redact,
        )  # fmt: skip
        self.turns = Turns(
            chat=self.chat, servers=self.servers, book=book, bus=self.bus, clock=self.clock, tasks=self.tasks,
            watched=lambda server_id, session_id: False,
        )  # fmt: skip
        self.chat.feeds.listeners.add(self.desk)
        self.chat.feeds.listeners.add(self.turns)
        self.desk.open()
        self.turns.open()

    async def stop(self) -> None:
        self.turns.close()
        self.desk.close()
        await super().stop()

    async def asks(self, request_id: str = "per_1", session_id: str = S, **more: object) -> None:
        """A session asks for something, in events and when asked."""
        self.busy(session_id)
        asked = {"id": request_id, "sessionID": session_id, **ASKED, **more}
        self.fake.routes["GET /permission"] = [*self.fake.routes["GET /permission"], asked]
        self.fake.routes[f"POST /permission/{request_id}/reply"] = True
        self.tell("permission.asked", session_id, **{**ASKED, **more}, id=request_id)
        await self.until(lambda: self.desk.get(request_id))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Desk]:
    async with FakeOpenCode() as fake:
        made = Desk(tmp_path / "nexus.db", fake)
        await made.start()
        await made.run()
        yield made
        await made.stop()


def how(world: Desk, row_id: str) -> str:
    return next((one.how for one in world.desk.ended() if one.row.id == row_id), "")


async def test_a_new_process_knows_nothing_of_what_the_old_one_asked(world: Desk) -> None:
    await world.asks()
    await world.stop()
    world.fake.routes["GET /permission"] = []
    await world.start()
    row = world.desk.get("per_1")
    assert row is not None and world.desk.certainty(row) == "checking"
    with pytest.raises(ServerNotRunning):
        await world.desk.answer_permission("per_1", "once", "", ANNA)
    await world.run(pid=2)
    await world.until(lambda: how(world, "per_1") == "died")
    with pytest.raises(NotWaiting):
        await world.desk.answer_permission("per_1", "once", "", ANNA)


async def test_while_the_line_to_opencode_is_broken_nothing_is_called_true(world: Desk) -> None:
    await world.asks()
    world.desk.settle()
    row = world.desk.get("per_1")
    assert row is not None and world.desk.certainty(row) == "sure"
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    connection.connected = False
    assert world.desk.certainty(row) == "checking"
    world.servers.tell("stopping", 1, 1.0)
    assert world.desk.certainty(row) == "down"


async def test_an_answer_that_opencode_does_not_take_any_more_makes_no_rule(world: Desk) -> None:
    await world.asks()
    world.fake.routes["POST /permission/per_1/reply"] = (404, "application/json", b"{}")
    with pytest.raises(NotWaiting) as refused:
        await world.desk.answer_permission("per_1", "always", "", ANNA)
    assert refused.value.detail == "What became of it: answered elsewhere."
    assert (world.desk.rules.all(), world.desk.get("per_1")) == ([], None)


async def test_what_a_tool_is_given_that_says_nothing_of_it_is_asked_for(world: Desk) -> None:
    given = {"amount": 5, "to": "bob"}
    part = {"id": "prt_1", "type": "tool", "callID": "call_2", "state": {"status": "running", "input": given}}
    others = [{"id": "prt_0", "type": "tool", "callID": "call_1", "state": {"input": {"amount": 1}}}, part]
    world.fake.routes[f"GET /session/{S}/message/msg_1"] = {"info": {"id": "msg_1"}, "parts": others}
    about: dict[str, Any] = {
        "permission": "shop_pay", "patterns": ["*"], "always": ["*"], "metadata": {},
        "tool": {"messageID": "msg_1", "callID": "call_2"},
    }  # fmt: skip

    def known() -> bool:
        row = world.desk.get("per_1")
        return row is not None and row.request is not None and getattr(row.request, "metadata", {}) == {"input": given}

    await world.asks(**about)
    await world.until(known)
    world.tell("permission.asked", S, id="per_1", **about)  # told anew, as after a connect
    await world.asks("per_2")
    assert known()
    await world.stop()
    await world.start()
    assert known()


async def test_what_the_same_agent_asked_beside_it_is_rejected_with_it(world: Desk) -> None:
    await world.asks("per_1")
    await world.asks("per_2")
    await world.desk.answer_permission("per_1", "reject", "", ANNA)
    world.tell("permission.replied", requestID="per_2", reply="reject")
    await world.until(lambda: how(world, "per_2"))
    (other, first) = world.desk.ended()[:2]
    assert (first.how, other.how, other.by) == ("reject", "reject", ANNA)
    assert other.said == "Rejected with another request of the same agent"


async def test_secrets_stand_neither_in_the_audit_log_nor_in_the_history(world: Desk) -> None:
    secret = "sk-" + "q7" * 12
    await world.asks(metadata={"command": f"curl -H 'x: {secret}'"})
    await world.desk.answer_permission("per_1", "reject", f"not with {secret}", ANNA)
    (line,) = world.audit.recent()
    assert secret not in str(line.detail)
    assert (line.kind, line.user, line.detail["device"]) == ("permission-reject", "anna", "Firefox on Linux")
    assert secret not in world.desk.ended()[0].said


async def test_the_last_ends_and_the_last_finished_turns_are_kept(world: Desk) -> None:
    await world.asks()
    row = world.desk.get("per_1")
    assert row is not None
    book = world.desk._book
    for number in range(KEPT + 5):
        book.end(replace(row, id=f"per_x{number}", request=None), "once")
    now = world.clock.now()
    for number in range(MOST + 5):
        book.put(replace(row, id=f"turn_{number}", kind="finished", request=None, at=now - number))
    book.put(replace(row, id="turn_old", kind="finished", request=None, at=now - WEEK - 1))
    book.put(replace(row, id="turn_failed", kind="failed", request=None, at=now - WEEK - 1))
    await world.stop()
    await world.start()
    ids = [row.id for row in world.desk.rows()]
    assert (ids[0], ids[1], len(ids)) == ("per_1", "turn_failed", MOST + 2)
    assert f"turn_{MOST - 1}" in ids and f"turn_{MOST}" not in ids
    assert len(world.desk.ended()) == KEPT
    assert world.desk.ended()[0].row.id == f"per_x{KEPT + 4}"


async def test_auto_accept_ends_by_itself_and_a_clock_set_back_does_not_stretch_it(world: Desk) -> None:
    await world.desk.accept(SERVER, S, "15m", ANNA)
    assert [row.session_id for row in world.desk.accepting.all()] == [S]
    world.clock.jump(-3600)
    world.clock.advance(901)
    assert world.desk.accepting.all() == []
    await world.asks()
    world.fake.routes["GET /session/ses_none"] = (404, "application/json", b"{}")
    with pytest.raises(SessionNotFound):
        await world.desk.accept(SERVER, "ses_none", "1h", ANNA)


async def test_auto_accept_outlives_the_hub_but_not_its_time_nor_its_turn(world: Desk) -> None:
    world.session("ses_2", "Second")
    await world.desk.accept(SERVER, S, "1h", ANNA)
    await world.desk.accept(SERVER, "ses_2", "turn", ANNA)
    await world.stop()
    await world.start()
    assert {row.session_id for row in world.desk.accepting.all()} == {S, "ses_2"}
    await world.run(pid=1, adopted=True)
    await world.until(lambda: [row.session_id for row in world.desk.accepting.all()] == [S])


async def test_a_turn_that_opencode_died_in_never_counts_as_finished(world: Desk) -> None:
    world.busy()
    world.begin()
    await world.until(lambda: world.journal.running(SERVER))
    await world.stop()
    world.fake.routes["GET /session/status"] = {}
    told: list[str] = []
    await world.start()
    world.bus.listen(lambda record: told.extend(row.kind for row in world.desk.rows()), "inbox")
    await world.run(pid=2)
    await world.until(lambda: [row.kind for row in world.desk.rows()] == ["failed"])
    assert set(told) == {"failed"}
    assert world.desk.rows()[0].detail == "OpenCode stopped while the agent was working."


async def test_the_title_of_a_chat_that_nobody_knew_comes_later(world: Desk) -> None:
    world.session("ses_new", "Not heard of")
    await world.asks("per_1", "ses_new")
    await world.until(lambda: (row := world.desk.get("per_1")) and row.title == "Not heard of")


async def test_a_removed_server_or_deleted_chat_takes_its_rows_along(world: Desk) -> None:
    await world.asks()
    world.tell("session.deleted", info={"id": S})
    await world.until(lambda: how(world, "per_1") in ("deleted", "ended"))
    assert world.desk.rows() == []


async def test_always_where_nothing_can_be_always_allowed_is_told_as_once(world: Desk) -> None:
    await world.asks(always=[])
    await world.desk.answer_permission("per_1", "always", who=ANNA)
    assert how(world, "per_1") == "once"
    assert world.desk.rules.all() == []
    assert [line.kind for line in world.audit.recent()] == ["permission-once"]


async def test_what_a_budget_stopped_is_a_row_until_the_chat_goes_on(world: Desk) -> None:
    def told(what: str) -> None:
        words = "Stopped: the budget of $1.00 for this chat is used up ($1.20)."
        world.bus.publish("budget", {"server_id": SERVER, "session_id": S, "what": what, "text": words})

    told("reached")  # which stops nobody who does not work
    told("changed")
    assert world.desk.rows() == []
    world.busy()
    await world.until(lambda: "busy" in world.whats())
    told("stopped")
    (row,) = world.desk.rows()
    assert (row.kind, row.root_id, row.waits) == ("budget", S, False)
    assert row.detail.startswith("Stopped: the budget of $1.00")
    # the last step may have been the turn's end, too: the row stays what it is
    world.says(S, "msg_1", {"id": "prt_1", "type": "text", "text": "Done."}, time={"created": 1, "completed": 2})
    world.idle()
    await world.until(lambda: "idle" in world.whats())
    await world.turns._ended(SERVER, S)
    assert [one.kind for one in world.desk.rows()] == ["budget"]
    await world.stop()
    await world.start()
    assert [one.kind for one in world.desk.rows()] == ["budget"]
    await world.run()
    world.busy()
    await world.until(lambda: how(world, row.id) == "continued")
    assert world.desk.rows() == []


async def test_what_a_stop_of_its_server_cut_off_is_named_until_it_goes_on(world: Desk) -> None:
    world.session("ses_child", parent=S)
    world.tell("session.created", "ses_child", info=world.infos["ses_child"])
    world.busy()
    await world.until(lambda: "busy" in world.whats())
    assert world.turns.interrupted(SERVER) == []
    world.bus.publish("agents-stopped", {"server_id": SERVER, "sessions": ["ses_child", S]})
    (row,) = world.turns.interrupted(SERVER)
    assert (row.session_id, row.kind) == (S, "failed")
    assert row.detail == "The server was stopped while the agent was working."
    world.servers.tell("failed")  # and when it dies of it, that is told in its place
    await world.until(lambda: "interrupted" in world.whats())
    (row,) = world.turns.interrupted(SERVER)
    assert row.detail == "OpenCode stopped while the agent was working."
    await world.run(2)
    world.idle()
    world.busy()
    await world.until(lambda: world.turns.interrupted(SERVER) == [])


def taken_but_not_said(world: Desk, request_id: str) -> None:
    """OpenCode takes the answer and tells so in an event, but its reply to it never comes."""

    async def reply(path: str, body: object) -> object:
        world.tell("permission.replied", requestID=request_id, reply="once")
        await world.until(lambda: world.chat.inbox.get(request_id) is None)
        return 500, "application/json", b"{}"

    world.fake.routes[f"POST /permission/{request_id}/reply"] = reply


async def test_an_answer_that_came_through_though_its_reply_was_lost_leaves_no_row(world: Desk) -> None:
    await world.asks()
    taken_but_not_said(world, "per_1")
    with pytest.raises(OpenCodeError):
        await world.desk.answer_permission("per_1", "once", "", ANNA)
    assert (how(world, "per_1"), world.desk.get("per_1")) == ("elsewhere", None)

    await world.asks("per_2")
    await world.desk.answer_permission("per_2", "always", "", ANNA)
    taken_but_not_said(world, "per_3")
    world.tell("permission.asked", **ASKED, id="per_3")
    await world.until(lambda: how(world, "per_3"))
    assert (how(world, "per_3"), world.desk.get("per_3")) == ("elsewhere", None)


async def test_what_could_not_be_answered_by_a_rule_waits_for_a_person(
    world: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.asks()
    await world.desk.answer_permission("per_1", "always", "", ANNA)

    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(world.chat, "reply_permission", broken)
        await world.asks("per_2")  # until there is a row
    await world.desk.answer_permission("per_2", "once", "", ANNA)
    assert how(world, "per_2") == "once"


async def test_what_waits_is_told_though_a_chat_cannot_show_it(world: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await world.chat.conversation(SERVER, S)
    talk.watch(lambda changes: None)

    def broken(_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(talk, "apply", broken)
    await world.asks()  # until there is a row
