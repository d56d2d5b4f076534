# SPDX-License-Identifier: MIT
"""What pages, API and commands ask of conversations."""

from typing import Any

import pytest

from opencode_nexus.chat.errors import (
    AgentUnknown,
    CursorUnknown,
    MessageEmpty,
    ModelUnknown,
    NotWaiting,
    ProjectUnknown,
    SessionNotFound,
)
from opencode_nexus.core.errors import NotFound
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World

pytestmark = pytest.mark.anyio


async def test_sessions_of_all_folders_the_last_used_first(world: World) -> None:
    world.session("ses_child", "Child", parent=S)
    world.infos["ses_child"]["time"] = {"created": 1000, "updated": 9000}
    world.busy("ses_child")
    world.tell("permission.asked", "ses_child", id="per_1", permission="bash", patterns=[], metadata={}, always=[])
    await world.until(world.chat.waiting)
    child, root = await world.chat.sessions(SERVER)
    assert (child.id, child.parent_id, child.status, child.waiting) == ("ses_child", S, "busy", 1)
    assert (root.id, root.title, root.status, root.waiting, root.updated) == (S, "The chat", "idle", 1, 2.0)
    folders = [path for _, path, _ in world.fake.asked if path.startswith("/session?")]
    assert folders == ["/session?directory=%2Fproject&limit=100", "/session?directory=%2Fother&limit=100"]
    assert world.chat.title(SERVER, S) == "The chat"
    assert world.chat.title(SERVER, "ses_unknown") == ""


async def test_a_session_is_made_in_a_folder_of_the_server(world: World) -> None:
    world.fake.routes["POST /session"] = {"id": "ses_new", "title": "T", "directory": "/other"}
    assert await world.chat.create(SERVER, "T", "/other") == "ses_new"
    assert world.fake.asked[-1] == ("POST", "/session?directory=%2Fother", {"title": "T"})
    await world.chat.create(SERVER)
    assert world.fake.asked[-1] == ("POST", "/session?directory=%2Fproject", {})
    with pytest.raises(ProjectUnknown):
        await world.chat.create(SERVER, "T", "/elsewhere")
    with pytest.raises(NotFound):
        await world.chat.create("srv_other")


async def test_a_session_is_renamed_and_deleted(world: World) -> None:
    world.fake.routes |= {f"PATCH /session/{S}": {}, f"DELETE /session/{S}": True}
    await world.chat.rename(SERVER, S, "Other")
    assert world.fake.asked[-1] == ("PATCH", f"/session/{S}", {"title": "Other"})
    world.journal.busy(SERVER, S, "/project")
    await world.chat.delete(SERVER, S)
    assert world.journal.running(SERVER) == {}
    world.fake.routes[f"DELETE /session/{S}"] = (404, "application/json", b"{}")
    with pytest.raises(SessionNotFound):
        await world.chat.delete(SERVER, S)


async def test_a_message_needs_words(world: World) -> None:
    with pytest.raises(MessageEmpty):
        await world.chat.send(SERVER, S, " \n")
    world.fake.routes |= OFFERED
    await world.chat.send(SERVER, S, " hi ", "p/m", "plan")
    (sent,) = world.fake.asked[-1][2]["parts"]
    assert (sent["type"], sent["text"], sent["id"][:4]) == ("text", " hi ", "prt_")


OFFERED: dict[str, Any] = {
    "GET /config/providers": {"providers": [{"id": "p", "models": {"m": {}}}], "default": {}},
    "GET /agent": [{"name": "plan", "mode": "primary"}],
}


async def test_a_message_for_a_model_or_an_agent_that_is_not_there_is_not_sent(world: World) -> None:
    world.fake.routes |= OFFERED
    for model, agent, error in (
        ("p/x", None, ModelUnknown),
        ("p/m", "nope", AgentUnknown),
        (None, "nope", AgentUnknown),
    ):
        with pytest.raises(error):
            await world.chat.send(SERVER, S, "hi", model, agent)
    assert not any(path.endswith("prompt_async") for _, path, *_ in world.fake.asked)
    await world.chat.send(SERVER, S, "hi", "p/m", "plan")
    asked = len(world.fake.asked)
    await world.chat.send(SERVER, S, "again", "p/m", "plan")
    assert len(world.fake.asked) == asked + 1, "what was offered before is not asked for again"
    with pytest.raises(AgentUnknown) as caught:
        await world.chat.send(SERVER, S, "hi", None, "nope")
    assert caught.value.detail == "Asked for: 'nope'. There is: plan."


async def test_what_one_folder_offers_is_not_taken_for_anothers(world: World) -> None:
    def agents(path: str, body: Any) -> Any:
        return [{"name": "plan"}] if "project" in path else [{"name": "own"}, {"name": "title", "hidden": True}]

    world.session("ses_2")
    world.infos["ses_2"]["directory"] = "/other"
    world.fake.routes["GET /agent"] = agents
    await world.chat.send(SERVER, S, "hi", None, "plan")
    for agent in ("plan", "title"):
        with pytest.raises(AgentUnknown):
            await world.chat.send(SERVER, "ses_2", "hi", None, agent)
    await world.chat.send(SERVER, "ses_2", "hi", None, "own")


