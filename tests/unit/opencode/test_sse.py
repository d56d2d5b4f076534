# SPDX-License-Identifier: MIT
"""The splitter gives the same events however the stream is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.opencode.sse import Splitter

DATA = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b""))
END = st.sampled_from([b"\n", b"\r\n"])
NOISE = st.sampled_from([b"", b": comment", b"id: 7", b"event: x", b"retry: 1", b"datum: no"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream and the events that are in it."""
    raw, expected = b"", []
    for lines in draw(st.lists(st.lists(DATA, min_size=1, max_size=3), max_size=6)):
        end = draw(END)
        noise = draw(NOISE)
        raw += noise + end if noise else b""
        raw += b"".join(b"data: " + line + end for line in lines) + end
        expected.append(b"\n".join(lines))
    return raw, expected


@given(streams(), st.lists(st.integers(0, 400), max_size=12))
def test_any_cut_gives_the_same_events(stream: tuple[bytes, list[bytes]], cuts: list[int]) -> None:
    raw, expected = stream
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    splitter = Splitter()
    found = [event for a, b in pairwise(edges) for event in splitter.feed(raw[a:b])]
    assert found == expected
    assert splitter.dropped == 0


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 9), END)
def test_too_large_an_event_is_dropped_whole_however_it_is_cut(sizes: list[int], step: int, end: bytes) -> None:
    limit = 30
    raw = b"".join(b"data: " + b"x" * size + end + end for size in sizes)
    splitter = Splitter(limit)
    found = [event for at in range(0, len(raw), step) for event in splitter.feed(raw[at : at + step])]
    small = [size for size in sizes if 6 + size + 2 * len(end) - 2 <= limit]
    assert [len(event) for event in found] == small
    assert splitter.dropped == len(sizes) - len(small)


def test_what_an_event_may_hold() -> None:
    splitter = Splitter()
    assert splitter.feed(b"data:no space\n\ndata:  two\n\n\n\n: only a comment\n\ndata\n\n") == [b"no space", b" two"]
    assert splitter.feed(b"data: a\r\ndata: b\r\n\r\n") == [b"a\nb"]
    assert splitter.feed(b"data: unfinished\n") == []
    assert splitter.feed(b"\n") == [b"unfinished"]
