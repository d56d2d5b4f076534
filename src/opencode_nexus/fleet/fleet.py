# SPDX-License-Identifier: MIT
"""All servers of this hub."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.fleet.attached import Attached
from opencode_nexus.fleet.attaching import Attaching, Attachment
from opencode_nexus.fleet.config_folder import merge
from opencode_nexus.fleet.edit import Edit
from opencode_nexus.fleet.errors import FleetNotOpen, NotOurs
from opencode_nexus.fleet.found import Found
from opencode_nexus.fleet.gate import Gate
from opencode_nexus.fleet.hosts.local import Local
from opencode_nexus.fleet.idle_folders import IdleFolders
from opencode_nexus.fleet.logins import Logins
from opencode_nexus.fleet.orders import Orders, Outcome
from opencode_nexus.fleet.projects import Projects
from opencode_nexus.fleet.roster import Roster
from opencode_nexus.fleet.run import Runs
from opencode_nexus.fleet.server import Server
from opencode_nexus.fleet.state import Action, ServerAccess, ServerState, When
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.fleet.takeup import TakeUp
from opencode_nexus.fleet.variables import Sealed, Variable, Vault
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.processes.logfile import last_lines
from opencode_nexus.secrets.redact import redact
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.place import settle
from opencode_nexus.store.servers import ServerRow, Servers

States = list[ServerState]  # inside the class `list` is a method
Lines = list[str]
Outcomes = list[Outcome]
Chosen = list[Server]
Variables = list[Variable]
Founds = list[Found]

ADOPT_WITHIN = 1.0  # seconds that the hub's start waits for servers to be taken up; what takes longer goes on behind it
STARTS_AT_ONCE = 2  # as many cores as the smallest machine has that we know of


class Fleet:
    """Adds, starts, stops and removes servers, and tells the bus (topic "server") of each change.

    `home` is the hub's folder, `binary` says which OpenCode to run, of a version or ("") the one that is chosen,
    `busy` whether an agent works on a server, `child_config` what we add to OpenCode's configuration, `environ` what
    the user's own programs find, `on_stop` what `close` does with servers that run: "keep" them, "stop-idle", or
    "stop" all; `starts_at_once` how many may start at the same time, `close_after` the seconds after which a server
    closes a folder that nobody uses (0: never). Who hears what servers tell passes it on to `idle_folders`.
    `heard`, `hang_after` and `judge` are as in `Surroundings`; `own_ports` says where the hub itself listens.
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
        binary: Callable[[str], Awaitable[Path]],
        on_stop: Callable[[], str],
        busy: Callable[[str], Awaitable[bool]],
        child_config: Callable[[str], Mapping[str, Any]],
        environ: Mapping[str, str],
        backoff: Backoff | None = None,
        starts_at_once: Callable[[], int] = lambda: STARTS_AT_ONCE,
        close_after: Callable[[], float] = lambda: 0.0,
        heard: Callable[[str], float | None] = lambda server_id: None,
        hang_after: Callable[[], float] = lambda: 0.0,
        judge: Callable[[str], str] = lambda version: "",
        own_ports: Callable[[], Collection[int]] = lambda: (),
    ) -> None:
        self._db, self._kv, self._vault, self._activity = db, Kv(db), vault, activity
        self._host = Local(home, environ)
        self._home, self._on_stop, self._child_config = home, on_stop, child_config
        self._starts_at_once = starts_at_once
        self._tasks = Tasks()
        self._around = Surroundings(
            runs=Runs(Servers(db), vault, self._host, clock, self._home_id),
            bus=bus,
            tasks=self._tasks,
            activity=activity,
            program=binary,
            prepare=self._prepare,
            busy=busy,
            heard=heard,
            hang_after=hang_after,
            judge=judge,
            backoff=backoff or Backoff(),
            gate=Gate(starts_at_once),
        )
        self._logins = Logins(vault)
        self._roster = Roster(self._around, self._server)
        self._attaching = Attaching(self._roster, self._logins, own_ports)
        self._projects = Projects(self._roster)
        self._orders = Orders(self._around)
        self._take_up = TakeUp(self._around, self._roster.known, self._home_id, self._orders.resume)
        self.idle_folders = IdleFolders(self._roster, self._projects, clock, close_after)
        self._taken_up = asyncio.Event()
        self._trouble: BaseException | None = None  # what `open` raised

    # -- the hub's start and end ---------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take up what still runs, end what is left over, and start what is to be started by itself.

        Returns as soon as the first is done, or after a second; the rest goes on behind it.
        """
        try:
            await settle(self._db, self._home)
            adopting = await self._take_up.begin()
        except BaseException as error:
            self._trouble = error
            raise
        finally:
            self._taken_up.set()
        self._tasks.spawn(self.idle_folders.run(), "close idle folders")
        if adopting:
            await asyncio.wait(adopting, timeout=ADOPT_WITHIN)

    async def close(self) -> None:
        """Do with the running servers what the setting `on_stop` says; a later hub takes up those that are left."""
        self._around.gate.close()
        await self._take_up.end(self._on_stop())
        await self._tasks.close()

    async def _home_id(self) -> str:
        """Return what stands first in the marks of this home; a copy of the home in another place has its own."""
        kept, place = self._kv.get("fleet.home"), str(self._home.resolve())
        if not isinstance(kept, dict) or kept.get("path") != place:
            kept = {"id": new_id("home"), "path": place}
            await self._kv.set("fleet.home", kept)
        return str(kept["id"])

    @property
    def mark_prefix(self) -> str:
        """How the marks of this home's servers begin; "" as long as none was started."""
        kept = self._kv.get("fleet.home")
        ours = isinstance(kept, dict) and kept.get("path") == str(self._home.resolve())
        return f"{kept['id']}:" if ours else ""

    # -- looking -------------------------------------------------------------------------------------------------

    def list(self) -> States:
        """Return every server, in their order."""
        return [server.state() for server in self._roster.all()]

    def get(self, server_id: str) -> ServerState:
        """Return one server; raises ServerNotFound."""
        return self._roster.get(server_id).state()

    def access(self, server_id: str) -> ServerAccess | None:
        """Return how to talk to a server, None when it does not run; raises ServerNotFound."""
        return self._roster.get(server_id).access()

    def variables(self, server_id: str) -> Variables:
        """Return a server's own variables; the value of a secret is None. Raises ServerNotFound."""
        kept = self._roster.get(server_id).row.environment
        return [Variable(name, value, secret=value is None) for name, value in kept.items()]

    def versions(self) -> frozenset[str]:
        """Return the versions of OpenCode that servers name as theirs."""
        return frozenset(server.row.version for server in self._roster.all() if server.row.version)

    async def logs(self, server_id: str, lines: int = 200) -> Lines:
        """Return the last lines that a server wrote, oldest first, without secrets; raises ServerNotFound."""
        server = self._roster.get(server_id)

        def read() -> Lines:
            known = [*Sealed(self._vault).of(server_id).values(), *(server.seen.run.hidden if server.seen.run else ())]
            return [redact(line, known) for line in last_lines(self._host.log(server_id), lines)]

        return await asyncio.to_thread(read)

    async def command(self, server_id: str, words: Lines, folder: str) -> tuple[int, str]:
        """Run a command of a server's OpenCode in a folder, beside it: `["import", FILE]`; returns its exit status and
        what it said. Raises ServerNotFound, NotOurs, StartFailed.
        """
        server = self._roster.get(server_id)
        if server.row.kind != "local":
            raise NotOurs(f"{server.row.name} is at {server.row.address}.")
        return await self._host.command(await self._around.program(server.row.version), words, folder)

    # -- what is wanted ------------------------------------------------------------------------------------------

    async def add(self, name: str, projects: Lines, edit: Edit | None = None, *, autostart: bool = True) -> ServerState:
        """Add a server without starting it, with what `edit` gives.

        Raises BadName, a BadProject, ProjectTaken, BadVariable, BadArgument, BadVersion or BadLimits.
        """
        return (await self._roster.add_local(name, projects, edit or Edit(), autostart=autostart)).state()

    async def edit(self, server_id: str, edit: Edit) -> ServerState:
        """Change what is wanted of a server; what it was started with applies after its next start (`changed`).

        Raises ServerNotFound, NotOurs, BadName, BadVariable, BadArgument, BadVersion or BadLimits.
        """
        await self._roster.edit(server_id, edit)
        return self.get(server_id)

    async def duplicate(self, server_id: str, name: str | None = None) -> ServerState:
        """Add a server like this one; it is not started, not with the hub either. Raises ServerNotFound, BadName."""
        return (await self._roster.duplicate(server_id, name)).state()

    async def remove(self, server_id: str) -> None:
        """Stop a server and forget it; its folders stay. Raises ServerNotFound or StopFailed."""
        server = await self._settled(server_id)
        await server.stop(for_good=True)
        await self._roster.forget(server)
        await self._logins.forget(server_id)

    async def attach(
        self, name: str, wanted: Attachment, projects: Iterable[str] = (), *, autostart: bool = True
    ) -> ServerState:
        """Add a server that runs elsewhere, and connect to it; raises as `Attaching.attach`."""
        return (await self._attaching.attach(name, wanted, list(projects), autostart=autostart)).state()

    async def reattach(self, server_id: str, wanted: Attachment) -> ServerState:
        """Give an attached server another address or login; raises ServerNotFound, and as `Attaching.change`."""
        await self._attaching.change(await self._settled(server_id), wanted)
        return self.get(server_id)

    async def found(self) -> Founds:
        """Return the OpenCode processes of this user here that are not ours, and could be attached."""
        return await self._attaching.found()

    async def add_project(self, server_id: str, folder: str) -> ServerState:
        """Open another folder on a server, whether it runs or not; raises ServerNotFound, BadProject, ProjectTaken."""
        await self._projects.add(server_id, folder)
        return self.get(server_id)

    async def remove_project(self, server_id: str, folder: str) -> ServerState:
        """Take a folder from a server; folder and sessions stay.

        Raises ServerNotFound, ProjectUnknown, LastProject, ProjectBusy.
        """
        await self._projects.leave(server_id, folder)
        return self.get(server_id)

    async def move_project(self, server_id: str, folder: str, to: str) -> ServerState:
        """Give a folder to the server `to`, and return that; raises as `remove_project`, BadProject, ProjectTaken."""
        await self._projects.move(server_id, folder, to)
        return self.get(to)

    async def free_project(self, server_id: str, folder: str) -> ServerState:
        """Let a server close an idle folder until it is used again, which frees memory.

        Raises ServerNotFound, NotOurs, ProjectUnknown, ProjectBusy.
        """
        await self._projects.free(server_id, folder)
        return self.get(server_id)

    # -- orders --------------------------------------------------------------------------------------------------

    async def start(self, server_id: str) -> None:
        """Return when the server runs; raises ServerNotFound or StartFailed."""
        await (await self._settled(server_id)).start()

    async def stop(self, server_id: str) -> None:
        """Return when nothing of the server is left; raises ServerNotFound or StopFailed."""
        await (await self._settled(server_id)).stop()

    async def restart(self, server_id: str, *, when: When = "now") -> None:
        """Stop and start; with "idle" as soon as no agent works on it, which is waited for in the background.

        Raises ServerNotFound, NotOurs, StopFailed or StartFailed.
        """
        await self._orders.restart(await self._settled(server_id), when)

    async def recycle(self, server_id: str, reason: str) -> None:
        """Restart a server that runs as soon as it is idle, and say the `reason` in the activity list.

        Raises ServerNotFound, StopFailed or StartFailed.
        """
        server = await self._settled(server_id)
        if server.access() is not None:
            await self._orders.recycle(server, reason)

    def keep_running(self, server_id: str) -> None:
        """Take back a restart that waits for the server to be idle; raises ServerNotFound."""
        seen = self._roster.get(server_id).seen
        seen.plan("")
        seen.forget_restart()

    async def start_many(self, ids: Iterable[str] | None = None) -> Outcomes:
        """Start these servers (None: all), in their order and so many at once; raises ServerNotFound."""
        return await self._orders.many(await self._chosen(ids), lambda server: server.start())

    async def stop_many(self, ids: Iterable[str] | None = None) -> Outcomes:
        """Stop these servers (None: all that are run here); raises ServerNotFound."""
        chosen = await self._chosen(ids)
        if ids is None:
            chosen = [server for server in chosen if server.row.kind == "local"]
        return await self._orders.many(chosen, lambda server: server.stop())

    async def restart_many(self, ids: Iterable[str] | None = None, *, when: When = "now") -> Outcomes:
        """Restart these servers (None: all that run), in their order and so many at once; raises ServerNotFound."""
        chosen = await self._chosen(ids)
        if ids is None:
            chosen = [server for server in chosen if server.row.kind == "local" and server.access() is not None]
        return await self._orders.many(
            chosen, lambda server: self._orders.restart(server, when), self._starts_at_once()
        )

    def order(self, action: Action, ids: Lines, when: When = "idle") -> None:
        """Begin to start, stop or restart these servers in the background; what comes of it shows in their states."""
        if action == "start":
            work = self.start_many(ids)
        elif action == "stop":
            work = self.stop_many(ids)
        else:
            work = self.restart_many(ids, when=when)
        self._tasks.spawn(work, f"{action} {len(ids)} servers")

    # -- small things --------------------------------------------------------------------------------------------

    async def _settled(self, server_id: str) -> Server:
        """Return the server once what still ran at the hub's start is taken up.

        Requests are answered a moment before: a start then would make a second process beside the one that runs.
        Raises FleetNotOpen when that could not be found out.
        """
        server = self._roster.get(server_id)
        await self._taken_up.wait()
        if self._trouble is not None:
            raise FleetNotOpen(f"{self._trouble}.") from self._trouble
        return server

    async def _chosen(self, ids: Iterable[str] | None) -> Chosen:
        named = None if ids is None else frozenset(ids)
        for server_id in named or ():
            self._roster.get(server_id)
        chosen = [server for server in self._roster.all() if named is None or server.row.id in named]
        for server in chosen[:1]:
            await self._settled(server.row.id)
        return chosen

    def _server(self, row: ServerRow) -> Server:
        if row.kind == "attached":
            return Attached(row, self._around, self._logins)
        return Server(row, self._around)

    async def _prepare(self) -> None:
        """Make the folders ready that all servers share."""
        ours: dict[str, Any] = {}
        for server_id in self._roster.known():
            ours = merge(ours, self._child_config(server_id))
        await self._host.prepare(ours)
