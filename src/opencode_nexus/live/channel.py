# SPDX-License-Identifier: MIT
"""The frames of one topic: numbered, kept in a ring, paced, and packed once for all viewers."""

import asyncio
import re
import zlib
from collections import deque
from collections.abc import Callable

import msgspec

from opencode_nexus.live import ops
from opencode_nexus.live.ops import Op, Ops

QUICK = 0.016  # seconds between frames with few viewers: one screen frame
# The same while changes come DENSE a frame: a page that draws 37 times a second instead of 60 has two fifths less
# to do (measured: 4 ms a frame with 70 kB of answer on it), and nobody reads 200 words a second.
BUSY = 0.027
DENSE = 3
SLOW = 0.050  # with MANY viewers or more
MANY = 20
BEAT = 15.0  # a page that hears nothing for 25 s takes its line for dead
RING_FRAMES = 4096  # 68 s at the quickest pace
RING_BYTES = 1 << 20
PACKED = 256  # frames kept packed for viewers that follow closely

_encode = msgspec.json.Encoder(enc_hook=str).encode  # HTML comes as markupsafe's kind of str
_KEY = re.compile(r'data-k="([^"]+)"')


def frame(seq: int, changes: Ops) -> bytes:
    """Return one record of the stream: `[seq,[op,...]]` and a line feed."""
    return _encode((seq, changes)) + b"\n"


