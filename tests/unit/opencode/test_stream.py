# SPDX-License-Identifier: MIT
"""The event stream of a server that plays recorded words, and breaks in every way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode import stream
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import FeedLost, OpenCodeRefused, WrongRoute
from opencode_nexus.opencode.sse import Splitter
from tests.fakes.fake_opencode import HEARTBEAT, PASSWORD, FakeOpenCode, event
from tests.fakes.recording import folded, recorded, shape

pytestmark = pytest.mark.anyio

IDLE = event("session.idle", sessionID="ses_1")


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenCode]:
    async with FakeOpenCode() as server:
        yield server


@pytest.fixture
async def client(fake: FakeOpenCode) -> AsyncIterator[Client]:
    client = Client(fake.url, "opencode", PASSWORD)
    yield client
    await client.close()


async def test_a_recorded_turn_comes_whole(fake: FakeOpenCode, client: Client) -> None:
    heard: list[tuple[str, ev.Event]] = []
    async with aclosing(stream.events(client)) as batches:
        assert await anext(batches) == [("", ev.Connected())]
        fake.say(HEARTBEAT, ends=b"\r\n\r\n")
        fake.say(*recorded("answer"))
        fake.say(IDLE)
        async for batch in batches:
            heard += batch
            if heard[-1][1] == ev.SessionIdle(session_id="ses_1"):
                break
    assert heard[0] == ("", ev.Heartbeat())
    assert shape(folded("ses_0000", heard))["messages"][2]["parts"][1][1] == "And it is done.\n"


async def test_what_cannot_be_read_is_told_and_the_stream_goes_on(
    fake: FakeOpenCode, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "Splitter", lambda: Splitter(2000))
    async with aclosing(stream.events(client)) as batches:
        await anext(batches)
        fake.say(b"nonsense")
        assert await anext(batches) == [("", ev.Unreadable())]
        fake.say(b"x" * 3000)
        fake.say(IDLE)
        heard = [one for _, one in await anext(batches)]
        if len(heard) == 1:
            heard += [one for _, one in await anext(batches)]
        assert {type(one) for one in heard} == {ev.Unreadable, ev.SessionIdle}


async def test_a_silent_stream_is_lost(fake: FakeOpenCode, client: Client) -> None:
    async with aclosing(stream.events(client, silence=0.05)) as batches:
        await anext(batches)
        with pytest.raises(FeedLost, match="Nothing came"):
            await anext(batches)


async def test_a_broken_stream_is_lost(fake: FakeOpenCode, client: Client) -> None:
    async with aclosing(stream.events(client)) as batches:
        await anext(batches)
        fake.cut()
        with pytest.raises(FeedLost):
            await anext(batches)


async def test_an_ended_stream_is_lost(fake: FakeOpenCode, client: Client) -> None:
    async with aclosing(stream.events(client)) as batches:
        await anext(batches)
        for writer in fake.listeners:
            writer.write(b"0\r\n\r\n")
        with pytest.raises(FeedLost, match="ended"):
            await anext(batches)


async def test_a_wrong_password_and_a_wrong_server(fake: FakeOpenCode) -> None:
    stranger = Client(fake.url, "opencode", "wrong")
    with pytest.raises(OpenCodeRefused):
        await anext(stream.events(stranger))
    await stranger.close()
    fake.routes["GET /global/event"] = (200, "text/html", b"<html>")
    client = Client(fake.url, "opencode", PASSWORD)
    with pytest.raises(WrongRoute):
        await anext(stream.events(client))
    await client.close()


async def test_nobody_there(free_port: int) -> None:
    client = Client(f"http://127.0.0.1:{free_port}", "opencode", PASSWORD)
    async with asyncio.timeout(10):
        with pytest.raises(FeedLost):
            await anext(stream.events(client))
    await client.close()
