# SPDX-License-Identifier: MIT
"""What every page is told, whatever its topic."""

import json

import pytest

from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live import ops, stream
from opencode_nexus.live.channel import Channel, Viewer
from opencode_nexus.live.hub import Live

pytestmark = pytest.mark.anyio


class Still:
    """A topic on which nothing happens."""

    async def start(self, channel: Channel) -> None: ...

    async def stop(self) -> None: ...

    def render(self) -> str:
        return '<p data-k="live">still</p>'


def changes(raw: bytes) -> list[object]:
    return [op for line in raw.decode().splitlines() for op in json.loads(line)[1]]


async def test_pages_of_every_topic_are_told_as_they_come_and_when_it_changes() -> None:
    live = Live("boot", Tasks())
    live.register("a", lambda rest: Still())
    live.register("b", lambda rest: Still())
    live.greeting = lambda: [ops.attr("badge", "count", "1")]
    one, two = await live.open("a"), await live.open("b:x")
    assert not live.watched("a")
    viewer = Viewer(one, 0)
    frames = stream.plain(viewer, None)
    first = changes(await anext(frames))
    assert first[0] == ["hello", "boot"]
    assert ["attr", "badge", "count", "1"] in first
    assert live.watched("a") and not live.watched("b:x") and not live.watched("c")

    live.tell(lambda topic: [ops.attr("badge", "count", topic)])
    assert ["attr", "badge", "count", "a"] in changes(await anext(frames))
    two.flush()
    assert changes(two.since(0) or b"") == [["attr", "badge", "count", "b:x"]]
    # who comes back with a cursor gets the present state, and who fell too far behind does too
    assert ["attr", "badge", "count", "1"] in changes(await stream.poll(two, two.cursor, 0.0))
    assert ["attr", "badge", "count", "1"] in changes(two.anew())
    await frames.aclose()
    await live.close()
