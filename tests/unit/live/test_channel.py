# SPDX-License-Identifier: MIT
"""Frames in order, once, to every viewer: ring, pace, resume, the shared gzip body, and the end."""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live import channel as channels
from opencode_nexus.live import resume, stream
from opencode_nexus.live.channel import Channel, Viewer
from opencode_nexus.live.errors import UnknownTopic
from opencode_nexus.live.hub import Live

pytestmark = pytest.mark.anyio
REGION = '<div data-k="live">now</div>'


def channel() -> Channel:
    return Channel("t", "boot1", lambda: REGION)


def send(it: Channel, words: str) -> None:
    it.push([("text", "k", words)])
    it.flush()


def records(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]


def words(data: bytes) -> list[str]:
    return [op[2] for _, ops in records(data) for op in ops if op[0] == "text"]


async def read(pieces: AsyncGenerator[bytes, None], count: int) -> bytes:
    return b"".join([await anext(pieces) for _ in range(count)])


async def test_all_that_happens_in_one_go_is_one_frame() -> None:
    it = channel()
    state: list[str] = []
    it.collect = lambda: [("text", "k", state.pop())] if state else []
    state.append("a")
    it.touch()
    it.touch()
    it.push([("announce", "b")])
    assert it.seq == 0, "nothing goes out before the loop's turn is over"
    await asyncio.sleep(0)
    assert it.seq == 1
    assert records(it.since(0) or b"") == [[1, [["announce", "b"], ["text", "k", "a"]]]]
    it.touch()
    await asyncio.sleep(0.05)
    assert it.seq == 1, "nothing new, no frame"


async def test_the_pace_grows_with_the_viewers() -> None:
    it = channel()
    assert it.pace == channels.QUICK
    for _ in range(channels.DENSE):
        it.touch()
    it.flush()
    assert it.pace == channels.BUSY
    it.touch()
    it.flush()
    assert it.pace == channels.QUICK
    for _ in range(30):
        it.join(Viewer(it, 0), packed=False)
    assert it.pace == channels.SLOW
    it.close("restart")


async def test_a_cursor_in_the_ring_gets_what_it_missed_and_no_other_does() -> None:
    it = channel()
    for word in "abc":
        send(it, word)
    data, seq = resume.first(it, "boot1.1")
    assert (words(data), seq) == (["b", "c"], 3)
    assert resume.first(it, "boot1.3") == (b"", 3)
    for cursor in (None, "", "boot0.1", "boot1.9", "boot1.x", "boot1.-1", "nonsense"):
        data, seq = resume.first(it, cursor)
        assert records(data) == [[3, [["morph", "live", REGION]]]], cursor


async def test_the_ring_forgets_and_a_returning_page_is_rendered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "RING_FRAMES", 3)
    it = channel()
    for word in "abcde":
        send(it, word)
    assert it.since(1) is None
    assert words(it.since(2) or b"") == ["c", "d", "e"]
    monkeypatch.setattr(channels, "RING_BYTES", 30)
    send(it, "f" * 20)
    assert it.since(4) is None
    assert words(it.since(5) or b"") == ["f" * 20]


async def test_a_plain_stream_from_hello_to_goodbye() -> None:
    it = channel()
    send(it, "a")
    viewer = Viewer(it, 0)
    async with aclosing(stream.plain(viewer, "boot1.0")) as pieces:
        first = await anext(pieces)
        assert records(first)[0] == [1, [["hello", "boot1"]]]
        assert words(first) == ["a"]
        send(it, "b")
        send(it, "c")
        assert words(await anext(pieces)) == ["b", "c"], "what came meanwhile is one piece"
        it.close("restart")
        assert records(await anext(pieces)) == [[3, [["bye", "restart"]]]]
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
    assert not it.viewers


@pytest.mark.parametrize("packed", [False, True])
async def test_a_viewer_that_must_go_at_once_gets_the_goodbye_and_nothing_before_it(packed: bool) -> None:
    it = channel()
    viewer = Viewer(it, 0)
    pieces = (stream.gzipped if packed else stream.plain)(viewer, "boot1.0")
    data = await anext(pieces)
    send(it, "secret")
    viewer.end("signed-out", at_once=True)
    data += b"".join([piece async for piece in pieces])
    if packed:
        data = zlib.decompress(data, 31)  # whole: its checksum fits
    assert records(data)[-1] == [0, [["bye", "signed-out"]]]  # it has no later frame
    assert words(data) == []


