# SPDX-License-Identifier: MIT
"""A feed that is lost and found again: what was missed is marked, asked for, and healed."""

import asyncio
import json
from typing import Any

import pytest

from opencode_nexus.chat import connection as module
from opencode_nexus.opencode.state import Change
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import Gate, S, World, lose, part, talking

pytestmark = pytest.mark.anyio


async def test_a_gap_is_marked_and_heals(world: World) -> None:
    await talking(world)
    await lose(world)
    assert (part(world).text, part(world).gaps) == ("one ", [4])
    world.delta("three")
    await world.until(lambda: part(world).text == "one three")
    whole = {
        "id": "prt_1",
        "messageID": "msg_1",
        "type": "text",
        "text": "one two three",
        "time": {"start": 1, "end": 2},
    }
    world.tell("message.part.updated", part=whole)
    await world.until(lambda: part(world).closed)
    assert (part(world).text, part(world).gaps) == ("one two three", [])
    assert world.journal.open_parts() == []


async def test_a_part_that_was_closed_meanwhile_has_no_gap(world: World) -> None:
    await talking(world)
    whole = {"id": "prt_1", "type": "text", "text": "one two", "time": {"start": 1, "end": 2}}
    await lose(world, meanwhile=lambda: world.says(S, "msg_1", whole))
    assert (part(world).text, part(world).gaps, part(world).closed) == ("one two", [], True)
    assert world.journal.open_parts() == []


async def test_a_part_that_began_meanwhile_has_a_gap_at_its_start(world: World) -> None:
    await talking(world)
    first = {"id": "prt_1", "type": "text", "text": "one", "time": {"start": 1, "end": 2}}
    second = {"id": "prt_2", "type": "text", "text": "", "time": {"start": 1}}
    await lose(world, meanwhile=lambda: world.says(S, "msg_1", first, second))
    assert (part(world, "prt_2").gaps, part(world, "prt_2").closed) == ([0], False)
    world.delta("rest", part="prt_2")
    await world.until(lambda: part(world, "prt_2").text == "rest")


async def test_a_turn_that_ended_meanwhile_is_idle(world: World) -> None:
    await talking(world)

    def meanwhile() -> None:
        whole = {"id": "prt_1", "type": "text", "text": "one two", "time": {"start": 1, "end": 2}}
        world.says(S, "msg_1", whole, time={"created": 1000, "completed": 2000})
        world.fake.routes["GET /session/status"] = {}

    await lose(world, meanwhile=meanwhile)
    state = world.chat.feeds.conversations[SERVER][S].state
    assert (state.status.kind, state.interrupted, world.chat.busy(SERVER)) == ("idle", False, [])
    assert world.activity.recent() == []


async def test_a_session_deleted_meanwhile_is_forgotten(world: World) -> None:
    await talking(world)

    def meanwhile() -> None:
        world.fake.routes["GET /session/status"] = {}
        for path in (f"GET /session/{S}", f"GET /session/{S}/message"):
            world.fake.routes[path] = (404, "application/json", b"{}")

    await lose(world, meanwhile=meanwhile)
    assert (world.journal.open_parts(), world.journal.running(SERVER)) == ([], {})


async def test_while_opencode_cannot_be_asked_words_go_on_and_gaps_are_marked(world: World) -> None:
    await talking(world)
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    broken = (500, "application/json", b'{"name":"x"}')
    statuses = world.fake.routes["GET /session/status"]
    world.fake.routes["GET /session/status"] = broken
    world.fake.cut()
    await world.until(lambda: not connection.connected)
    await world.until(lambda: world.fake.listeners)
    world.delta("more")
    await world.until(lambda: part(world).text == "one more")
    assert [copy.gaps for copy in world.journal.open_parts()] == [[4]]
    world.fake.routes["GET /session/status"] = statuses
    await world.settled()
    assert (part(world).text, part(world).gaps) == ("one more", [4, 8])


async def test_an_event_that_cannot_be_read_may_have_been_words(world: World) -> None:
    await talking(world)
    world.fake.say(b"{nonsense")
    await world.until(lambda: part(world).gaps == [4])
    await world.settled()
    assert part(world).text == "one "


