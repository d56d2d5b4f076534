# SPDX-License-Identifier: MIT
"""Folders that nobody has used for a while are closed on their server, which opens them again at the next use.

OpenCode keeps whatever it has opened (measured on 1.18.33): some 23 MB a folder that was worked in, and the language
and tool servers that it started for it.
"""

import asyncio
import logging
from collections.abc import Callable

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.projects import Projects
from opencode_nexus.fleet.roster import Roster

log = logging.getLogger(__name__)

LOOK = 60.0  # seconds between two looks

Place = tuple[str, str]  # server and folder


class IdleFolders:
    """Closes what has been idle for `after()` seconds (0: nothing). It hears of each session's events (`heard`)."""

    def __init__(self, roster: Roster, projects: Projects, clock: Clock, after: Callable[[], float]) -> None:
        self._roster, self._projects, self._clock, self._after = roster, projects, clock, after
        self._used: dict[Place, float] = {}  # when (monotonic); what a server has open since it began counts from then
        self._closed: dict[Place, str] = {}  # in which run of its server

    def heard(self, server_id: str, directory: str, event: object) -> None:
        """Something happens in a session of a folder."""
        place = (server_id, directory)
        self._used[place] = self._clock.monotonic()
        self._closed.pop(place, None)

    def connected(self, server_id: str, client: object) -> None:
        """Nothing to catch up with."""

    def died(self, server_id: str) -> None:
        """Its folders are closed, all of them."""
        self._used = {place: at for place, at in self._used.items() if place[0] != server_id}
        self._closed = {place: run for place, run in self._closed.items() if place[0] != server_id}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def look(self) -> None:
        """Close what has been idle for long enough."""
        after = self._after()
        for server in self._roster.all() if after else ():
            run = server.seen.run
            if run is None or server.access() is None:
                continue
            for folder in server.row.projects:
                place, now = (server.row.id, folder), self._clock.monotonic()
                if self._closed.get(place) == run.row.start_id or now - self._used.setdefault(place, now) < after:
                    continue
                try:
                    await self._projects.close_idle(server, folder)
                except NexusError as error:  # an agent works there, or it was taken away meanwhile
                    log.debug("%s stays open: %s", folder, error)
                    self._used[place] = now
                else:
                    self._closed[place] = run.row.start_id
                    log.info("%s closed %s, which nobody had used for %.0f min", server.row.id, folder, after / 60)
