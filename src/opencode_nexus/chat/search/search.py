# SPDX-License-Identifier: MIT
"""Searching what was said on all servers, and how far the index is."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from opencode_nexus.chat.errors import CursorUnknown
from opencode_nexus.chat.search.index import SearchIndex
from opencode_nexus.chat.servers import ServerDirectory
from opencode_nexus.store.search import RANKED, Filters, Found, Hit, Role, Size
from opencode_nexus.store.search_query import beginning, parse
from opencode_nexus.store.search_rows import Facts
from opencode_nexus.store.search_snippet import Snippet

__all__ = [
    "RANKED", "Facts", "Filters", "Found", "Hit", "Progress", "Role", "Search", "ServerProgress", "Size", "Snippet",
]  # fmt: skip


def offset_of(before: str | None) -> int:
    """Return how many hits stand before a page; raises CursorUnknown."""
    if before is None:
        return 0
    if not (before.isascii() and before.isdigit() and len(before) <= 5):
        raise CursorUnknown(f"Asked for: {before[:80]!r}.")
    return int(before)


@dataclass(frozen=True, slots=True)
class ServerProgress:
    """How far one server is read: `left` of `total` sessions are still to be. `running`: it can be asked."""

    id: str
    name: str
    running: bool
    listed: bool
    left: int
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index is. `fresh_at`: when (epoch seconds) it had read all; `problem`: what stands in the way."""

    rebuilding: bool
    problem: str
    fresh_at: float | None
    servers: Sequence[ServerProgress]

    @property
    def behind(self) -> bool:
        """Whether something of a running server is not in it yet."""
        return any(server.running and (server.left or not server.listed) for server in self.servers)

    @property
    def left(self) -> int:
        return sum(server.left for server in self.servers)

    @property
    def total(self) -> int:
        return sum(server.total for server in self.servers)


class Search:
    """What pages and API ask. All raise SearchUnusable. Sessions that are `hidden` (in the trash) are not found."""

    def __init__(self, index: SearchIndex, servers: ServerDirectory, hidden: Container[str] = ()) -> None:
        self.index, self._servers, self._hidden = index, servers, hidden

    async def find(
        self, typed: str, filters: Filters, limit: int = 20, offset: int = 0, *, typing: bool = False
    ) -> Found:
        """Return the best hits for what a person typed; when they typed nothing the newest that pass the filters, and
        for signs alone, which the index does not hold, none.

        `typing`: the last word may not be complete yet.
        """
        terms = parse(typed)
        if typed.strip() and not terms:
            return Found([], False, False, wordless=True)
        if typing:
            terms = beginning(terms)
        found = await self.index.ask(lambda store: store.find(terms, filters, limit, offset))
        hits = [hit for hit in found.hits if not (hit.session_id in self._hidden or hit.root_id in self._hidden)]
        return replace(found, hits=hits)

    async def names(self) -> dict[str, list[str]]:
        """Return what can be filtered by: "project" and "tool"."""
        return await self.index.ask(lambda store: store.names())

    async def recent(self, limit: int) -> list[Facts]:
        """Return the chats that were used last, on any server."""
        found = await self.index.ask(lambda store: store.recent(limit + 10))
        return [facts for facts in found if facts.id not in self._hidden][:limit]

    async def size(self) -> Size:
        """Return how much the index holds."""
        return await self.index.ask(lambda store: store.size())

    def progress(self) -> Progress:
        """Return how far the index is; of one that is made anew, how far that is."""
        index = self.index
        readers = index.rebuild.readers if index.rebuild is not None else index.readers
        servers = []
        for server in self._servers.list():
            reader = readers.get(server.id)
            told = (reader.listed, reader.left, reader.total) if reader is not None else (False, 0, 0)
            servers.append(ServerProgress(server.id, server.name, server.id in index.readers, *told))
        return Progress(index.rebuild is not None, index.problem or index.given_up, index.fresh_at, servers)

    def rebuild(self) -> None:
        """Begin to make the index anew from what the running servers have; the rest of it is kept."""
        self.index.begin_rebuild()
