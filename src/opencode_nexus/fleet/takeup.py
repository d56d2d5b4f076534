# SPDX-License-Identifier: MIT
"""The hub's start and end: what still runs is taken up, what is left over is ended, and what is wanted is started."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.environment import MARK
from opencode_nexus.fleet.reconcile import Plan, reconcile
from opencode_nexus.fleet.run import Run
from opencode_nexus.fleet.server import Server
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.processes.identity import Identity, alive
from opencode_nexus.processes.tree import end_all, marked, self_and_parents
from opencode_nexus.store.servers import RunRow

log = logging.getLogger(__name__)

Adopting = list[asyncio.Task[None]]

GRACE = 3.0  # seconds for a leftover to end by itself


class TakeUp:
    """Brings the `servers` in step with the machine; `home_id` tells what stands first in each mark, `resume` goes on
    with a planned restart.
    """

    def __init__(
        self,
        around: Surroundings,
        servers: Callable[[], Mapping[str, Server]],
        home_id: Callable[[], Awaitable[str]],
        resume: Callable[[Server], None],
    ) -> None:
        self._around, self._runs, self._servers, self._home_id = around, around.runs, servers, home_id
        self._resume = resume

    async def begin(self) -> Adopting:
        """Start all that is to be done; returns the tasks that take up what still runs."""
        rows, due = self._runs.store.runs(), self._runs.store.restarts()
        await asyncio.to_thread(self._runs.drop_passwords, rows)
        living = await asyncio.to_thread(_living, rows)
        carriers = await asyncio.to_thread(marked, MARK, f"{await self._home_id()}:")
        servers, tasks = self._servers(), self._around.tasks
        plan = reconcile([server.row for server in servers.values()], rows, living, carriers)
        adopting: Adopting = []
        for server_id, (row, root) in plan.adopt.items():
            run = await self._find(row, root)
            restart = due.pop(server_id, None)
            planned = restart.why if restart is not None and restart.start_id == row.start_id else ""
            work = self._adopt(servers[server_id], row, root, run, planned)
            adopting.append(tasks.spawn(work, f"adopt {server_id}"))
        tasks.spawn(self._clear(plan), "clear what is left over")
        stopped_half_way = [server_id for server_id in due if server_id in servers and server_id not in plan.start]
        for server_id in (*plan.start, *stopped_half_way):
            tasks.spawn(servers[server_id].start_unasked(), f"start {server_id}")
        return adopting  # each task above comes before whoever waits for this

    async def end(self, on_stop: str) -> None:
        """Do with the running servers what the setting says: "keep" them, "stop-idle", or "stop" all."""

        async def leave_or_stop(server: Server) -> None:
            if server.row.kind != "local":  # it is not ours to stop
                server.leave()
                return
            # one that is just being taken up has not said yet whether an agent works on it
            leave = on_stop != "stop" and server.being_taken_up
            if on_stop == "keep" and not leave:
                leave = await server.settled()
            elif on_stop == "stop-idle" and not leave:
                leave = server.state().state == "running" and await server.busy()
            if leave:
                server.leave()
                return
            try:
                # one in the middle of a restart would run on: the next hub starts it
                await (server.halt() if on_stop == "keep" else server.stop())
            except NexusError as error:
                log.error("%s: %s", server.row.id, error)

        await asyncio.gather(*(leave_or_stop(server) for server in self._servers().values()))

    async def _find(self, row: RunRow, root: Identity) -> Run | None:
        try:
            return await self._runs.find(row, root)
        except NexusError as error:
            log.error("the password of %s: %s", row.server_id, error)
            return None

    async def _adopt(self, server: Server, row: RunRow, root: Identity, run: Run | None, planned: str) -> None:
        if run is not None:
            await server.adopt(row, run, planned)
            if server.seen.planned:
                self._resume(server)
            return
        # it is ours by its identity, but nobody can talk to it any more
        await self._runs.clear(row, root)
        if server.row.autostart or planned:
            await server.start_unasked()

    async def _clear(self, plan: Plan) -> None:
        # a hub that was started from an agent's shell has that agent's OpenCode above it: that is left alone
        ours = await asyncio.to_thread(self_and_parents)
        leftovers = [identity for identity in plan.leftovers if identity.pid not in ours]
        ended = len(leftovers)
        left = await end_all(leftovers, GRACE)
        for row, root in plan.end:
            if root is not None and root.pid in ours:
                continue  # still in the table, so a later hub ends it
            left += await self._runs.clear(row, root)
            ended += root is not None
        if left:
            log.error("these leftovers did not end: %s", [identity.pid for identity in left])
        if ended > len(left):
            await self._around.activity.add(
                "leftovers-ended", f"Ended {ended - len(left)} processes of servers that were gone.", level="info"
            )


def _living(rows: list[RunRow]) -> dict[str, Identity]:
    """Return, by start id, the processes of `rows` that still run. Blocks."""
    named = {
        row.start_id: Identity(row.pid, row.created, row.birth)
        for row in rows
        if row.pid is not None and row.created is not None
    }
    return {start_id: identity for start_id, identity in named.items() if alive(identity)}
