# SPDX-License-Identifier: MIT
"""All servers of this hub."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.fleet.config_folder import merge
from opencode_nexus.fleet.environment import MARK
from opencode_nexus.fleet.errors import FleetNotOpen, ProjectTaken, ServerNotFound
from opencode_nexus.fleet.hosts.local import Local
from opencode_nexus.fleet.reconcile import Plan, reconcile
from opencode_nexus.fleet.run import Run, Runs, Vault
from opencode_nexus.fleet.server import Server, Surroundings
from opencode_nexus.fleet.spec import check_name, check_project, check_projects
from opencode_nexus.fleet.state import ServerAccess, ServerState
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.processes.identity import Identity, alive
from opencode_nexus.processes.logfile import last_lines
from opencode_nexus.processes.tree import end_all, marked, self_and_parents
from opencode_nexus.secrets.redact import redact
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.servers import RunRow, ServerRow, Servers

States = list[ServerState]  # inside the class `list` is a method
Lines = list[str]
Adopting = list[asyncio.Task[None]]

log = logging.getLogger(__name__)

ADOPT_WITHIN = 1.0  # seconds that the hub's start waits for servers to be taken up; what takes longer goes on behind it
GRACE = 3.0  # seconds for a leftover to end by itself


class Fleet:
    """Adds, starts, stops and removes servers, and tells the bus (topic "server") of each change.

    `home` is the hub's folder, `binary` says which OpenCode to run, `busy` whether an agent works on a server,
    `child_config` what we add to OpenCode's configuration, `environ` what the user's own programs find, `on_stop`
    what `close` does with servers that run: "keep" them, "stop-idle", or "stop" all.
    """

    def __init__(
        self,
        *,
        db: Database,
        bus: Bus,
        clock: Clock,
        home: Path,
        activity: Activity,
        vault: Vault,
        binary: Callable[[], Awaitable[Path]],
        on_stop: Callable[[], str],
        busy: Callable[[str], Awaitable[bool]],
        child_config: Callable[[str], Mapping[str, Any]],
        environ: Mapping[str, str],
        backoff: Backoff | None = None,
    ) -> None:
        self._clock, self._bus, self._activity = clock, bus, activity
        self._kv, self._store = Kv(db), Servers(db)
        self._host = Local(home, environ)
        self._home, self._on_stop, self._busy, self._child_config = home, on_stop, busy, child_config
        self._tasks = Tasks()
        self._runs = Runs(self._store, vault, self._host, clock, self._home_id)
        self._around = Surroundings(self._runs, bus, self._tasks, activity, binary, self._prepare, backoff or Backoff())
        self._known: dict[str, Server] | None = None
        self._taken_up = asyncio.Event()
        self._trouble: BaseException | None = None  # what `open` raised

    # -- the hub's start and end ---------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take up what still runs, end what is left over, and start what is to be started by itself.

        Returns as soon as the first is done, or after a second; the rest goes on behind it.
        """
        try:
            adopting = await self._take_up()
        except BaseException as error:
            self._trouble = error
            raise
        finally:
            self._taken_up.set()
        if adopting:
            await asyncio.wait(adopting, timeout=ADOPT_WITHIN)

    async def _take_up(self) -> Adopting:
        rows = self._store.runs()
        living = await asyncio.to_thread(_living, rows)
        carriers = await asyncio.to_thread(marked, MARK, f"{await self._home_id()}:")
        plan = reconcile(self._store.all(), rows, living, carriers)
        servers = self._servers()
        adopting: Adopting = []
        for server_id, (row, root) in plan.adopt.items():
            run = await self._find(row, root)
            adopting.append(self._tasks.spawn(self._adopt(servers[server_id], row, root, run), f"adopt {server_id}"))
        self._tasks.spawn(self._clear(plan), "clear what is left over")
        for server_id in plan.start:
            self._tasks.spawn(servers[server_id].start_unasked(), f"start {server_id}")
        return adopting  # each task above comes before whoever waits for this

    async def close(self) -> None:
        """Do with the running servers what the setting `on_stop` says; a later hub takes up those that are left."""
        kept = self._on_stop()

        async def leave_or_stop(server: Server) -> None:
            # one that is just being taken up has not said yet whether an agent works on it
            leave = kept != "stop" and server.being_taken_up
            if kept == "keep" and not leave:
                leave = await server.settled()
            elif kept == "stop-idle" and not leave:
                leave = server.state().state == "running" and await self._is_busy(server)
            if leave:
                server.leave()
                return
            try:
                await server.stop()
            except NexusError as error:
                log.error("%s: %s", server.row.id, error)

        await asyncio.gather(*(leave_or_stop(server) for server in self._servers().values()))
        await self._tasks.close()

    async def _is_busy(self, server: Server) -> bool:
        try:
            # its own word counts too: who follows it may not have heard yet, right after it was taken up
            return await self._busy(server.row.id) or await server.busy()
        except Exception:  # who cannot say must not cost an agent its work
            log.exception("cannot tell whether %s is busy; it is left running", server.row.id)
            return True

    async def _find(self, row: RunRow, root: Identity) -> Run | None:
        try:
            return await self._runs.find(row, root)
        except NexusError as error:
            log.error("the password of %s: %s", row.server_id, error)
            return None

    async def _adopt(self, server: Server, row: RunRow, root: Identity, run: Run | None) -> None:
        if run is not None:
            await server.adopt(row, run)
            return
        # it is ours by its identity, but nobody can talk to it any more
        await self._runs.clear(row, root)
        if server.row.autostart:
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
            await self._activity.add(
                "leftovers-ended", f"Ended {ended - len(left)} processes of servers that were gone.", level="info"
            )

    async def _home_id(self) -> str:
        """Return what stands first in the marks of this home; a copy of the home in another place has its own."""
        kept, place = self._kv.get("fleet.home"), str(self._home.resolve())
        if not isinstance(kept, dict) or kept.get("path") != place:
            kept = {"id": new_id("home"), "path": place}
            await self._kv.set("fleet.home", kept)
        return str(kept["id"])

    # -- looking -------------------------------------------------------------------------------------------------

    def list(self) -> States:
        """Return every server, oldest first."""
        return [server.state() for server in self._servers().values()]

    def get(self, server_id: str) -> ServerState:
        """Return one server; raises ServerNotFound."""
        return self._server(server_id).state()

    def access(self, server_id: str) -> ServerAccess | None:
        """Return how to talk to a server, None when it does not run; raises ServerNotFound."""
        return self._server(server_id).access()

    async def logs(self, server_id: str, lines: int = 200) -> Lines:
        """Return the last lines that a server wrote, oldest first, without secrets; raises ServerNotFound."""
        access = self._server(server_id).access()
        known = [access.password] if access else []

        def read() -> Lines:
            return [redact(line, known) for line in last_lines(self._host.log(server_id), lines)]

        return await asyncio.to_thread(read)

    async def command(self, server_id: str, words: Lines, folder: str) -> tuple[int, str]:
        """Run a command of a server's OpenCode in a folder, beside it: `["import", FILE]`; returns its exit status and
        what it said. Raises ServerNotFound, StartFailed.
        """
        self._server(server_id)
        return await self._host.command(await self._around.program(), words, folder)

    # -- changing ------------------------------------------------------------------------------------------------

    async def add(self, name: str, projects: Lines, *, autostart: bool = True) -> ServerState:
        """Add a server without starting it; raises BadName, a BadProject or ProjectTaken."""
        checked = await asyncio.to_thread(check_projects, projects)
        row = ServerRow(new_id("srv"), check_name(name), checked, autostart, self._clock.now())
        await self._store.save(row)
        server = self._servers().setdefault(row.id, Server(row, self._around))
        server.tell()
        await self._activity.add("server-added", f"{row.name} was added.", server_id=row.id)
        return server.state()

    async def add_project(self, server_id: str, folder: str) -> ServerState:
        """Open another folder on a server, whether it runs or not; raises ServerNotFound, BadProject, ProjectTaken.

        OpenCode opens a folder when the first request names it, so nothing is restarted.
        """
        self._server(server_id)
        path = await asyncio.to_thread(check_project, folder)
        server = self._server(server_id)  # it may have been removed meanwhile, and saving would bring it back
        if path in server.row.projects:
            raise ProjectTaken(f"{path}.", folder=path)
        server.row = replace(server.row, projects=(*server.row.projects, path))
        await self._store.save(server.row)
        server.tell()
        await self._activity.add("project-added", f"{path} was added to {server.row.name}.", server_id=server_id)
        return server.state()

    async def remove(self, server_id: str) -> None:
        """Stop a server and forget it; its folders stay. Raises ServerNotFound or StopFailed."""
        server = await self._settled(server_id)
        await server.stop(for_good=True)
        await self._store.remove(server_id)
        self._servers().pop(server_id, None)
        server.tell()
        await self._activity.add("server-removed", f"{server.row.name} was removed.")

    async def start(self, server_id: str) -> None:
        """Return when the server runs; raises ServerNotFound or StartFailed."""
        await (await self._settled(server_id)).start()

    async def stop(self, server_id: str) -> None:
        """Return when nothing of the server is left; raises ServerNotFound or StopFailed."""
        await (await self._settled(server_id)).stop()

    async def restart(self, server_id: str) -> None:
        """Stop and start; raises ServerNotFound, StopFailed or StartFailed."""
        server = await self._settled(server_id)
        await server.stop()
        await server.start()

    # -- small things --------------------------------------------------------------------------------------------

    def _servers(self) -> dict[str, Server]:
        if self._known is None:
            self._known = {row.id: Server(row, self._around) for row in self._store.all()}
        return self._known

    def _server(self, server_id: str) -> Server:
        server = self._servers().get(server_id)
        if server is None:
            raise ServerNotFound(f"{server_id}.", server_id=server_id)
        return server

    async def _settled(self, server_id: str) -> Server:
        """Return the server once what still ran at the hub's start is taken up.

        Requests are answered a moment before: a start then would make a second process beside the one that runs.
        Raises FleetNotOpen when that could not be found out.
        """
        server = self._server(server_id)
        await self._taken_up.wait()
        if self._trouble is not None:
            raise FleetNotOpen(f"{self._trouble}.") from self._trouble
        return server

    async def _prepare(self) -> None:
        """Make the folders ready that all servers share."""
        ours: dict[str, Any] = {}
        for server_id in self._servers():
            ours = merge(ours, self._child_config(server_id))
        await self._host.prepare(ours)


def _living(rows: list[RunRow]) -> dict[str, Identity]:
    """Return, by start id, the processes of `rows` that still run. Blocks."""
    named = {
        row.start_id: Identity(row.pid, row.created, row.birth)
        for row in rows
        if row.pid is not None and row.created is not None
    }
    return {start_id: identity for start_id, identity in named.items() if alive(identity)}