async def test_why_a_turn_failed_is_known_without_its_conversation_until_the_next_one(world: World) -> None:
    error = {"name": "ProviderAuthError", "data": {"message": "no key"}}
    world.tell("session.error", error=error)
    await world.until(lambda: world.chat.feeds.feed(SERVER).errors)
    assert (await world.chat.session(SERVER, S)).error == error
    assert (await world.chat.conversation(SERVER, S)).state.error == error
    world.tell("session.idle")
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    assert (await world.chat.session(SERVER, S)).error is None


async def test_sessions_come_in_pages(world: World) -> None:
    for number in range(2, 8):
        world.session(f"ses_{number}")
        world.infos[f"ses_{number}"]["time"] = {"created": 1000, "updated": 2000 + number // 2}
    whole = [one.id for one in await world.chat.sessions(SERVER)]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page, cursor = await world.chat.session_page(SERVER, 2, cursor)
        seen += [one.id for one in page]
    assert (seen, cursor, len(set(seen))) == (whole, None, 7)
    with pytest.raises(CursorUnknown):
        await world.chat.session_page(SERVER, 2, "ses_1")


async def test_a_part_closed_between_two_answers_has_its_text(world: World) -> None:
    world.busy()
    world.begin()
    world.delta("half")
    await world.until(lambda: world.journal.open_parts() and world.journal.open_parts()[0].text)
    early = list(world.messages[S])
    asked: list[str] = []

    def racing(path: str, body: Any) -> Any:
        asked.append(path)
        if len(asked) > 1:
            return world.messages[S]
        whole = {"id": "prt_1", "type": "text", "text": "half and whole", "time": {"start": 1, "end": 2}}
        world.says(S, "msg_1", whole)
        world.journal.close("prt_1")
        return early

    world.fake.routes[f"GET /session/{S}/message"] = racing
    messages, older = await world.chat.messages(SERVER, S)
    assert [part.text for part in messages[-1].parts.values()] == ["half and whole"]
    assert (len(asked), older) == (2, None)


async def test_answers_go_to_the_folder_that_asked_and_only_once(world: World) -> None:
    world.fake.routes |= {
        "POST /permission/per_1/reply": True,
        "POST /question/que_1/reply": True,
        "POST /question/que_1/reject": (404, "application/json", b"{}"),
    }
    world.busy()
    world.tell("permission.asked", id="per_1", permission="bash", patterns=[], metadata={}, always=[])
    world.tell("question.asked", id="que_1", questions=[{"question": "Which?"}])
    await world.until(lambda: len(world.chat.waiting()) == 2)
    await world.chat.reply_permission(SERVER, "per_1", "reject", "because")
    _, path, said = world.fake.asked[-1]
    assert (path, said) == (
        "/permission/per_1/reply?directory=%2Fproject",
        {"reply": "reject", "message": "because"},
    )
    await world.chat.reply_question(SERVER, "que_1", [["A"], ["own words"]])
    assert world.fake.asked[-1][2] == {"answers": [["A"], ["own words"]]}
    for wrong_server, wrong_id in (("srv_x", "per_1"), (SERVER, "per_9"), (SERVER, "que_1")):
        with pytest.raises(NotWaiting):
            await world.chat.reply_permission(wrong_server, wrong_id, "once")
    with pytest.raises(NotWaiting):
        await world.chat.reply_question(SERVER, "que_1", None)
    assert [waiting.id for waiting in world.chat.waiting(SERVER)] == ["per_1"]
    world.tell("permission.replied", requestID="per_1", reply="once")
    await world.until(lambda: not world.chat.waiting())
    assert world.chat.counts("srv_unknown").running == 0
    assert world.chat.busy("srv_unknown") == []


async def test_a_deleted_session_waits_for_nothing(world: World) -> None:
    world.busy()
    world.tell("permission.asked", id="per_1", permission="bash", patterns=[], metadata={}, always=[])
    await world.until(world.chat.waiting)
    world.tell("session.deleted", info={})
    await world.until(lambda: not world.chat.waiting())
    assert world.chat.busy(SERVER) == []
    assert {"busy", "waiting", "idle", "deleted"} <= set(world.whats())


async def test_what_is_removed_is_not_kept(world: World) -> None:
    world.busy()
    world.begin()
    world.begin("msg_2", "prt_2")
    world.begin("msg_3", "prt_3")
    await world.until(lambda: len(world.journal.open_parts()) == 3)
    world.tell("message.part.removed", messageID="msg_1", partID="prt_1")
    world.tell("message.removed", messageID="msg_2")
    await world.until(lambda: [p.id for p in world.journal.open_parts()] == ["prt_3"])
    world.tell("message.updated", info={"id": "msg_3", "role": "assistant", "time": {"created": 1, "completed": 2}})
    await world.until(lambda: not world.journal.open_parts())
    assert list(await world.journal.interrupted(S)) == ["prt_3"]
    world.begin("msg_4", "prt_4")
    await world.until(world.journal.open_parts)
    world.tell("session.status", status={"type": "retry", "attempt": 1, "message": "x", "next": 5})
    await world.until(lambda: not world.journal.open_parts())
    assert world.chat.status(S).kind == "retry"


async def test_new_sessions_and_titles_are_told(world: World) -> None:
    world.tell("session.created", "ses_t", info={"id": "ses_t", "title": "One"})
    for title in ("One", "Two"):
        world.tell("session.updated", "ses_t", info={"id": "ses_t", "title": title})
    world.tell("session.error", "ses_t", error={"name": "x"})
    await world.until(lambda: world.chat.title(SERVER, "ses_t") == "Two")
    assert world.whats() == ["created", "renamed"]