async def test_a_stale_request_is_not_shown_and_turned_down(world: World) -> None:
    permission = {"id": "per_1", "sessionID": S, "permission": "bash", "patterns": ["x"], "metadata": {}, "always": []}
    question = {"id": "que_1", "sessionID": S, "questions": []}
    world.fake.routes |= {
        "GET /permission": lambda path, body: [permission] if "project" in path else [],
        "GET /question": lambda path, body: [question] if "project" in path else [],
        "POST /permission/per_1/reply": True,
        "POST /question/que_1/reject": (404, "application/json", b"{}"),
    }
    await talking(world)
    world.fake.routes["GET /session/status"] = {}
    await lose(world)
    assert world.chat.waiting() == []

    def asked() -> list[str]:
        return [path.partition("?")[0] for _, path, _ in world.fake.asked]

    await world.until(lambda: "/question/que_1/reject" in asked())
    assert asked().count("/permission/per_1/reply") == asked().count("/question/que_1/reject") == 1


async def test_a_request_that_was_answered_elsewhere_goes(world: World) -> None:
    await talking(world)
    asked: dict[str, Any] = {"id": "per_1", "permission": "bash", "patterns": [], "metadata": {}, "always": []}
    world.tell("permission.asked", **asked)
    await world.until(world.chat.waiting)
    world.fake.routes["GET /permission"] = [asked | {"sessionID": S}]
    await lose(world)
    assert [waiting.id for waiting in world.chat.waiting()] == ["per_1"]
    assert list(world.chat.feeds.conversations[SERVER][S].state.permissions) == ["per_1"]
    world.fake.routes["GET /permission"] = []
    await lose(world)
    assert world.chat.waiting() == []
    assert world.chat.feeds.conversations[SERVER][S].state.permissions == {}


async def test_a_sub_agents_request_finds_its_chat_though_nobody_told_of_it(world: World) -> None:
    world.session("ses_mid", parent=S)
    world.session("ses_deep", parent="ses_mid")
    talk = await world.chat.conversation(SERVER, S)
    heard: list[Change] = []
    talk.watch(heard.extend)
    world.busy("ses_deep")
    world.tell("permission.asked", "ses_deep", id="per_1", permission="bash", patterns=["x"], metadata={}, always=[])
    await world.until(lambda: list(talk.state.permissions) == ["per_1"])
    assert Change("permission") in heard
    (waiting,) = world.chat.waiting()
    assert (waiting.root_id, waiting.title, waiting.session_id) == (S, "The chat", "ses_deep")
    assert (world.chat.counts(SERVER).running, world.chat.counts(SERVER).waiting) == (1, 1)
    world.idle("ses_deep")
    await world.until(lambda: not talk.state.permissions)
    assert world.chat.counts(SERVER).waiting == 0


async def test_a_fresh_process_is_not_asked_about_folders_nobody_used(world: World) -> None:
    assert [path for _, path, _ in world.fake.asked if "permission" in path] == []
    world.servers.tell("stopped")
    await world.run(2, adopted=True)
    folders = sorted(path.partition("=")[2] for _, path, _ in world.fake.asked if path.startswith("/permission"))
    assert folders == ["%2Fother", "%2Fproject"]


async def test_a_window_that_cannot_be_loaded_again_stays_as_it_is(world: World) -> None:
    await talking(world)
    world.fake.routes[f"GET /session/{S}/todo"] = (500, "application/json", json.dumps({"message": "no"}).encode())
    await lose(world)
    assert part(world).text == "one "


async def test_what_comes_while_opencode_is_asked_is_taken_in_afterwards(world: World) -> None:
    await talking(world)
    gate = Gate(world)
    world.fake.cut()
    async with asyncio.timeout(20):
        await gate.asked.wait()
    world.begin("msg_1", "prt_2")
    world.delta("new", part="prt_2")
    world.delta("more")
    looking = asyncio.create_task(world.chat.messages(SERVER, S))
    await world.until(lambda: len(world.chat.feeds.connection(SERVER)._backlog or ()) >= 4)  # type: ignore[union-attr]
    assert part(world).text == "one "
    assert not looking.done()  # who asks meanwhile waits for the truth
    gate.open.set()
    messages, _ = await looking
    shown = {p.id: (p.text, p.gaps) for p in messages[-1].parts.values()}
    # the fake now has only the second part: the first one was kept because nobody said that it ended
    assert shown == {"prt_2": ("new", [])}
    assert (part(world, "prt_2").text, part(world, "prt_2").gaps) == ("new", [])


