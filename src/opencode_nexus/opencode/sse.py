# SPDX-License-Identifier: MIT
"""Splits a byte stream of server-sent events into the data of each event, bytes to bytes."""

MAX_EVENT = 32 << 20  # bytes; a 20 MB image in a message part was the largest event that was sent here


class Splitter:
    """Feed it chunks as they come; any cutting of the same stream gives the same events.

    Lines end with LF or CRLF. Several `data:` lines of one event are joined with LF; all other fields and
    comments are passed over (OpenCode sends neither `id:` nor `event:`). An event of more than `limit`
    bytes is dropped, and counted in `dropped`, so that memory stays bounded.
    """

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self.limit = limit
        self.dropped = 0
        self._line: list[bytes] = []  # pieces of the unfinished line
        self._data: list[bytes] = []  # data of the unfinished event
        self._size = 0  # bytes of the unfinished event, its unfinished line included
        self._over = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of every event that `chunk` completes, in order."""
        events: list[bytes] = []
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._take(chunk[start:end])
            line = self._line[0] if len(self._line) == 1 else b"".join(self._line)
            self._line.clear()
            start = end + 1
            if line in (b"", b"\r"):
                self._finish(events)
            elif not self._over and line.startswith(b"data:"):
                self._data.append(line[5:].removesuffix(b"\r").removeprefix(b" "))
        if start < len(chunk):
            self._take(chunk[start:])
        return events

    def _take(self, piece: bytes) -> None:
        if not piece:
            return
        self._size += len(piece)
        if self._size > self.limit:
            self._over = True
            self._data.clear()
            # One byte is kept, to tell the line from the empty one that ends an event.
            self._line = [b"\r" if piece == b"\r" and not self._line else b":"]
        else:
            self._line.append(piece)

    def _finish(self, events: list[bytes]) -> None:
        if self._over:
            self.dropped += 1
        elif self._data:
            events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
        self._data.clear()
        self._size = 0
        self._over = False