async def test_gzip_bodies_share_their_pieces_and_each_is_whole() -> None:
    it = channel()
    said: list[str] = []
    viewers: list[tuple[AsyncGenerator[bytes, None], bytearray]] = []

    def say(word: str) -> None:
        said.append(word)
        send(it, word)

    for number in range(4):  # each comes later than the one before, in the middle of the stream
        pieces = stream.gzipped(Viewer(it, 0), f"boot1.{it.seq}")
        viewers.append((pieces, bytearray(await anext(pieces))))
        for step in range(5):
            say(f"word {number} {step} " * 3)
            got = {await anext(body) for body, _ in viewers[:1]}
            for body, data in viewers[1:]:
                piece = await anext(body)
                got.add(piece)
                data += piece
            viewers[0][1].extend(next(iter(got)))
            assert len(got) == 1, "all get the same bytes"
    it.close("restart")
    for number, (body, data) in enumerate(viewers):
        async for piece in body:
            data += piece
        packed = zlib.decompressobj(31)
        plain = packed.decompress(bytes(data))
        assert packed.eof, "the body ends with a right checksum"
        assert words(plain) == said[number * 5 :]
        assert records(plain)[-1][1] == [["bye", "restart"]]


async def test_a_gzip_reader_that_fell_behind_catches_up_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "BEHIND", 500)
    it = channel()
    slow, quick = stream.gzipped(Viewer(it, 0), "boot1.0"), stream.gzipped(Viewer(it, 0), "boot1.0")
    packed = zlib.decompressobj(31)
    packed.decompress(await anext(slow))
    await anext(quick)
    for number in range(300):
        send(it, f"{number}")
        await anext(quick)
    assert records(packed.decompress(await anext(slow))) == [[300, [["morph", "live", REGION]]]]
    send(it, "after")
    both = {await anext(slow), await anext(quick)}
    assert len(both) == 1, "it shares the pieces again"
    assert words(packed.decompress(both.pop())) == ["after"]
    for body in (slow, quick):
        await body.aclose()
    assert not it.viewers


async def test_a_quiet_channel_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "BEAT", 0.02)
    it = channel()
    async with aclosing(stream.plain(Viewer(it, 0), "boot1.0")) as pieces:
        await anext(pieces)
        assert records(await anext(pieces)) == [[1, []]]
    it.close("restart")


async def test_a_poll_answers_at_once_when_there_is_something() -> None:
    it = channel()
    send(it, "a")
    assert words(await stream.poll(it, "boot1.0", 60)) == ["a"]
    waiting = asyncio.create_task(stream.poll(it, "boot1.1", 60))
    await asyncio.sleep(0)
    send(it, "b")
    assert words(await waiting) == ["b"]
    assert records(await stream.poll(it, "boot1.2", 0)) == [[2, [["hello", "boot1"]]]]
    assert not it.viewers


class Source:
    def __init__(self) -> None:
        self.log: list[str] = []

    async def start(self, channel: Channel) -> None:
        self.log.append("start")
        await asyncio.sleep(0)

    async def stop(self) -> None:
        self.log.append("stop")

    def render(self) -> str:
        return REGION


async def test_a_source_starts_with_the_first_and_stops_after_the_last() -> None:
    source, tasks = Source(), Tasks()
    live = Live("boot1", tasks, linger=0.02)
    live.register("chat", lambda rest: source)
    one, two = await asyncio.gather(live.open("chat:a"), live.open("chat:a"))
    assert one is two
    assert source.log == ["start"]
    viewer = Viewer(one, 0)
    one.join(viewer, packed=False)
    await asyncio.sleep(0.08)
    assert source.log == ["start"], "somebody looks"
    assert live.viewers == 1
    one.leave(viewer)
    await asyncio.sleep(0.08)
    assert source.log == ["start", "stop"]
    assert await live.open("chat:a") is not one
    await live.close()
    assert source.log == ["start", "stop", "start", "stop"]
    with pytest.raises(UnknownTopic):
        await live.open("chat:a")
    await tasks.close()


async def test_a_cursor_of_a_channel_that_has_ended_is_none_of_the_next_one() -> None:
    tasks, source = Tasks(), Source()
    live = Live("boot1", tasks, linger=0.01)
    live.register("chat", lambda rest: source)
    before = await live.open("chat:a")
    for word in ("one", "two"):
        send(before, word)
    cursor = before.cursor
    await asyncio.sleep(0.05)
    after = await live.open("chat:a")
    assert after is not before
    assert json.loads(resume.first(after, cursor)[0])[1] == [["morph", "live", REGION]]
    for word in ("three", "four", "five"):
        send(after, word)
    assert json.loads(resume.first(after, cursor)[0])[1] == [["morph", "live", REGION]], "four and five are not all"
    await live.close()
    await tasks.close()


async def test_who_comes_back_just_as_a_topic_was_to_end_finds_it_going_on() -> None:
    tasks, source = Tasks(), Source()
    live = Live("boot1", tasks)
    live.register("chat", lambda rest: source)
    before = await live.open("chat:a")
    live._look("chat:a")
    assert await live.open("chat:a") is before
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await live.open("chat:a") is before
    assert source.log == ["start"]
    await live.close()
    await tasks.close()


async def test_a_topic_that_nobody_feeds() -> None:
    with pytest.raises(UnknownTopic):
        await Live("boot1", Tasks()).open("weather")
