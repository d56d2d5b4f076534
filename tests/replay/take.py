# SPDX-License-Identifier: MIT
"""One recording: what came on OpenCode's event stream, read by read, and what it answered when it was asked."""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opencode_nexus.opencode.sse import Splitter

FOLDER = Path(__file__).parent / "recorded"
JSON = dict[str, Any]


@dataclass(slots=True)
class Fresh:
    """What OpenCode answered while nothing came: `at` is how many bytes of the stream had come by then."""

    at: int
    sessions: dict[str, JSON]  # id: {"info", "messages", "todos"}
    permissions: list[JSON]
    questions: list[JSON]
    statuses: dict[str, JSON]


@dataclass(slots=True)
class Take:
    """A recording. `reads` are the pieces of the stream as they came off the socket."""

    name: str
    reads: list[bytes] = field(default_factory=list)
    fresh: list[Fresh] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of the stream so far."""
        return sum(map(len, self.reads))

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Each event's data, and how many bytes of the stream had come when it was complete."""
        splitter, at = Splitter(), 0
        for read in self.reads:
            # an event ends at an empty line: each piece up to one completes at most one event
            start = 0
            while start < len(read):
                end = read.find(b"\n", start) + 1 or len(read)
                for body in splitter.feed(read[start:end]):
                    yield at + end, body
                start = end
            at += len(read)

    def save(self) -> int:
        """Write it; returns how many bytes the file has."""
        lines = [json.dumps([read.decode("latin-1") for read in self.reads])]
        lines += [json.dumps({name: getattr(one, name) for name in Fresh.__slots__}) for one in self.fresh]
        packed = lzma.compress("\n".join(lines).encode(), preset=9)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{self.name}.xz").write_bytes(packed)
        return len(packed)

    @classmethod
    def load(cls, name: str) -> "Take":
        """Read one that was saved."""
        first, *rest = lzma.decompress((FOLDER / f"{name}.xz").read_bytes()).decode().split("\n")
        reads = [read.encode("latin-1") for read in json.loads(first)]
        return cls(name, reads, [Fresh(**json.loads(line)) for line in rest])


def names() -> list[str]:
    """All recordings, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.xz"))