class Viewer:
    """One open stream's place in a channel: `seq` is the last frame it has, `ended` says why it must stop, `at_once`
    that it must not even get what is there."""

    __slots__ = ("at_once", "channel", "ended", "packed", "seq", "waiter")

    def __init__(self, channel: "Channel", seq: int) -> None:
        self.channel, self.seq = channel, seq
        self.packed = False  # True while it takes the shared compressed bytes
        self.ended: str | None = None
        self.at_once = False
        self.waiter: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Return when there is a newer frame, or the stream must end."""
        if self.seq == self.channel.seq and self.ended is None:
            self.waiter = asyncio.get_running_loop().create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def end(self, reason: str, *, at_once: bool = False) -> None:
        """Ask the stream to say goodbye with `reason` ("" when the reader has gone) and stop."""
        self.ended, self.at_once = reason, at_once
        self.wake()


class Channel:
    """One topic's stream.

    A source calls `push` (finished patches) or sets `collect` and calls `touch` when something changed;
    either way the next frame holds all there is by then. The first change after a quiet moment goes out
    at once, the next ones at the pace that the number of viewers allows: one write of ten changes costs a
    seventh of ten writes (measured: 1.7 instead of 12 µs an event and viewer).
    """

    def __init__(self, topic: str, boot: str, render: Callable[[], str] = str, seq: int = 0) -> None:
        self.topic, self.boot = topic, boot
        self.render = render
        self.collect: Callable[[], list[Op]] | None = None
        self.greeting: Callable[[], Ops] = tuple  # what every page is told as it comes, beside its topic's region
        self.seq = seq  # of the last frame; a new channel begins beyond all cursors that were given out before
        self.viewers: set[Viewer] = set()
        self._queued: list[Op] = []
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._packed: deque[tuple[int, bytes]] = deque(maxlen=PACKED)
        self._packer: zlib._Compress | None = None
        self._anew: tuple[int, bytes] = (-1, b"")
        self._loop = asyncio.get_running_loop()
        self._last = 0.0
        self._touches, self._dense = 0, False
        self._timer: asyncio.Handle | None = None
        self._beat: asyncio.TimerHandle | None = None

    @property
    def cursor(self) -> str:
        """Where a page that was rendered just now stands."""
        return f"{self.boot}.{self.seq}"

    @property
    def pace(self) -> float:
        """Seconds between two frames while changes keep coming."""
        few = BUSY if self._dense else QUICK
        return few + (SLOW - few) * min(1.0, max(0, len(self.viewers) - 4) / (MANY - 4))

    def push(self, changes: Ops) -> None:
        """Send finished patches with the next frame."""
        self._queued.extend(changes)
        self.touch()

    def touch(self) -> None:
        """Say that there is something to collect; cheap, meant to be called for every event."""
        self._touches += 1
        if self._timer is None:
            wait = self._last + self.pace - self._loop.time()
            if wait <= 0:
                self._timer = self._loop.call_soon(self.flush)
            else:
                self._timer = self._loop.call_later(wait, self.flush)

    def flush(self) -> None:
        """Make a frame of what has changed, if anything has, and wake the viewers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._dense, self._touches = self._touches >= DENSE, 0
        changes, self._queued = self._queued, []
        if self.collect is not None:
            changes.extend(self.collect())
        if changes:
            self._last = self._loop.time()
            self._send(changes)

    def _send(self, changes: Ops) -> None:
        self.seq += 1
        raw = frame(self.seq, changes)
        self._ring.append((self.seq, raw))
        self._ring_bytes += len(raw)
        while len(self._ring) > RING_FRAMES or (self._ring_bytes > RING_BYTES and len(self._ring) > 1):
            self._ring_bytes -= len(self._ring.popleft()[1])
        packing = waiting = False
        for viewer in self.viewers:
            packing = packing or viewer.packed
            waiting = True
        if packing:
            if self._packer is None:
                self._packer = packer()
            wire = self._packer.compress(raw) + self._packer.flush(zlib.Z_SYNC_FLUSH)
            self._packed.append((self.seq, wire))
        else:
            self._packer = None
            self._packed.clear()
        if waiting:
            for viewer in self.viewers:
                viewer.wake()

    def since(self, seq: int) -> bytes | None:
        """Return the frames after `seq` as one piece; None when the ring no longer holds them all."""
        if seq > self.seq or (seq < self.seq and (not self._ring or seq < self._ring[0][0] - 1)):
            return None
        return b"".join(self._tail(self._ring, seq))

    def packed_since(self, seq: int) -> bytes | None:
        """The same in the shared compressed form, for a viewer that has had all of it so far."""
        if not self._packed or seq < self._packed[0][0] - 1:
            return None
        return b"".join(self._tail(self._packed, seq))

    @staticmethod
    def _tail(ring: deque[tuple[int, bytes]], seq: int) -> list[bytes]:
        found: list[bytes] = []
        for number, data in reversed(ring):
            if number <= seq:
                break
            found.append(data)
        found.reverse()
        return found

    def anew(self) -> bytes:
        """Return a frame that makes any page show the present state; made once for all who need it."""
        self.flush()
        if self._anew[0] != self.seq:
            html = self.render()
            key = _KEY.search(html)
            changes = (*self.greeting(), *((ops.morph(key[1], html),) if key is not None else ()))
            self._anew = (self.seq, frame(self.seq, changes))
        return self._anew[1]

    def snapshot(self) -> tuple[str, str]:
        """Return (cursor, HTML of the live region) for a page that is rendered now."""
        self.flush()
        return self.cursor, self.render()

    def join(self, viewer: Viewer, *, packed: bool) -> None:
        """Let `viewer` follow; with `packed` a new packer starts, whose bytes refer only to what it gets."""
        viewer.packed = packed
        if packed:
            self._packer = None
        self.viewers.add(viewer)
        if self._beat is None:
            self._beat = self._loop.call_later(BEAT, self._tick)

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)

    def _tick(self) -> None:
        self._beat = None
        if self.viewers:
            quiet = self._loop.time() - self._last
            if quiet >= BEAT - 0.1:
                self._last, quiet = self._loop.time(), 0.0
                self._send(())
            self._beat = self._loop.call_later(BEAT - quiet, self._tick)

    def close(self, reason: str) -> None:
        """End every stream with a goodbye, and stop the timers."""
        for timer in (self._timer, self._beat):
            if timer is not None:
                timer.cancel()
        self._timer = self._beat = None
        for viewer in self.viewers:
            viewer.end(reason)


def packer() -> "zlib._Compress":
    """Return a raw deflate stream with an 8 KB window: 64 KB of memory, 8 % more bytes than the largest."""
    return zlib.compressobj(6, zlib.DEFLATED, -13, 6)
