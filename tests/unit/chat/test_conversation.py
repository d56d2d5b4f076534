# SPDX-License-Identifier: MIT
"""A window that is loaded while words come, stays bounded, and tells who looks."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from opencode_nexus.chat import conversation as module
from opencode_nexus.chat.errors import ServerNotRunning, SessionNotFound
from opencode_nexus.opencode.errors import OpenCodeError
from opencode_nexus.opencode.state import Change
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World

pytestmark = pytest.mark.anyio


async def test_words_that_come_while_it_is_loaded_are_there_once(world: World) -> None:
    world.busy()
    world.begin()
    world.delta("one ")
    await world.until(lambda: any(p.text for p in world.journal.open_parts()))
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(path: str, body: Any) -> Any:
        before = list(world.messages[S])
        arrived.set()
        await go_on.wait()
        return before

    world.fake.routes[f"GET /session/{S}/message"] = slow
    opening = asyncio.create_task(world.chat.conversation(SERVER, S))
    await arrived.wait()
    world.delta("two ")
    world.begin(part="prt_2")
    world.delta("three", part="prt_2")
    await world.until(lambda: any(p.text == "three" for p in world.journal.open_parts()))
    go_on.set()
    talk = await opening
    assert [part.text for part in talk.state.messages["msg_1"].parts.values()] == ["one two ", "three"]


async def test_two_who_open_it_at_once_load_it_once(world: World) -> None:
    first, second = await asyncio.gather(world.chat.conversation(SERVER, S), world.chat.conversation(SERVER, S))
    assert first is second
    assert [path for _, path, _ in world.fake.asked].count(f"/session/{S}/todo") == 1


async def test_it_stays_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    talk = await world.chat.conversation(SERVER, S)
    heard: list[Change] = []
    talk.watch(heard.extend)
    for number in range(5):
        info = {"id": f"msg_{number}", "role": "user", "time": {"created": number}}
        world.tell("message.updated", info=info)
    await world.until(lambda: list(talk.state.messages) == ["msg_2", "msg_3", "msg_4"])
    assert talk.state.has_older
    assert [c.message_id for c in heard if c.kind == "message-removed"] == ["msg_0", "msg_1"]


async def test_heavy_messages_make_the_window_shorter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WEIGHT", 1000)
    monkeypatch.setattr(module, "PAGE", 2)
    conversation = await world.chat.conversation(SERVER, S)
    for number in range(1, 7):
        text = {"id": f"prt_{number}", "type": "text", "text": "x" * (900 if number < 6 else 9)}
        world.says(S, f"msg_{number}", text, time={"created": number, "completed": number})
        world.tell("message.updated", info=world.messages[S][-1]["info"])
        world.tell("message.part.updated", part=world.messages[S][-1]["parts"][0])
        await world.until(partial(conversation.state.messages.get, f"msg_{number}"))
    await world.until(lambda: conversation.state.messages["msg_6"].parts)
    assert list(conversation.state.messages) == ["msg_5", "msg_6"], "those of a page are always there"
    assert conversation.state.has_older


async def test_a_reload_keeps_the_older_messages_that_join_on(world: World) -> None:
    for number in range(4):
        world.says(S, f"msg_{number}", role="user", time={"created": number})
    talk = await world.chat.conversation(SERVER, S)
    world.messages[S] = world.messages[S][2:]
    await talk.load()
    assert list(talk.state.messages) == ["msg_0", "msg_1", "msg_2", "msg_3"]
    world.messages[S] = []
    world.says(S, "msg_9", role="user")
    await talk.load()
    assert list(talk.state.messages) == ["msg_9"]


async def test_watchers_hear_batches_and_cannot_stop_each_other(world: World) -> None:
    talk = await world.chat.conversation(SERVER, S)
    heard: list[list[Change]] = []

    def broken(changes: list[Change]) -> None:
        raise ValueError("mine")

    talk.watch(broken)
    unwatch = talk.watch(heard.append)
    world.busy()
    await world.until(lambda: heard)
    assert heard[0] == [Change("status")]
    unwatch()
    unwatch()
    world.idle()
    await world.until(lambda: talk.state.status.kind == "idle")
    assert len(heard) == 1


async def test_few_are_kept_that_nobody_looks_at(world: World) -> None:
    watched = await world.chat.conversation(SERVER, S)
    watched.watch(lambda changes: None)
    for number in range(12):
        world.session(f"ses_x{number}")
        await world.chat.conversation(SERVER, f"ses_x{number}")
    kept = world.chat.feeds.conversations[SERVER]
    assert list(kept) == [S, *(f"ses_x{number}" for number in range(8, 12))]


async def test_what_cannot_be_opened(world: World) -> None:
    world.fake.routes["GET /session/ses_2"] = (404, "application/json", b"{}")
    world.fake.routes["GET /session/ses_2/message"] = []
    world.fake.routes["GET /session/ses_2/todo"] = []
    with pytest.raises(SessionNotFound):
        await world.chat.conversation(SERVER, "ses_2")
    with pytest.raises(SessionNotFound):
        await world.chat.conversation(SERVER, "../../x")
    world.fake.routes[f"GET /session/{S}"] = (500, "application/json", json.dumps({"message": "broken"}).encode())
    with pytest.raises(OpenCodeError, match="broken"):
        await world.chat.conversation(SERVER, S)
    assert world.chat.feeds.conversations[SERVER] == {}
    world.servers.tell("stopped")
    with pytest.raises(ServerNotRunning):
        await world.chat.conversation(SERVER, S)


async def test_a_turn_cut_off_before_it_was_opened_is_shown_so(world: World) -> None:
    world.says(S, "msg_1", {"id": "prt_1", "type": "tool", "tool": "bash", "state": {"status": "running"}})
    talk = await world.chat.conversation(SERVER, S)
    assert talk.state.interrupted
    assert talk.state.messages["msg_1"].interrupted
