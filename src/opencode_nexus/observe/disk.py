# SPDX-License-Identifier: MIT
"""How much of the disk each server's OpenCode takes, measured seldom; and its cleaning."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.cleaning import Item, clean, offered
from opencode_nexus.observe.disk_errors import DiskInUse, RunsElsewhere
from opencode_nexus.observe.opencode_folders import DiskUse, Folders, measure

log = logging.getLogger(__name__)

EVERY = 900.0  # seconds between two walks unasked
SHARE = 200.0  # but never more than one part in so many of the time: 10 s of walking are repeated after 33 minutes
FRESH = 2.0  # seconds; who asks again within them gets what is known
SOON = 60.0  # seconds until the second walk: a server that was started for the first time writes all it has


class Disk:
    """Measures and cleans OpenCode's folders.

    Servers with the same folders share a measure: OpenCode keeps the sessions of all in one place unless a server's
    own environment says otherwise. `environment(server_id)` is what its OpenCode finds there; `servers()` names all
    by id; `runs(server_id)` says whether it runs. None of these block.
    """

    def __init__(
        self,
        *,
        servers: Callable[[], Mapping[str, str]],
        environment: Callable[[str], Mapping[str, str]],
        runs: Callable[[str], bool],
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._servers, self._environment, self._runs, self._clock = servers, environment, runs, clock
        self._tasks = tasks
        self._known: dict[Folders, DiskUse] = {}
        self._walks: dict[Folders, asyncio.Task[DiskUse]] = {}
        self._offers: dict[Folders, asyncio.Task[list[Item]]] = {}
        self._cleaning: dict[Folders, asyncio.Lock] = {}

    def open(self) -> None:
        """Measure from now on."""
        self._tasks.spawn(self._run(), "disk")

    def folders(self, server_id: str) -> Folders:
        """Return where a server's OpenCode keeps its things; raises RunsElsewhere."""
        if server_id not in self._servers():
            raise RunsElsewhere(f"{server_id}.", server_id=server_id)
        return Folders.of(self._environment(server_id))

    def of(self, server_id: str) -> DiskUse | None:
        """Return what was measured last; None: nothing yet."""
        return self._known.get(self.folders(server_id))

    def bytes(self, server_id: str) -> int | None:
        """Return all that a server's OpenCode keeps, in bytes; None: it runs elsewhere, or was not measured since it
        first wrote anything.
        """
        found = self.of(server_id) if server_id in self._servers() else None
        return None if found is None or not found.total else found.total

    def sharing(self, server_id: str) -> list[str]:
        """Return the names of the other servers with the same folders."""
        mine = self.folders(server_id)
        return [name for other, name in self._servers().items() if other != server_id and self.folders(other) == mine]

    async def look(self, server_id: str) -> DiskUse:
        """Measure now, unless that was done just now or takes long; a walk goes on when its caller does not wait."""
        folders = self.folders(server_id)
        known = self._known.get(folders)
        if known is not None and 0 <= self._clock.now() - known.at < max(FRESH, SHARE * known.seconds):
            return known
        walk = self._walks.get(folders)
        if walk is None or walk.done():
            walk = self._walks[folders] = self._tasks.spawn(self._walk(folders), "measure disk use")
        return await asyncio.shield(walk)

    async def _walk(self, folders: Folders) -> DiskUse:
        self._known[folders] = found = await asyncio.to_thread(measure, folders, self._clock.now())
        return found

    async def offered(self, server_id: str) -> list[Item]:
        """Return what may be deleted, the largest first."""
        folders = self.folders(server_id)
        offer = self._offers.get(folders)
        if offer is None:
            offer = self._offers[folders] = self._tasks.spawn(self._offer(folders), "what may be deleted")
        return await asyncio.shield(offer)

    async def _offer(self, folders: Folders) -> list[Item]:
        begun = self._clock.monotonic()
        try:
            found = await asyncio.to_thread(offered, folders)
        except BaseException:
            self._offers.pop(folders, None)
            raise
        # what took long to find is kept for whoever comes back for it; the rest is looked for anew
        took, mine = self._clock.monotonic() - begun, self._offers.get(folders)
        asyncio.get_running_loop().call_later(10 * took, self._forget, folders, mine)
        return found

    def _forget(self, folders: Folders, offer: "asyncio.Task[list[Item]] | None") -> None:
        if offer is not None and self._offers.get(folders) is offer:
            del self._offers[folders]

    def users(self, server_id: str) -> list[str]:
        """Return the names of those servers that run on any of a server's folders, itself too."""
        mine = self.folders(server_id)
        places = {mine.data, mine.cache, mine.database}
        found = []
        for other, name in self._servers().items():
            theirs = self.folders(other)
            if self._runs(other) and places & {theirs.data, theirs.cache, theirs.database}:
                found.append(name)
        return found

    async def clean(self, server_id: str, ids: Iterable[str]) -> list[Item]:
        """Delete what is named; returns it. Raises DiskInUse, NothingToClean or CleanFailed."""
        folders, wanted = self.folders(server_id), list(ids)
        async with self._cleaning.setdefault(folders, asyncio.Lock()):
            if users := self.users(server_id):
                raise DiskInUse(f"Running: {', '.join(users)}.", servers=users)
            try:
                return await asyncio.to_thread(clean, folders, wanted)
            finally:
                self._known.pop(folders, None)
                self._offers.pop(folders, None)

    async def _run(self) -> None:
        pause = SOON
        while True:
            try:
                for server_id in list(self._servers()):
                    try:
                        found = await self.look(server_id)
                    except Exception:  # one folder that cannot be walked must not end the watch over the others
                        log.exception("the folders of %s could not be measured", server_id)
                    else:
                        pause = max(pause, SHARE * found.seconds)
            except Exception:
                log.exception("disk use was not measured")
            await asyncio.sleep(pause)
            pause = EVERY
