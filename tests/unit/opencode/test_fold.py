# SPDX-License-Identifier: MIT
"""Events make the state that a person should see, traps included."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.decode import decode
from opencode_nexus.opencode.fold import fold, trim
from opencode_nexus.opencode.state import Change, Message, Part, SessionState, Status
from tests.fakes.recording import folded, recorded, shape

S = "ses_1"
ABORTED = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}


def head(number: int, role: str = "assistant", **more: Any) -> ev.MessageUpdated:
    time = {"created": 1000 * number, **({"completed": more.pop("completed")} if "completed" in more else {})}
    info = {"id": f"msg_{number}", "role": role, "sessionID": S, "time": time, **more}
    return ev.MessageUpdated(session_id=S, info=info)


def part(number: int, message: int = 1, kind: str = "text", text: str = "", **more: Any) -> ev.PartUpdated:
    data = {"id": f"prt_{number}", "messageID": f"msg_{message}", "type": kind, **more}
    if kind in ("text", "reasoning"):
        data |= {"text": text, "time": {"start": 1, **({"end": 2} if more.pop("end", False) else {})}}
        data.pop("end", None)
    return ev.PartUpdated(session_id=S, part=data)


def delta(number: int, text: str, message: int = 1, field: str = "text") -> ev.PartDelta:
    ids = {"message_id": f"msg_{message}", "part_id": f"prt_{number}"}
    return ev.PartDelta(session_id=S, field=field, delta=text, **ids)


def status(kind: str, **more: Any) -> ev.SessionStatus:
    return ev.SessionStatus(session_id=S, status={"type": kind, **more})


IDLE = ev.SessionIdle(session_id=S)


def made(*events: ev.Event) -> SessionState:
    state = SessionState(S)
    for event in events:
        fold(state, event)
    return state


def only(state: SessionState, message: int = 1) -> Part:
    (found,) = state.messages[f"msg_{message}"].parts.values()
    return found


@given(st.lists(st.text(max_size=8), max_size=12), st.data())
def test_any_prefix_of_deltas_then_the_close_is_the_full_text(deltas: list[str], data: st.DataObject) -> None:
    heard = data.draw(st.integers(0, len(deltas)))
    state = made(head(1), part(1))
    for piece in deltas[:heard]:
        assert fold(state, delta(1, piece)) == [Change("delta", "msg_1", "prt_1")]
    assert only(state).text == "".join(deltas[:heard])
    assert not only(state).closed
    fold(state, part(1, text="".join(deltas), end=True))
    assert (only(state).text, only(state).closed, only(state).gaps) == ("".join(deltas), True, [])


def test_reasoning_has_the_field_text_and_other_fields_are_no_text() -> None:
    state = made(head(1), part(1, kind="reasoning"), delta(1, "hm"), delta(1, "x", field="signature"))
    assert (only(state).kind, only(state).text) == ("reasoning", "hm")


def test_a_delta_for_what_is_closed_or_unknown_changes_nothing() -> None:
    state = made(head(1), part(1, text="whole", end=True))
    assert fold(state, delta(1, "!")) == []
    assert fold(state, delta(2, "!")) == []
    assert fold(state, delta(1, "!", message=9)) == []
    assert only(state).text == "whole"


def test_a_part_is_replaced_whole() -> None:
    running = {"status": "running", "input": {"command": "ls"}}
    state = made(
        head(1),
        part(1, kind="tool", tool="bash", state={"status": "pending", "raw": ""}),
        part(1, kind="tool", tool="bash", state=running),
    )
    assert (only(state).data["state"], only(state).closed) == (running, False)
    fold(state, part(1, kind="tool", tool="bash", state={"status": "completed", "output": "a"}))
    assert only(state).closed
    assert "input" not in only(state).data["state"]


def test_unknown_parts_and_a_users_text_are_kept_closed() -> None:
    told = ev.PartUpdated(session_id=S, part={"id": "prt_2", "messageID": "msg_1", "type": "text", "text": "hello"})
    state = made(head(1, "user"), part(1, kind="hologram", beam=3), told)
    assert [(p.kind, p.text, p.closed) for p in state.messages["msg_1"].parts.values()] == [
        ("hologram", "", True),
        ("text", "hello", True),
    ]
    assert state.messages["msg_1"].parts["prt_1"].data["beam"] == 3
    assert fold(state, part(1, message=7)) == []
    assert fold(state, ev.PartUpdated(session_id=S, part={"messageID": "msg_1"})) == []


def test_an_abort_tells_idle_twice_and_the_text_after_the_first() -> None:
    state = made(status("busy"), head(1), part(1), delta(1, "said "))
    fold(state, ev.SessionError(session_id=S, error=ABORTED))
    assert fold(state, status("idle")) == [Change("status")]
    assert fold(state, IDLE) == []
    assert (only(state).closed, only(state).text) == (False, "said ")
    fold(state, part(1, text="said this", end=True))
    fold(state, head(1, completed=5000, error=ABORTED))
    assert fold(state, status("idle")) == []
    assert (only(state).text, only(state).interrupted) == ("said this", False)
    assert state.messages["msg_1"].error == ABORTED
    assert (state.messages["msg_1"].completed, state.error) == (5.0, ABORTED)
    # the next turn clears the error
    assert {change.kind for change in fold(state, status("busy"))} == {"error", "status"}
    assert state.error is None


def test_a_retry_ends_the_part_that_was_cut() -> None:
    state = made(status("busy"), head(1), part(1), delta(1, "half"))
    changes = fold(state, status("retry", attempt=2, message="reset", next=9000))
    assert changes == [Change("part", "msg_1", "prt_1"), Change("status")]
    assert state.status == Status("retry", 2, "reset", 9.0)
    assert (only(state).closed, only(state).interrupted, only(state).text) == (True, True, "half")
    fold(state, part(1, text="half and more", end=True))  # as an abort during the retry does
    assert (only(state).interrupted, only(state).text) == (False, "half and more")


def test_a_completed_message_leaves_no_open_text() -> None:
    state = made(head(1), part(1), delta(1, "half"), part(2), part(3, kind="tool", state={"status": "running"}))
    fold(state, head(1, completed=5000))
    shown = state.messages["msg_1"].parts
    assert [(p.closed, p.interrupted) for p in shown.values()] == [(True, True), (True, True), (False, False)]
    assert state.messages["msg_1"].interrupted


def test_a_new_answer_ends_an_earlier_one_that_never_did() -> None:
    state = made(head(1), part(1), part(2, kind="tool", state={"status": "running"}), head(2, "user"), head(3))
    assert all(p.interrupted for p in state.messages["msg_1"].parts.values())
    assert not Message("x", "user", 0).interrupted


def test_a_strange_status_counts_as_busy() -> None:
    assert made(status("dreaming")).status.kind == "busy"


def test_messages_stay_in_order_and_old_ones_stay_out() -> None:
    state = made(head(2, "user"), head(4), head(3))
    assert list(state.messages) == ["msg_2", "msg_3", "msg_4"]
    state.has_older = True
    assert fold(state, head(1, "user", summary={})) == []
    assert fold(state, ev.MessageUpdated(session_id=S, info={})) == []
    fold(state, head(3, modelID="m"))
    assert (list(state.messages), state.messages["msg_3"].info["modelID"]) == (["msg_2", "msg_3", "msg_4"], "m")
    state.messages.clear()
    assert fold(state, head(1)) == [Change("message", "msg_1")]


def test_what_is_removed_goes() -> None:
    state = made(head(1), part(1), head(2))
    gone = ev.PartRemoved(session_id=S, message_id="msg_1", part_id="prt_1")
    assert fold(state, gone) == [Change("part-removed", "msg_1", "prt_1")]
    assert fold(state, gone) == []
    removed = ev.MessageRemoved(session_id=S, message_id="msg_2")
    assert fold(state, removed) == [Change("message-removed", "msg_2")]
    assert fold(state, removed) == []
    assert fold(state, ev.PartRemoved(session_id=S, message_id="msg_2", part_id="prt_1")) == []
    assert list(state.messages) == ["msg_1"]


def test_session_todos_and_deletion() -> None:
    info = {"id": S, "title": "T", "directory": "/p", "parentID": "ses_0", "revert": {"messageID": "msg_3"}}
    state = SessionState(S)
    assert fold(state, ev.SessionUpdated(session_id=S, info=info)) == [Change("session")]
    assert fold(state, ev.SessionCreated(session_id=S, info=info)) == []
    assert (state.title, state.directory, state.parent_id, state.revert_from) == ("T", "/p", "ses_0", "msg_3")
    fold(state, ev.SessionUpdated(session_id=S, info={"title": None}))
    assert (state.title, state.directory, state.revert_from) == ("", "/p", None)
    assert fold(state, ev.TodoUpdated(session_id=S, todos=[{"content": "x"}])) == [Change("todos")]
    assert state.todos == [{"content": "x"}]
    assert fold(state, ev.SessionDeleted(session_id=S)) == [Change("session")]
    assert state.deleted
    assert fold(state, ev.SessionError(session_id=S)) == [Change("error")]
    assert state.error == {"name": "UnknownError", "data": {}}
    assert fold(state, ev.Unknown(session_id=S, kind="new")) == []
    assert fold(state, ev.Heartbeat()) == []


@pytest.mark.parametrize("session", [S, "ses_child"])
def test_what_waits_here_or_in_a_sub_agent(session: str) -> None:
    asked = ev.PermissionAsked(
        session_id=session,
        id="per_1",
        permission="bash",
        patterns=["touch x"],
        always=["touch *"],
        metadata={"command": "touch x"},
        tool={"messageID": "msg_1", "callID": "call_1"},
    )
    question = ev.QuestionAsked(session_id=session, id="que_1", questions=[{"question": "Which?"}])
    state = SessionState(S)
    assert fold(state, asked) == [Change("permission")]
    assert fold(state, question) == [Change("question")]
    kept = state.permissions["per_1"]
    assert (kept.session_id, kept.patterns, kept.always, kept.call_id) == (
        session,
        ("touch x",),
        ("touch *",),
        "call_1",
    )
    assert state.questions["que_1"].questions == ({"question": "Which?"},)
    replied = ev.PermissionReplied(session_id=session, request_id="per_1", reply="once")
    assert fold(state, replied) == [Change("permission")]
    assert fold(state, replied) == []
    closed = ev.QuestionClosed(session_id=session, request_id="que_1")
    assert fold(state, closed) == [Change("question")]
    assert fold(state, closed) == []
    # an abort withdraws nothing by itself: being idle does
    for ending in (
        ev.SessionIdle(session_id=session),
        ev.SessionDeleted(session_id=session),
        ev.SessionStatus(session_id=session, status={"type": "idle"}),
    ):
        fold(state, asked)
        fold(state, question)
        fold(state, ev.SessionIdle(session_id="ses_other"))
        fold(state, ev.SessionStatus(session_id=session, status={"type": "busy"}))
        assert (len(state.permissions), len(state.questions)) == (1, 1)
        assert {change.kind for change in fold(state, ending)} >= {"permission", "question"}
        assert (state.permissions, state.questions) == ({}, {})


def test_a_childs_words_are_not_the_parents() -> None:
    state = made(head(1), part(1))
    other = ev.PartDelta(session_id="ses_child", message_id="msg_1", part_id="prt_1", field="text", delta="x")
    assert fold(state, other) == []
    assert fold(state, ev.SessionStatus(session_id="ses_child", status={"type": "busy"})) == []
    assert (only(state).text, state.status.kind) == ("", "idle")


def test_trim_lets_the_oldest_go() -> None:
    state = made(*(head(number, "user") for number in range(1, 6)))
    assert trim(state, 5) == []
    assert trim(state, 3) == [Change("message-removed", "msg_1"), Change("message-removed", "msg_2"), Change("older")]
    assert (list(state.messages), state.has_older) == (["msg_3", "msg_4", "msg_5"], True)
    assert trim(state, 2) == [Change("message-removed", "msg_3")]


def test_a_recorded_turn_makes_the_whole_answer() -> None:
    heard = [found for body in recorded("answer") if (found := decode(body)) is not None]
    state = folded("ses_0000", heard)
    told = shape(state)
    assert (told["title"], told["status"], told["waiting"], told["error"]) == ("Recorded", "idle", 0, None)
    user, first, second = told["messages"]
    assert user["role"] == "user"
    assert ("reasoning", "think 0 think 1 think 2 ", True, None, None) in first["parts"]
    assert ("text", "word0 word1 word2 word3 word4 ", True, None, None) in first["parts"]
    assert ("tool", "", True, "bash", "completed") in first["parts"]
    assert ("text", "And it is done.\n", True, None, None) in second["parts"]
    assert all(message["completed"] for message in (first, second))


def test_a_recorded_refusal_is_an_error() -> None:
    heard = [found for body in recorded("refused") if (found := decode(body)) is not None]
    told = shape(folded("ses_0000", heard))
    assert (told["error"], told["messages"][-1]["error"], told["status"]) == ("APIError", "APIError", "idle")
