# SPDX-License-Identifier: MIT
import asyncio

import pytest

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import ManualClock


def bus(size: int = 4) -> Bus:
    return Bus(ManualClock(), size)


def test_a_reader_gets_what_is_newer_than_its_cursor() -> None:
    b = bus()
    for number in range(3):
        b.publish("t", number)
    assert [r.data for r in b.since(1) or []] == [1, 2]
    assert b.since(3) == []


def test_a_cursor_outside_the_ring_is_told_so() -> None:
    b = bus(size=2)
    for number in range(5):
        b.publish("t", number)
    assert b.since(2) is None  # record 3 has gone
    assert [r.seq for r in b.since(3) or []] == [4, 5]
    assert b.since(6) is None  # from another boot


def test_listeners_hear_their_topics_and_one_that_fails_stops_nobody() -> None:
    b = bus()
    heard: list[Record] = []

    def bad(record: Record) -> None:
        raise RuntimeError("no")

    b.listen(bad)
    end = b.listen(heard.append, "wanted")
    b.publish("wanted", 1)
    b.publish("other", 2)
    end()
    end()
    b.publish("wanted", 3)
    assert [r.data for r in heard] == [1]


@pytest.mark.anyio
async def test_wait_returns_at_once_when_there_is_news_and_else_when_it_comes() -> None:
    b = bus()
    waiting = asyncio.create_task(b.wait(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    b.publish("t", 1)
    await waiting
    await b.wait(0)
