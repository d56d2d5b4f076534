# SPDX-License-Identifier: MIT
"""What waits for a person is shown, whatever goes wrong as OpenCode is asked for it: never is it missed."""

import asyncio
from typing import Any

import pytest

from opencode_nexus.chat import connection as module
from opencode_nexus.chat.sessions import MISTAKE as MISTAKEN
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeBadRequest
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import Gate, S, World, lose, talking

pytestmark = pytest.mark.anyio

ASKS: dict[str, Any] = {"id": "per_1", "permission": "bash", "patterns": ["x"], "metadata": {}, "always": []}
ASKED = ASKS | {"sessionID": S}
MISTAKE = (400, "application/json", b'{"name":"ConfigJsonError","data":{"message":"a comma too many"}}')


async def test_a_folder_with_a_mistake_in_its_configuration_hides_nothing_of_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATER", 0.05)
    mistake = True
    waits = {"id": "que_1", "sessionID": "ses_2", "questions": []}

    def of(there: object, other: object) -> object:
        return lambda path, body: there if "project" in path else (MISTAKE if mistake else other)

    world.session("ses_2")
    busy = {"type": "busy"}
    world.fake.routes |= {
        "GET /permission": of([ASKED], []),
        "GET /question": of([], [waits]),
        "GET /session/status": of({S: busy}, {"ses_2": busy}),
    }
    world.servers.tell("stopped")
    await world.run(2, adopted=True)  # asks all folders what was missed
    assert [one.id for one in world.chat.waiting()] == ["per_1"]
    mistake = False
    await world.until(lambda: [one.id for one in world.chat.waiting()] == ["per_1", "que_1"])
    mistake = True  # the folder says nothing for a while: what is known of it stays
    await lose(world)
    assert [one.id for one in world.chat.waiting()] == ["per_1", "que_1"]
    assert {one: world.chat.status(one).kind for one in (S, "ses_2")} == {S: "busy", "ses_2": "busy"}


async def test_a_session_that_opencode_cannot_read_hides_nothing_of_the_others(world: World) -> None:
    await talking(world)
    world.session("ses_2")
    world.busy("ses_2")
    await world.until(lambda: world.chat.status("ses_2").kind == "busy")
    world.fake.routes["GET /session/ses_2/message"] = (500, "application/json", b"{}")
    world.fake.routes["GET /permission"] = [ASKED]
    await lose(world)
    assert [one.id for one in world.chat.waiting()] == ["per_1"]


async def test_a_fault_of_ours_does_not_leave_the_hub_deaf(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await talking(world)
    failed: list[str] = []
    outbox = world.chat.feeds._outbox
    settle = outbox.settle

    async def broken(server_id: str, client: Client) -> None:
        if not failed:
            failed.append(server_id)
            raise RuntimeError("a fault of ours")
        await settle(server_id, client)

    monkeypatch.setattr(outbox, "settle", broken)
    await lose(world)
    assert failed
    world.tell("permission.asked", **ASKS)
    await world.until(world.chat.waiting)


async def test_a_second_look_comes_after_one_that_is_under_way(world: World) -> None:
    await talking(world)
    gate = Gate(world)
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    connection._begin_mending(again=True)
    async with asyncio.timeout(20):
        await gate.asked.wait()
    look = asyncio.create_task(connection._look_again(0))
    await asyncio.sleep(0)
    world.fake.routes["GET /permission"] = [ASKED]  # after that one has asked for them
    gate.open.set()
    await look
    await world.until(world.chat.waiting)


async def test_an_event_that_cannot_be_read_while_opencode_is_asked_is_asked_for_too(world: World) -> None:
    await talking(world)
    gate = Gate(world)
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    connection._begin_mending(again=True)
    async with asyncio.timeout(20):
        await gate.asked.wait()
    world.fake.routes["GET /permission"] = [ASKED]  # after that one has asked for them
    world.fake.say(b"{nonsense")
    await world.until(lambda: connection._backlog)
    gate.open.set()
    await world.until(world.chat.waiting)


async def test_a_request_asked_before_the_newest_messages_waits_until_its_answer_has_ended(world: World) -> None:
    await talking(world)
    asked_in = {"info": {"id": "msg_0", "role": "assistant", "sessionID": S, "time": {"created": 1}}, "parts": []}
    tool = {"messageID": "msg_0", "callID": "call_1"}
    world.fake.routes[f"GET /session/{S}/message/msg_0"] = lambda path, body: asked_in
    world.fake.routes["GET /permission"] = [ASKED | {"tool": tool}]
    await lose(world)
    assert [one.id for one in world.chat.waiting()] == ["per_1"]
    world.servers.tell("stopped")
    asked_in["info"] |= {"time": {"created": 1, "completed": 2}}  # type: ignore[operator]
    await world.run(2, adopted=True)
    assert world.chat.waiting() == []


async def test_a_folder_that_cannot_be_listed_hides_no_chat_of_the_others(world: World) -> None:
    await world.run(2)
    listed = [{"id": S, "title": "Here", "directory": "/project", "time": {"created": 1000, "updated": 2000}}]
    mistake = True
    world.fake.routes["GET /session"] = lambda path, body: listed if "project" in path else MISTAKE if mistake else []
    assert [one.id for one in await world.chat.sessions(SERVER)] == [S]
    folders = world.servers.get(SERVER).projects
    assert dict(world.chat.unlisted(SERVER)) == {folder: MISTAKEN for folder in folders if "project" not in folder}
    assert world.chat.unlisted(SERVER)
    assert "comma" not in str(world.chat.unlisted(SERVER))  # its words are the file itself, with what is secret in it
    found, more = await world.chat.session_page(SERVER, 10)
    assert ([one.id for one in found], more) == ([S], None)
    mistake = False
    await world.chat.sessions(SERVER)
    assert not world.chat.unlisted(SERVER)
    world.fake.routes["GET /session"] = MISTAKE  # nothing is left to show
    with pytest.raises(OpenCodeBadRequest):
        await world.chat.sessions(SERVER)
