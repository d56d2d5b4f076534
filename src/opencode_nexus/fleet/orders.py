# SPDX-License-Identifier: MIT
"""What is asked of running servers: start, stop and restart, of one or many, at once or when no agent works."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.errors import NotOurs, StartStopped
from opencode_nexus.fleet.server import ASKED, Server
from opencode_nexus.fleet.state import When
from opencode_nexus.fleet.surroundings import Surroundings

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two looks whether a server is idle; what the hub hears of it is not waited for


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order to one of many servers; `error` is None when it was done."""

    server_id: str
    name: str
    error: NexusError | None = None


class Orders:
    """Carries out orders on servers that are known and taken up."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def restart(self, server: Server, when: When) -> None:
        """Restart it now; or as soon as no agent works on it, which may be now too: otherwise it returns at once.

        Raises NotOurs; StopFailed or StartFailed of a restart that is made now.
        """
        if server.row.kind != "local":
            raise NotOurs(f"{server.row.name} is at {server.row.address}.")
        if when == "now" or not await server.busy():
            await server.restart()
        else:
            await self._plan(server, ASKED)

    async def recycle(self, server: Server, reason: str) -> None:
        """Restart it as soon as no agent works on it, for a `reason`, which is a sentence; raises as `restart`."""
        if server.row.kind != "local":
            return
        if await server.busy():
            await self._plan(server, reason)
        else:
            await server.seen.note("server-recycled", f"{server.row.name} is restarted. {reason}", "warning")
            await server.restart(by_hand=False)

    async def _plan(self, server: Server, why: str) -> None:
        if not server.seen.planned:
            server.seen.plan(why)
            self.resume(server)
            await server.seen.keep_restart(why)
            await server.seen.note(
                "server-restart-planned", f"{server.row.name} is restarted as soon as no agent works on it. {why}"
            )

    def resume(self, server: Server) -> None:
        """Restart a server, of which that is planned, as soon as no agent works on it."""
        self._around.tasks.spawn(self._when_idle(server), f"restart {server.row.id} when idle")

    async def _when_idle(self, server: Server) -> None:
        run, seen = server.seen.run, server.seen
        heard = asyncio.Event()
        unlisten = self._around.bus.listen(lambda record: heard.set(), "session", "server")
        try:
            while seen.planned and seen.run is run:
                heard.clear()
                if not await server.busy():
                    break
                try:
                    async with asyncio.timeout(LOOK):
                        await heard.wait()
                except TimeoutError:
                    pass
        finally:
            unlisten()
        if not seen.planned or seen.run is not run:
            return  # it was taken back, or has come about in another way
        try:
            await server.restart(by_hand=False)
        except StartStopped:
            return
        except NexusError as error:
            log.error("the restart of %s: %s", server.row.id, error)

    async def many(
        self, servers: Sequence[Server], act: Callable[[Server], Awaitable[None]], at_once: int | None = None
    ) -> list[Outcome]:
        """Do `act` with each, begun in order, `at_once` of them (None: all); returns what came of it, in that order."""
        room = asyncio.Semaphore(at_once or max(1, len(servers)))

        async def one(server: Server) -> Outcome:
            try:
                async with room:
                    await act(server)
            except NexusError as error:
                return Outcome(server.row.id, server.row.name, error)
            return Outcome(server.row.id, server.row.name)

        return await asyncio.gather(*(one(server) for server in servers))
