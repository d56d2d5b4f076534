# SPDX-License-Identifier: MIT
"""One viewer's stream as bytes: frames in plain or inside a gzip body."""

import asyncio
import zlib
from collections.abc import AsyncGenerator

from opencode_nexus.live import ops, resume
from opencode_nexus.live.channel import Channel, Viewer, frame, packer

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_BLOCK = b"\x03\x00"


class Gzip:
    """A gzip body made of deflate pieces, most of them shared by all viewers of a channel.

    Deflate pieces that end on a byte (sync flush) can be joined as long as none refers to bytes that this
    reader did not get; so the work of compressing is done once a frame, and a viewer costs a checksum.
    """

    def __init__(self) -> None:
        self._sum = self._size = 0

    def head(self, plain: bytes) -> bytes:
        return _GZIP_HEAD + self.own(plain)

    def own(self, plain: bytes) -> bytes:
        """Return `plain` packed for this viewer alone."""
        self.count(plain)
        mine = packer()
        return mine.compress(plain) + mine.flush(zlib.Z_SYNC_FLUSH)

    def count(self, plain: bytes) -> None:
        """Take into the checksum what was sent in the shared form."""
        self._sum = zlib.crc32(plain, self._sum)
        self._size += len(plain)

    def tail(self) -> bytes:
        return _LAST_BLOCK + self._sum.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little")


async def plain(viewer: Viewer, cursor: str | None) -> AsyncGenerator[bytes, None]:
    """Yield the stream of `viewer`: first what it missed, then each frame; ends with a goodbye."""
    channel = viewer.channel
    missed, viewer.seq = resume.first(channel, cursor)
    channel.join(viewer, packed=False)
    try:
        yield frame(viewer.seq, (ops.hello(channel.boot), *channel.greeting())) + missed
        while viewer.ended is None:
            await viewer.wait()
            if viewer.seq != channel.seq and not viewer.at_once:
                yield resume.more(viewer)[0]
        if viewer.ended:
            yield frame(viewer.seq, (ops.bye(viewer.ended),))
    finally:
        channel.leave(viewer)


async def gzipped(viewer: Viewer, cursor: str | None) -> AsyncGenerator[bytes, None]:
    """Yield the same as one gzip body, every piece readable as soon as it is there."""
    channel, body = viewer.channel, Gzip()
    missed, viewer.seq = resume.first(channel, cursor)
    channel.join(viewer, packed=True)
    try:
        yield body.head(frame(viewer.seq, (ops.hello(channel.boot), *channel.greeting())) + missed)
        while viewer.ended is None:
            await viewer.wait()
            if viewer.seq == channel.seq or viewer.at_once:
                continue
            data, shared = resume.more(viewer)
            if shared is not None:
                body.count(data)
                yield shared
            else:  # it fell behind: join the shared form again from here on, and catch up alone
                channel.join(viewer, packed=True)
                yield body.own(data)
        if viewer.ended:
            yield body.own(frame(viewer.seq, (ops.bye(viewer.ended),))) + body.tail()
    finally:
        channel.leave(viewer)


async def poll(channel: Channel, cursor: str | None, seconds: float) -> bytes:
    """Return what a page with `cursor` lacks, waiting up to `seconds` for something new."""
    viewer = Viewer(channel, 0)
    missed, viewer.seq = resume.first(channel, cursor)
    hello = frame(viewer.seq, (ops.hello(channel.boot), *channel.greeting()))
    if missed or not seconds:
        return hello + missed
    channel.join(viewer, packed=False)
    try:
        async with asyncio.timeout(seconds):
            await viewer.wait()
    except TimeoutError:
        return hello
    finally:
        channel.leave(viewer)
    if viewer.ended:
        return hello + frame(viewer.seq, (ops.bye(viewer.ended),))
    return hello + resume.more(viewer)[0]
