# SPDX-License-Identifier: MIT
"""web/pages/pieces.py"""

from collections.abc import Callable

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.live.channel import Channel
from opencode_nexus.web.pages.pieces import Html, Pieces

pytestmark = pytest.mark.anyio


class Room:
    """Something to look at: pieces that a test changes, and how many watch it."""

    def __init__(self) -> None:
        self.pieces: dict[str, str] = {"a": "<p data-k=a>1</p>", "b": "<p data-k=b>1</p>"}
        self.watchers = 0
        self.bus = Bus(ManualClock())
        self.source = Pieces(self.bus, ("server",), lambda: dict(self.pieces), self.region, self.watch)

    @staticmethod
    def region(pieces: Html) -> str:
        return f'<div data-k="live">{"".join(pieces.values())}</div>'

    def watch(self) -> Callable[[], None]:
        self.watchers += 1

        def end() -> None:
            self.watchers -= 1

        return end

    async def open(self) -> Channel:
        channel = Channel("room", self.bus.boot, self.source.render)
        await self.source.start(channel)
        return channel


async def test_only_what_changed_is_sent() -> None:
    room = Room()
    channel = await room.open()
    room.pieces["b"] = "<p data-k=b>2</p>"
    room.bus.publish("server", None)
    channel.flush()
    assert channel.since(0) == b'[1,[["morph","b","<p data-k=b>2</p>"]]]\n'


async def test_nothing_is_sent_when_nothing_changed_or_the_topic_is_another() -> None:
    room = Room()
    channel = await room.open()
    room.bus.publish("server", None)
    channel.flush()
    room.pieces["a"] = "<p data-k=a>2</p>"
    room.bus.publish("other", None)
    assert channel.seq == 0


async def test_the_region_is_as_of_the_last_frame() -> None:
    room = Room()
    channel = await room.open()
    room.pieces["a"] = "<p data-k=a>2</p>"
    assert ">2<" not in room.source.render()
    _, region = channel.snapshot()
    assert region == '<div data-k="live"><p data-k=a>2</p><p data-k=b>1</p></div>'


async def test_a_page_stays_as_it_is_when_its_subject_is_gone() -> None:
    room = Room()
    channel = await room.open()
    room.pieces.clear()
    room.bus.publish("server", None)
    channel.flush()
    assert channel.seq == 0
    assert "data-k=a" in room.source.render()


async def test_it_measures_and_listens_only_while_somebody_looks() -> None:
    room = Room()
    channel = await room.open()
    assert room.watchers == 1
    await room.source.stop()
    assert room.watchers == 0
    room.pieces["a"] = "<p data-k=a>2</p>"
    room.bus.publish("server", None)
    assert channel._timer is None