async def test_a_stream_lost_again_while_opencode_is_asked(world: World) -> None:
    await talking(world)
    gate = Gate(world)
    world.fake.cut()
    async with asyncio.timeout(20):
        await gate.asked.wait()
    world.delta("two ")
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    await world.until(lambda: len(connection._backlog or ()) >= 2)
    gate.asked.clear()
    world.fake.cut()
    async with asyncio.timeout(20):
        await gate.asked.wait()
    gate.open.set()
    await world.settled()
    assert (part(world).text, part(world).gaps) == ("one two ", [4, 8])


async def test_a_part_whose_beginning_was_never_told_is_found(world: World) -> None:
    talk = await world.chat.conversation(SERVER, S)
    talk.watch(lambda changes: None)
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    world.says(S, "msg_1", {"id": "prt_1", "type": "text", "text": "", "time": {"start": 1}})
    world.delta("heard ")
    await world.until(lambda: talk.state.messages and part(world).text == "heard ")
    assert part(world).gaps == [0]
    world.delta("more")
    await world.until(lambda: part(world).text == "heard more")
    assert [copy.text for copy in world.journal.open_parts()] == ["heard more"]


async def test_a_second_look_finds_what_was_never_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await talking(world)
    monkeypatch.setattr(module, "SECOND_LOOK", 0.05)
    await lose(world)
    assert part(world).gaps == [4]
    permission = {"id": "per_1", "sessionID": S, "permission": "bash", "patterns": ["x"], "metadata": {}, "always": []}
    world.fake.routes["GET /permission"] = [permission]
    state = world.chat.feeds.conversations[SERVER][S].state
    await world.until(lambda: list(state.permissions) == ["per_1"])
    assert part(world).gaps == [4]  # no words were missed since the first look
    assert [waiting.id for waiting in world.chat.waiting()] == ["per_1"]


async def test_a_session_that_was_about_to_end_was_not_cut_off(world: World) -> None:
    await talking(world)
    gone: list[str] = []

    def ending(path: str, body: Any) -> Any:
        gone.append(path)
        if len(gone) > 2:  # the window, the conversation's own, then the one that makes sure
            whole = {"id": "prt_1", "type": "text", "text": "one", "time": {"start": 1, "end": 2}}
            world.says(S, "msg_1", whole, time={"created": 1, "completed": 2})
        return world.messages[S]

    world.fake.routes["GET /session/status"] = {}
    world.fake.routes[f"GET /session/{S}/message"] = ending
    await lose(world)
    await world.until(lambda: len(gone) > 2)
    await world.stop()
    await world.start()
    assert world.activity.recent() == []


async def test_a_second_look_leaves_an_interrupted_part_as_it_is(world: World) -> None:
    await talking(world)
    world.tell("session.status", status={"type": "retry", "attempt": 1, "message": "x", "next": 1})
    await world.until(lambda: part(world).interrupted)
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    connection._begin_mending(again=True)
    await world.until(lambda: connection._mending is None)
    assert (part(world).text, part(world).interrupted) == ("one ", True)
    assert [copy.text for copy in (await world.journal.interrupted(S)).values()] == ["one "]


async def test_an_answer_cut_off_long_ago_is_not_begun_again(world: World) -> None:
    world.says(S, "msg_1", {"id": "prt_1", "type": "text", "text": "", "time": {"start": 1}})
    world.says(S, "msg_2", role="user")
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    await lose(world)
    assert world.journal.open_parts() == []
    world.delta("it goes on after all")
    await world.until(lambda: [copy.text for copy in world.journal.open_parts()] == ["it goes on after all"])
