# SPDX-License-Identifier: MIT
"""A conversation with a real OpenCode: nothing that the model said is lost, doubled or changed."""

import json

import pytest

from opencode_nexus.chat.errors import MessageEmpty, NotWaiting, SessionNotFound
from opencode_nexus.opencode.errors import OpenCodeBadRequest
from opencode_nexus.opencode.state import Change
from tests.contract.conftest import Hub, parts, text
from tests.fakes.one_server import SERVER

pytestmark = pytest.mark.anyio


async def test_streams_reasoning_text_and_a_tool(hub: Hub) -> None:
    session = await hub.session("Streams")
    talk = await hub.look(session)
    heard: list[Change] = []
    talk.watch(heard.extend)
    await hub.say(
        session,
        [
            {"reasoning": "think {i} ", "n": 3},
            {"text": "word{i} ", "n": 5},
            {"tool": "bash", "args": {"command": "echo from-tool", "description": "say"}},
        ],
        [{"text": "end."}],
    )
    await hub.until_idle(session)
    await hub.until(lambda: text(talk) == "word0 word1 word2 word3 word4 end.", "the text")
    assert parts(talk, "reasoning")[0].text == "think 0 think 1 think 2 "
    tool = parts(talk, "tool")[0]
    assert tool.data["state"]["output"] == "from-tool\n"
    assert all(part.closed and not part.interrupted and not part.gaps for part in parts(talk, "text"))
    assert {"message", "part", "delta", "status"} <= {change.kind for change in heard}
    assert hub.chat.journal.open_parts() == []
    assert talk.state.status.kind == "idle"
    # What a fresh load shows is what the stream showed.
    streamed = [(m.id, [(p.id, p.text, p.closed) for p in m.parts.values()]) for m in talk.state.messages.values()]
    messages, older = await hub.chat.messages(SERVER, session)
    assert [(m.id, [(p.id, p.text, p.closed) for p in m.parts.values()]) for m in messages] == streamed
    assert older is None


async def test_a_conversation_opened_in_the_middle_has_every_word(hub: Hub) -> None:
    session = await hub.session("Middle")
    await hub.say(session, [{"text": "a{i} ", "n": 20}, {"wait": "middle"}, {"text": "b{i} ", "n": 20}])
    first, rest = "".join(f"a{i} " for i in range(20)), "".join(f"b{i} " for i in range(20))
    await hub.until(lambda: any(p.text == first for p in hub.chat.journal.open_parts(session_id=session)))
    talk = await hub.look(session)
    assert (text(talk), talk.state.status.kind) == (first, "busy")
    messages, _ = await hub.chat.messages(SERVER, session)
    assert "".join(p.text for p in messages[-1].parts.values()) == first
    assert hub.chat.busy(SERVER) == [session]
    assert [(s.id, s.status) for s in await hub.chat.sessions(SERVER) if s.id == session] == [(session, "busy")]
    hub.provider.release("middle")
    await hub.until(lambda: text(talk) == first + rest, "the rest")
    await hub.until_idle(session)
    assert not parts(talk, "text")[0].gaps


@pytest.mark.parametrize("reply", ["once", "reject"])
async def test_a_permission_is_answered(hub: Hub, reply: str) -> None:
    session = await hub.session("Asks")
    talk = await hub.look(session)
    command = {"command": f"touch {reply}.txt", "description": "make it"}
    await hub.say(session, [{"tool": "bash", "args": command}], [{"text": "went on"}])
    await hub.until(lambda: talk.state.permissions, "the permission")
    (waiting,) = hub.chat.waiting(SERVER)
    assert (waiting.kind, waiting.session_id, waiting.title) == ("permission", session, "Asks")
    assert waiting.detail == f"bash: touch {reply}.txt"
    assert hub.chat.counts(SERVER).waiting == 1
    await hub.chat.reply_permission(SERVER, waiting.id, reply)
    await hub.until_idle(session)
    await hub.until(lambda: not talk.state.permissions)
    await hub.until(lambda: ("went on" in text(talk)) == (reply == "once"), "the text")
    assert (hub.opencode.project / f"{reply}.txt").exists() == (reply == "once")
    assert ("went on" in text(talk)) == (reply == "once")
    assert hub.chat.waiting() == []
    with pytest.raises(NotWaiting):
        await hub.chat.reply_permission(SERVER, waiting.id, reply)


