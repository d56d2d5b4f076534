# SPDX-License-Identifier: MIT
"""Cap'n Proto by hand: just enough to read and write the messages of a tunnel's control stream.

Nothing is generated: `messages` names the few layouts that are needed. The framing is the standard one: u32 segments
- 1, u32 size in words for each, padding to 8 bytes, the segments; little endian. One segment is written, several are
read.
"""

import struct
from collections.abc import Iterator
from typing import TypeAlias

Segments: TypeAlias = list[bytes]
MOST_SEGMENTS = 64  # cloudflared sends one or two; more means that we are out of step


def split_messages(buffer: bytearray) -> Iterator[Segments]:
    """Complete messages from the front of `buffer`, which loses them."""
    while len(buffer) >= 8:
        count = int(struct.unpack_from("<I", buffer)[0]) + 1
        if count > MOST_SEGMENTS:
            raise ValueError(f"{count} segments in one message")
        head = 4 + 4 * count
        head += -head % 8
        if len(buffer) < head:
            return
        sizes = struct.unpack_from(f"<{count}I", buffer, 4)
        total = head + 8 * sum(sizes)
        if len(buffer) < total:
            return
        segments, at = [], head
        for words in sizes:
            segments.append(bytes(buffer[at : at + 8 * words]))
            at += 8 * words
        del buffer[:total]
        yield segments


class Reader:
    """A struct that was received; what is missing reads as zero or empty, as the format demands."""

    def __init__(self, segments: Segments, segment: int = 0, at: int = 0, words: int = 0, pointers: int = 0) -> None:
        self._segments, self._segment, self._at = segments, segment, at
        self._bytes, self._pointers = words * 8, pointers

    def _number(self, layout: str, offset: int) -> int:
        if offset + struct.calcsize(layout) > self._bytes:
            return 0
        return int(struct.unpack_from(layout, self._segments[self._segment], self._at + offset)[0])

    def u8(self, offset: int) -> int:
        return self._number("<B", offset)

    def u16(self, offset: int) -> int:
        return self._number("<H", offset)

    def u32(self, offset: int) -> int:
        return self._number("<I", offset)

    def u64(self, offset: int) -> int:
        return self._number("<Q", offset)

    def bit(self, number: int) -> bool:
        return bool(self.u8(number // 8) >> (number % 8) & 1)

    def _follow(self, index: int) -> "Pointed":
        if index >= self._pointers:
            return None
        return _follow(self._segments, self._segment, self._at + self._bytes + 8 * index)

    def struct(self, index: int) -> "Reader":
        found = self._follow(index)
        return found if isinstance(found, Reader) else Reader(self._segments)

    def data(self, index: int) -> bytes:
        found = self._follow(index)
        return found if isinstance(found, bytes) else b""

    def text(self, index: int) -> str:
        return self.data(index).rstrip(b"\0").decode()

    def structs(self, index: int) -> "list[Reader]":
        found = self._follow(index)
        return [each for each in found if isinstance(each, Reader)] if isinstance(found, list) else []

    def texts(self, index: int) -> list[str]:
        found = self._follow(index)
        if not isinstance(found, list):
            return []
        return [each.rstrip(b"\0").decode() for each in found if isinstance(each, bytes)]


Pointed: TypeAlias = Reader | bytes | list[Reader | bytes] | None


def root(segments: Segments) -> Reader:
    """The message's outermost struct."""
    found = _follow(segments, 0, 0)
    if not isinstance(found, Reader):
        raise ValueError("a message without a struct")
    return found


def _follow(segments: Segments, segment: int, at: int) -> Pointed:
    word = int(struct.unpack_from("<Q", segments[segment], at)[0])
    if word & 3 == 2:  # far: what is meant stands in another segment
        target, pad = word >> 32, (word & 0xFFFFFFFF) >> 3
        if not word & 4:
            return _follow(segments, target, pad * 8)
        far, tag = struct.unpack_from("<QQ", segments[target], pad * 8)
        return _pointed(segments, far >> 32, ((far & 0xFFFFFFFF) >> 3) * 8, tag)
    if word == 0 or word & 3 == 3:  # nothing, or a capability, of which we only ever see one
        return None
    offset = (word & 0xFFFFFFFF) >> 2
    if offset >= 1 << 29:
        offset -= 1 << 30
    return _pointed(segments, segment, at + 8 + 8 * offset, word)


def _pointed(segments: Segments, segment: int, at: int, word: int) -> Pointed:
    if word & 3 == 0:
        return Reader(segments, segment, at, word >> 32 & 0xFFFF, word >> 48)
    size, count = word >> 32 & 7, word >> 35
    if size == 2:
        return segments[segment][at : at + count]
    if size == 6:  # a list of pointers: here always of texts
        each = [_follow(segments, segment, at + 8 * number) for number in range(count)]
        return [one if isinstance(one, Reader | bytes) else b"" for one in each]
    if size == 7:  # a list of structs: a tag word, then the elements
        tag = int(struct.unpack_from("<Q", segments[segment], at)[0])
        number, words, pointers = (tag & 0xFFFFFFFF) >> 2, tag >> 32 & 0xFFFF, tag >> 48
        step = 8 * (words + pointers)
        return [Reader(segments, segment, at + 8 + step * index, words, pointers) for index in range(number)]
    return None  # no other kind of list is in these messages


class Builder:
    """One growing segment; places are counted in words. Word 0 is the pointer to the root."""

    def __init__(self) -> None:
        self._bytes = bytearray(8)

    def _grow(self, words: int) -> int:
        at = len(self._bytes) // 8
        self._bytes += bytes(8 * words)
        return at

    def _point(self, place: int, at: int, kind: int) -> int:
        return (at - place - 1) << 2 & 0xFFFFFFFF | kind

    def struct(self, place: int, words: int, pointers: int) -> "Writer":
        at = self._grow(words + pointers)
        struct.pack_into("<IHH", self._bytes, place * 8, self._point(place, at, 0), words, pointers)
        return Writer(self, at, words)

    def data(self, place: int, value: bytes) -> None:
        at = self._grow((len(value) + 7) // 8)
        self._bytes[at * 8 : at * 8 + len(value)] = value
        struct.pack_into("<II", self._bytes, place * 8, self._point(place, at, 1), len(value) << 3 | 2)

    def text(self, place: int, value: str) -> None:
        self.data(place, value.encode() + b"\0")

    def capability(self, place: int, index: int) -> None:
        struct.pack_into("<II", self._bytes, place * 8, 3, index)

    def structs(self, place: int, count: int, words: int, pointers: int) -> "list[Writer]":
        step = words + pointers
        at = self._grow(1 + count * step)
        struct.pack_into("<II", self._bytes, place * 8, self._point(place, at, 1), count * step << 3 | 7)
        struct.pack_into("<IHH", self._bytes, at * 8, count << 2, words, pointers)
        return [Writer(self, at + 1 + number * step, words) for number in range(count)]

    def put(self, layout: str, offset: int, value: int) -> None:
        struct.pack_into(layout, self._bytes, offset, value)

    def message(self) -> bytes:
        return struct.pack("<II", 0, len(self._bytes) // 8) + bytes(self._bytes)


class Writer:
    """A struct that is being written."""

    def __init__(self, builder: Builder, at: int, words: int) -> None:
        self._builder, self._at, self._words = builder, at, words

    def put(self, layout: str, offset: int, value: int) -> None:
        self._builder.put(layout, self._at * 8 + offset, value)

    def pointer(self, index: int) -> int:
        """The place of this struct's pointer number `index`."""
        return self._at + self._words + index
