# SPDX-License-Identifier: MIT
"""Makes the search index anew in a second file, while the first one answers."""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from opencode_nexus.chat.search.reader import Reader
from opencode_nexus.store.search import SearchStore, remove, size_of
from opencode_nexus.store.search_rows import Document, Facts, Known, Rows

DOCUMENTS = 200  # copied in one transaction


class Rebuild:
    """One making anew: `readers` read each running server whole; what none of them can read is copied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store: SearchStore | None = None
        self.readers: dict[str, Reader] = {}
        self._copies: list[Known] | None = None

    async def open(self) -> SearchStore:
        """Begin with an empty file; what an earlier one left is taken away."""
        remove(self.path)
        store = SearchStore(self.path)
        await store.open()
        self.store = store
        return store

    async def take_over(self, old: SearchStore, there: Collection[str]) -> bool:
        """Copy one session of a server that does not run now, or that it would not give; False: there is none left."""
        store = self.store
        if store is None:
            return False
        if self._copies is None:
            have = {known.id: known.mark for known in await store.sessions()}
            self._copies = [
                known
                for known in await old.sessions()
                if known.server_id in there and not have.get(known.id)
                if known.server_id not in self.readers or known.id in have
            ]
        if not self._copies:
            return False
        known = self._copies.pop()
        facts, after = await old.facts(known.id), 0
        while documents := await old.documents(known.id, after, DOCUMENTS):
            await store.write(_copy(facts, [document for _, document in documents]))
            after = documents[-1][0]
        await store.write(lambda rows: rows.copied(known))
        return True

    async def finish(self, old: SearchStore) -> SearchStore:
        """Put the new file in the place of the old one; both are closed, and the one returned is open.

        Raises OSError or sqlite3.Error; until the new one is whole the old one stays as it is.
        """
        if self.store is not None:
            await self.store.close()
        if size_of(self.path) != self.path.stat().st_size:
            raise OSError(f"{self.path} was not written to its end")
        await old.close()
        os.replace(self.path, old.path)
        store = SearchStore(old.path)
        await store.open()
        return store

    async def give_up(self) -> None:
        """Leave the old file as it is."""
        if self.store is not None:
            await self.store.close()
        remove(self.path)


def _copy(facts: Facts, documents: list[Document]) -> Callable[[Rows], None]:
    def work(rows: Rows) -> None:
        rows.learn(facts)
        rows.put(facts.id, documents)

    return work
