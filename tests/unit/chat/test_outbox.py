# SPDX-License-Identifier: MIT
"""What was typed is never gone: OpenCode has it, or the chat says that it has not."""

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from opencode_nexus.chat.composing import outbox
from opencode_nexus.chat.errors import SentUnknown
from opencode_nexus.opencode.errors import OpenCodeBadRequest, OpenCodeError
from opencode_nexus.opencode.state import Change
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World

pytestmark = pytest.mark.anyio

Item = dict[str, Any]


def posted(world: World) -> list[Item]:
    """The parts that OpenCode was sent."""
    bodies = [body for method, path, body in world.fake.asked if path.endswith("prompt_async")]
    return [body["parts"][0] for body in bodies]


def takes(world: World, part: Item, *, created: int = 1000) -> Item:
    """OpenCode stores a message; returns its part as it tells it."""
    number = len(world.messages[S]) + 1
    head = {"id": f"msg_{number}", "role": "user", "sessionID": S, "time": {"created": created}}
    told = {"messageID": head["id"], "sessionID": S, **part}
    world.messages[S].append({"info": head, "parts": [told]})
    return told


async def texts(world: World) -> list[tuple[str, str | None]]:
    """What the API tells of the session: text, and what went wrong."""
    messages, _ = await world.chat.messages(SERVER, S)
    return [
        (part.text, message.error["name"] if message.error else None)
        for message in messages
        for part in message.parts.values()
    ]


async def kept(world: World) -> list[tuple[str, bool]]:
    """What a next hub would find."""
    await world.db.flush()
    return [(row["text"], bool(row["lost"])) for row in world.db.read("SELECT text, lost FROM sent ORDER BY at, id")]


async def die(world: World) -> None:
    """The process is gone."""
    world.servers.tell("failed")
    await world.until(lambda: world.chat.feeds.connection(SERVER) is None)


async def lose(world: World, text: str, **how: Any) -> str:
    """A message that OpenCode does not take; returns its id."""
    await world.chat.send(SERVER, S, text, **how)
    await die(world)
    await world.run(pid=2)
    return str(posted(world)[-1]["id"])


async def test_a_message_is_kept_until_opencode_tells_that_it_has_it(world: World) -> None:
    seen: list[list[tuple[str, bool]]] = []

    async def answer(path: str, body: Any) -> tuple[int, str, bytes]:
        seen.append(await kept(world))
        return (204, "text/plain", b"")

    world.fake.routes[f"POST /session/{S}/prompt_async"] = answer
    talk = await world.chat.conversation(SERVER, S)
    await world.chat.send(SERVER, S, "hello")
    assert seen == [[("hello", False)]], "on the disk before it is posted"
    assert await texts(world) == [], "on its way is not lost"
    part = takes(world, posted(world)[0])
    world.tell("message.updated", info=world.messages[S][-1]["info"])
    world.tell("message.part.updated", part=part)
    await world.until(lambda: "msg_1" in talk.state.messages)
    assert await kept(world) == []
    await die(world)
    await world.run(pid=2)
    assert await texts(world) == [("hello", None)]
    assert talk.state.untaken == []


async def test_what_a_killed_opencode_did_not_take_is_shown_over_restarts(world: World) -> None:
    talk = await world.chat.conversation(SERVER, S)
    changes: list[Change] = []
    talk.watch(changes.extend)
    await world.chat.send(SERVER, S, "gone?", None, None)
    assert talk.state.untaken == []
    await die(world)
    assert [(one.text, one.sure) for one in talk.state.untaken] == [("gone?", False)]
    assert Change("untaken") in changes
    await world.run(pid=2)
    assert [(one.text, one.sure) for one in talk.state.untaken] == [("gone?", True)]
    assert await texts(world) == [("gone?", "NotTaken")]
    assert await kept(world) == [("gone?", True)]

    await world.stop()
    await world.start()
    await world.run(pid=2, adopted=True)
    assert await texts(world) == [("gone?", "NotTaken")]
    await die(world)
    await world.run(pid=3)
    assert await texts(world) == [("gone?", "NotTaken")]
    assert len(posted(world)) == 1, "never sent by itself"
    older, _ = await world.chat.messages(SERVER, S, before="a cursor")
    assert older == [], "with the newest page alone"


async def test_what_opencode_stored_and_did_not_tell_is_not_shown_twice(world: World) -> None:
    for number in range(250):
        takes(world, {"id": f"prt_old{number}", "type": "text", "text": "before"})
    await world.chat.send(SERVER, S, "there")
    takes(world, posted(world)[0], created=1_800_000_000_000)
    later = [f"prt_new{number}" for number in range(2 * outbox.PAGE)]
    for name in later:
        takes(world, {"id": name, "type": "text", "text": "after"}, created=1_800_000_000_000)
    everything, asked = world.messages[S], []

    def pages(path: str, body: Any) -> Any:
        asked.append(path)
        limit = int(path.partition("limit=")[2].partition("&")[0])
        end = int(path.partition("before=")[2] or len(everything))
        page = json.dumps(everything[max(0, end - limit) : end]).encode()
        return (200, f"application/json\r\nx-next-cursor: {max(0, end - limit)}", page)

    world.fake.routes[f"GET /session/{S}/message"] = pages
    await die(world)
    await world.run(pid=2)
    assert world.chat.outbox.untaken(S) == []
    assert await kept(world) == []
    assert len([path for path in asked if f"limit={outbox.PAGE}" in path]) == 3, "no further back than it can be"