async def test_a_rejection_with_a_reason_lets_the_agent_go_on(hub: Hub) -> None:
    session = await hub.session("Reason")
    await hub.say(
        session,
        [{"tool": "bash", "args": {"command": "touch no.txt", "description": "x"}}],
        [{"text": "as you say"}],
    )
    await hub.until(lambda: hub.chat.waiting(SERVER))
    await hub.chat.reply_permission(SERVER, hub.chat.waiting()[0].id, "reject", "not here")
    await hub.until_idle(session)
    talk = await hub.look(session)
    assert "not here" in str(parts(talk, "tool")[0].data["state"]["error"])
    assert text(talk) == "as you say"


async def test_always_asks_no_second_time(hub: Hub) -> None:
    # OpenCode keeps an "always" for as long as it has the folder open, and all tests share both: no other uses rmdir
    ask = {"tool": "bash", "args": {"command": "rmdir always-1", "description": "x"}}
    again = {"tool": "bash", "args": {"command": "rmdir always-2", "description": "x"}}
    session = await hub.session("Always")
    await hub.say(session, [ask], [again], [{"text": "both done"}])
    await hub.until(lambda: hub.chat.waiting(SERVER))
    await hub.chat.reply_permission(SERVER, hub.chat.waiting()[0].id, "always")
    await hub.until_idle(session)
    assert text(await hub.look(session)) == "both done"


async def test_a_question_is_answered(hub: Hub) -> None:
    session = await hub.session("Question")
    asked = {
        "question": "Which one?",
        "header": "Choice",
        "options": [{"label": "Left", "description": "l"}, {"label": "Right", "description": "r"}],
    }
    await hub.say(session, [{"tool": "question", "args": {"questions": [asked]}}], [{"text": "thanks"}])
    talk = await hub.look(session)
    await hub.until(lambda: talk.state.questions, "the question")
    (waiting,) = hub.chat.waiting()
    assert (waiting.kind, waiting.detail) == ("question", "Which one?")
    await hub.chat.reply_question(SERVER, waiting.id, [["Right"]])
    await hub.until_idle(session)
    await hub.until(lambda: text(talk) == "thanks", "the text")  # events still follow the idle
    assert "Right" in str(parts(talk, "tool")[0].data["state"]["output"])


async def test_stop_ends_a_stream_and_keeps_its_words(hub: Hub) -> None:
    session = await hub.session("Stopped")
    talk = await hub.look(session)
    await hub.say(session, [{"text": "said "}, {"wait": "never"}])
    await hub.until(lambda: text(talk) == "said ")
    result = await hub.chat.abort(SERVER, session)
    assert (result.stopped, result.sessions) == (True, (session,))
    await hub.until(lambda: any(m.error for m in talk.state.messages.values()), "the error")
    (message,) = [m for m in talk.state.messages.values() if m.role == "assistant"]
    assert message.error is not None
    assert message.error["name"] == "MessageAbortedError"
    assert text(talk) == "said "
    assert hub.chat.busy(SERVER) == []


async def test_stop_withdraws_what_the_session_waited_for(hub: Hub) -> None:
    session = await hub.session("Stopped while it asks")
    await hub.say(session, [{"tool": "bash", "args": {"command": "touch s.txt", "description": "x"}}])
    await hub.until(lambda: hub.chat.waiting(SERVER))
    result = await hub.chat.abort(SERVER, session)
    assert (result.stopped, result.withdrawn) == (True, 1)
    assert hub.chat.waiting() == []
    assert hub.opencode.call(f"/permission?directory={hub.opencode.project}") == []


async def test_a_sub_agents_permission_shows_in_its_chat_and_stops_with_it(hub: Hub) -> None:
    child = [[{"tool": "bash", "args": {"command": "touch c.txt", "description": "x"}}], [{"text": "child done"}]]
    prompt = "#script " + json.dumps(child)
    task = {"tool": "task", "args": {"description": "d", "prompt": prompt, "subagent_type": "general"}}
    session = await hub.session("Parent")
    talk = await hub.look(session)
    await hub.say(session, [task], [{"text": "never {i} ", "n": 400, "rate": 20}])
    await hub.until(lambda: talk.state.permissions, "the child's permission")
    (waiting,) = hub.chat.waiting()
    assert (waiting.root_id, waiting.title) == (session, "Parent")
    assert waiting.session_id != session
    assert hub.chat.counts(SERVER).running == 1
    assert sorted(hub.chat.busy(SERVER)) == sorted([session, waiting.session_id])
    result = await hub.chat.abort(SERVER, session)
    assert result.stopped
    assert set(result.sessions) == {session, waiting.session_id}
    assert hub.opencode.call(f"/session/status?directory={hub.opencode.project}") == {}
    await hub.until(lambda: not talk.state.permissions)
    assert hub.chat.waiting() == []


