# SPDX-License-Identifier: MIT
"""The stream of events: cursor, topics, slow readers, the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opencode_nexus.access.who import Who
from opencode_nexus.web.api import events
from tests.fakes.tunnels import URL, ready
from tests.unit.web.api.services import SERVER, Services

pytestmark = pytest.mark.anyio
WHO = Who("owner", "token")
ALL = frozenset(events.TOPICS)


def parsed(piece: bytes) -> list[tuple[str, str, dict[str, Any]]]:
    found = []
    for block in piece.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


def follow(services: Services, last: str = "", topics: frozenset[str] = ALL) -> AsyncIterator[bytes]:
    return events.stream(services, WHO, topics, last, lambda: services.said.append("farewell"))  # type: ignore[arg-type]


async def test_a_new_reader_begins_now_and_gets_its_topics(services: Services) -> None:
    services.bus.publish("session", {"session_id": "before"})
    stream = follow(services, topics=frozenset({"session", "server"}))
    ((cursor, name, hello),) = parsed(await anext(stream))
    assert (cursor, name, hello["resumed"]) == (f"{services.bus.boot}.1", "hello", False)
    services.bus.publish("usage", {})
    services.bus.publish("activity", {"text": "not asked for"})
    services.bus.publish("session", {"session_id": "after"})
    services.bus.publish("server", SERVER)
    first, second = parsed(await anext(stream))
    assert (first[1], first[2]["data"]) == ("session", {"session_id": "after"})
    assert (second[1], second[2]["data"]["name"], second[2]["data"]["cpu"]) == ("server", "work", 12.5)


async def test_a_tunnel_is_told_as_its_list_tells_it(services: Services) -> None:
    stream = follow(services, topics=frozenset({"tunnel"}))
    await anext(stream)
    services.tunnels.see(services.tunnels.put("Away"), ready(services.clock.now()))
    ((_, name, told),) = parsed(await anext(stream))
    assert (name, told["data"]["name"], told["data"]["state"], told["data"]["url"]) == ("tunnel", "Away", "ready", URL)


async def test_a_reader_comes_back_to_exactly_what_it_missed(services: Services) -> None:
    for number in range(5):
        services.bus.publish("session", {"number": number})
    stream = follow(services, f"{services.bus.boot}.2")
    ((cursor, _, hello),) = parsed(await anext(stream))
    assert (cursor, hello["resumed"]) == (f"{services.bus.boot}.2", True)
    assert [event[2]["data"]["number"] for event in parsed(await anext(stream))] == [2, 3, 4]


@pytest.mark.parametrize("last", ["other.2", "{boot}.99", "{boot}.", "{boot}.-1", "{boot}.0", "junk", "."])
async def test_one_that_cannot_go_on_is_told(services: Services, last: str) -> None:
    for _ in range(20):  # more than the ring holds
        services.bus.publish("session", {})
    stream = follow(services, last.format(boot=services.bus.boot))
    ((cursor, _, hello),) = parsed(await anext(stream))
    assert (cursor, hello["resumed"]) == (f"{services.bus.boot}.20", False)


async def test_a_reader_too_slow_for_the_ring_is_told(services: Services) -> None:
    stream = follow(services)
    await anext(stream)
    for number in range(20):
        services.bus.publish("session", {"number": number})
    ((cursor, name, hello),) = parsed(await anext(stream))
    assert (cursor, name, hello["resumed"]) == (f"{services.bus.boot}.20", "hello", False)
    services.bus.publish("session", {"number": 20})
    assert parsed(await anext(stream))[0][2]["data"] == {"number": 20}


async def test_silence_is_filled_with_heartbeats(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT", 0.01)
    stream = follow(services)
    await anext(stream)
    assert [name for _, name, _ in parsed(await anext(stream))] == ["heartbeat"]
    assert [name for _, name, _ in parsed(await anext(stream))] == ["heartbeat"]


async def test_news_of_other_topics_do_not_put_off_the_heartbeat(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BEAT", 0.05)
    stream = follow(services, topics=frozenset({"session"}))
    await anext(stream)

    async def chatter() -> None:
        while True:
            services.bus.publish("usage", {})
            await asyncio.sleep(0.001)

    talking = asyncio.ensure_future(chatter())
    ((cursor, name, _),) = parsed(await anext(stream))
    talking.cancel()
    assert name == "heartbeat"
    assert int(cursor.partition(".")[2]) > 0, "a reader that comes back later need not ask for what it skipped"


async def test_a_hub_that_stops_says_bye_after_the_rest(services: Services) -> None:
    stream = follow(services)
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    services.closing.set()
    ((_, name, data),) = parsed(await waiting)
    assert (name, data) == ("bye", {"reason": "stopping"})
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_reader_that_is_signed_out_hears_nothing_more(services: Services) -> None:
    stream = follow(services)
    await anext(stream)
    services.access.open = False
    services.bus.publish("session", {"secret": True})
    ((_, name, data),) = parsed(await anext(stream))
    assert (name, data) == ("bye", {"reason": "signed-out"})
    assert services.said == ["farewell"]


async def test_one_that_is_signed_out_in_silence_hears_it_with_the_next_beat(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BEAT", 0.05)
    stream = follow(services)
    await anext(stream)
    ((_, name, _),) = parsed(await anext(stream))
    assert name == "heartbeat"
    services.access.open = False
    ((_, name, data),) = parsed(await anext(stream))
    assert (name, data) == ("bye", {"reason": "signed-out"})


async def test_leaving_leaves_nothing_behind(services: Services) -> None:
    stream = follow(services)
    await anext(stream)
    before = asyncio.all_tasks()
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() <= before