async def test_sent_again_it_is_sent_once(world: World) -> None:
    world.fake.routes |= {
        "GET /config/providers": {"providers": [{"id": "p", "models": {"m": {}}}], "default": {}},
        "GET /agent": [{"name": "plan", "mode": "primary"}],
    }
    first = await lose(world, "once more", model="p/m", agent="plan")
    talk = await world.chat.conversation(SERVER, S)
    results = await asyncio.gather(*(world.chat.send_again(SERVER, S, first) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["NoneType", "SentUnknown", "SentUnknown"]
    assert [part["text"] for part in posted(world)] == ["once more"] * 2
    body = world.fake.asked[-1][2]
    assert (body["model"], body["agent"]) == ({"providerID": "p", "modelID": "m"}, "plan")
    assert talk.state.untaken == [], "it is on its way"
    assert await kept(world) == [("once more", False)]
    world.tell("message.part.updated", part=takes(world, posted(world)[1]))
    await world.until(lambda: not world.chat.outbox._sent)
    assert await texts(world) == [("once more", None)]


async def test_sent_again_in_vain_it_stays(world: World) -> None:
    first = await lose(world, "once more")
    world.fake.routes[f"POST /session/{S}/prompt_async"] = (400, "application/json", b'{"name":"Broken"}')
    with pytest.raises(OpenCodeBadRequest):
        await world.chat.send_again(SERVER, S, first)
    ((text, error),) = await texts(world)
    assert (text, error) == ("once more", "NotTaken")
    assert await kept(world) == [("once more", True)]


async def test_a_sender_who_was_told_keeps_the_text_himself(world: World) -> None:
    world.fake.routes[f"POST /session/{S}/prompt_async"] = (500, "application/json", b"{}")
    with pytest.raises(OpenCodeError):
        await world.chat.send(SERVER, S, "hello")
    with pytest.raises(UnicodeEncodeError):
        await world.chat.send(SERVER, S, "half a character: \ud83d")
    assert await kept(world) == []


async def test_a_dropped_message_is_gone_and_only_one_that_is_lost_can_be(world: World) -> None:
    first = await lose(world, "never mind")
    talk = await world.chat.conversation(SERVER, S)
    for session_id, message_id in (("ses_2", first), (S, "prt_x")):
        with pytest.raises(SentUnknown):
            world.chat.outbox.drop(session_id, message_id)
    world.chat.outbox.drop(S, first)
    assert talk.state.untaken == []
    assert await kept(world) == []
    await world.chat.send(SERVER, S, "on its way")
    with pytest.raises(SentUnknown):
        world.chat.outbox.drop(S, posted(world)[-1]["id"])


async def test_a_hub_killed_after_it_kept_a_message_looks_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.chat.send(SERVER, S, "posted")
    await world.chat.send(SERVER, S, "not posted")
    first, second = posted(world)
    await world.stop()
    await world.start()
    takes(world, first)
    await world.run(pid=1, adopted=True)
    assert world.chat.outbox.untaken(S) == [], "the same process may take it still"
    assert list(world.chat.outbox._sent) == [second["id"]]
    await world.stop()
    monkeypatch.setattr(outbox, "LOOK", 0.0)
    await world.start()
    await world.run(pid=1, adopted=True)
    await world.until(lambda: world.chat.outbox.untaken(S))
    assert await texts(world) == [("posted", None), ("not posted", "NotTaken")]
    # it was only slow
    world.tell("message.part.updated", part=takes(world, second))
    await world.until(lambda: not world.chat.outbox._sent)
    assert await texts(world) == [("posted", None), ("not posted", None)]


async def test_a_message_that_a_running_opencode_never_tells_of_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LOOK", 0.0)
    route = f"GET /session/{S}/message"
    answers, real = [(500, "application/json", b"{}")], world.fake.routes[route]
    world.fake.routes[route] = lambda path, body: answers.pop() if answers else real(path, body)
    await world.chat.send(SERVER, S, "for an agent that is gone")
    await world.until(lambda: world.chat.outbox.untaken(S))
    assert answers == [], "asked again when it could not say"
    assert await texts(world) == [("for an agent that is gone", "NotTaken")]


async def test_a_lost_message_that_stands_in_the_window_after_all_is_not_lost(world: World) -> None:
    await lose(world, "there after all")
    takes(world, posted(world)[0])
    talk = await world.chat.conversation(SERVER, S)
    assert talk.state.untaken == []
    assert await texts(world) == [("there after all", None)]
    assert await kept(world) == []


async def test_with_its_session_a_message_goes_too(world: World) -> None:
    await lose(world, "one")
    world.tell("session.deleted", info=world.infos[S])
    await world.until(lambda: not world.chat.outbox._sent)
    await world.chat.send(SERVER, S, "two")
    await die(world)
    world.fake.routes[f"GET /session/{S}/message"] = (404, "application/json", b"{}")
    await world.run(pid=3)
    assert world.chat.outbox.untaken(S) == []
    assert await kept(world) == []


async def test_a_full_disk_keeps_nobody_from_speaking(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(work: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(world.db, "write", full)
    await world.chat.send(SERVER, S, "hello")
    assert [part["text"] for part in posted(world)] == ["hello"]
    await die(world)
    await world.run(pid=2)
    assert await texts(world) == [("hello", "NotTaken")]