async def test_a_refused_request_is_shown_as_the_provider_gave_it(hub: Hub) -> None:
    session = await hub.session("Refused")
    talk = await hub.look(session)
    await hub.say(session, [{"status": 400, "body": {"error": {"message": "no such luck"}}}])
    await hub.until_idle(session)
    await hub.until(lambda: any(m.error for m in talk.state.messages.values()), "the error")
    error = next(m.error for m in talk.state.messages.values() if m.error)
    assert error["name"] == "APIError"
    assert "no such luck" in error["data"]["message"]
    assert talk.state.error is not None


async def test_a_failing_provider_is_tried_again(hub: Hub) -> None:
    session = await hub.session("Retry")
    talk = await hub.look(session)
    await hub.say(session, [{"status": 500, "times": 1}, {"text": "at last"}])
    await hub.until(lambda: talk.state.status.kind == "retry", "the retry")
    assert (talk.state.status.attempt, talk.state.status.message) == (1, "scripted 500")
    assert talk.state.status.next is not None
    await hub.until_idle(session)
    await hub.until(lambda: text(talk) == "at last", "the text")


async def test_words_before_a_cut_connection_are_kept(hub: Hub) -> None:
    session = await hub.session("Cut")
    talk = await hub.look(session)
    cut = {"drop": True, "times": 1}
    await hub.say(session, [{"text": "half "}, {"text": "a "}, {"wait": "cut"}, cut, {"text": "story"}])
    await hub.until(lambda: text(talk) == "half a ")
    hub.provider.release("cut")
    await hub.until(lambda: talk.state.status.kind == "retry", "the retry")
    await hub.until(lambda: parts(talk, "text")[0].interrupted)
    await hub.until_idle(session)
    # OpenCode itself keeps only the second try: its first part stays empty for good.
    assert [(p.text, p.interrupted) for p in parts(talk, "text")] == [("half a ", True), ("half a story", False)]
    again, _ = await hub.chat.messages(SERVER, session)
    assert [p.text for p in again[-1].parts.values() if p.kind == "text"] == ["half a ", "half a story"]


async def test_older_messages_come_by_page(hub: Hub) -> None:
    session = await hub.session("Pages")
    for number in range(3):
        await hub.chat.send(SERVER, session, f"hello {number}")
        await hub.until_idle(session)
        await hub.until(lambda: session not in hub.chat.busy(SERVER))
    everything, none = await hub.chat.messages(SERVER, session)
    newest, before = await hub.chat.messages(SERVER, session, 4)
    oldest, end = await hub.chat.messages(SERVER, session, 4, before)
    assert [m.id for m in everything] == [m.id for m in (*oldest, *newest)]
    assert (none, end) == (None, None)
    with pytest.raises(OpenCodeBadRequest):
        await hub.chat.messages(SERVER, session, 4, "junk")


async def test_sessions_are_made_renamed_and_deleted(hub: Hub) -> None:
    session = await hub.session("Before")
    talk = await hub.look(session)
    await hub.chat.rename(SERVER, session, "After")
    await hub.until(lambda: talk.state.title == "After")
    assert hub.chat.title(SERVER, session) == "After"
    assert "After" in [summary.title for summary in await hub.chat.sessions(SERVER)]
    await hub.chat.delete(SERVER, session)
    await hub.until(lambda: talk.state.deleted)
    for wrong in (session, "ses_nope", "../session"):
        with pytest.raises(SessionNotFound):
            await hub.chat.messages(SERVER, wrong)
        with pytest.raises(SessionNotFound):
            await hub.chat.send(SERVER, wrong, "hello")
    with pytest.raises(SessionNotFound):
        await hub.look("ses_nope")
    with pytest.raises(MessageEmpty):
        await hub.chat.send(SERVER, session, "  \n")
