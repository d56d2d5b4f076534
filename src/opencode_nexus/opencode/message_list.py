# SPDX-License-Identifier: MIT
"""A list of messages, decoded one by one as its bytes come.

OpenCode 1.18.33 hands on all that 100 messages hold, files too. To join 70 MB and decode them at once held the event
loop for 500 ms; message by message, for as long as the largest of them takes (about 2 ms a megabyte).
"""

from typing import Generic, TypeVar

import msgspec

from opencode_nexus.opencode.lenient import loads

T = TypeVar("T")

AT_ONCE = 1_000_000  # bytes of an answer that is decoded at once
TRIES = 8  # places within one message that look like the next one's beginning, before the rest is decoded at once

# How the next message begins. Within a text each quote has a backslash before it, so this stands between objects only:
# mostly two messages, or else two objects of what a tool was given, and then what is before it ends too soon.
_NEXT = b',{"info":{'


class MessageList(Generic[T]):
    """Takes an answer in pieces; `size` is how many bytes came so far."""

    def __init__(self, shape: type[T]) -> None:
        self.size = 0
        self._one, self._all = msgspec.json.Decoder(shape), msgspec.json.Decoder(list[shape])  # type: ignore[valid-type]
        self._found: list[T] = []
        self._held = bytearray()  # begins with the "[" or "," before a message
        self._looked = 1
        self._tries = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; raises msgspec.ValidationError when a message is none."""
        self.size += len(piece)
        self._held += piece
        if self.size <= AT_ONCE:
            return
        while self._tries < TRIES and (at := self._held.find(_NEXT, self._looked)) >= 0:
            try:
                self._found.append(loads(bytes(memoryview(self._held)[1:at]), self._one))
            except msgspec.ValidationError:
                raise
            except (msgspec.DecodeError, UnicodeDecodeError):
                self._tries += 1
                self._looked = at + 1
            else:
                self._tries, self._looked = 0, 1
                del self._held[:at]
        self._looked = max(self._looked, len(self._held) - len(_NEXT) + 1)

    def end(self) -> list[T]:
        """Return the messages; raises msgspec.DecodeError or UnicodeDecodeError when it was no list of them."""
        if not self._found:
            return loads(bytes(self._held), self._all)
        self._held[:1] = b"["
        return [*self._found, *loads(bytes(self._held), self._all)]
