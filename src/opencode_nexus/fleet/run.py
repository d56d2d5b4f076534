# SPDX-License-Identifier: MIT
"""One life of a server's process: from the spawn until the last of its processes is gone."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id, new_token
from opencode_nexus.fleet.environment import MARK
from opencode_nexus.fleet.errors import PortTaken, StartFailed, StartStopped, StartTimeout, StopFailed
from opencode_nexus.fleet.hosts.local import Local
from opencode_nexus.fleet.probe import NoAnswer, Probe
from opencode_nexus.fleet.variables import Sealed, Vault
from opencode_nexus.processes.health import starting
from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.logfile import last_lines, size_of
from opencode_nexus.processes.process import Process
from opencode_nexus.processes.tree import Tree, end
from opencode_nexus.secrets.redact import Secret, redact
from opencode_nexus.store.servers import RunRow, ServerRow, Servers

log = logging.getLogger(__name__)

START_LIMIT = 60.0  # seconds; 1.4 to 3.2 s on an idle machine of two cores, 15 s were seen on a crowded one
LOOK = 0.05  # seconds between two questions whether it is ready
GRACE = 3.0  # seconds to end by itself; OpenCode has no signal handler and is gone within 0.1 s
QUIESCE = 3.0  # seconds for its agents to stop, so that their words are stored
LINES = 20
# The last words of an OpenCode beside which another makes the tables of their common database, at the first start of a
# version: 6 of 12 first starts of two at once ended so on a crowded machine (1.18.33). It is done in one of them.
CROWDED = ("database is locked", "Failed query:")


class Run:
    """A process that runs, or did: its row in the database, its tree, and the way to talk to it.

    `secrets` are what it must not be seen to say, beside its password.
    """

    def __init__(
        self,
        row: RunRow,
        process: Process,
        password: Secret,
        host: Local,
        *,
        secrets: Iterable[Secret] = (),
        log_from: int = 0,
    ) -> None:
        self.row, self.process, self.password = row, process, password
        self.hidden = (password, *secrets)
        self.probe = Probe(row.port, password)
        self.tree = Tree(process.identity, MARK, row.mark)
        self._host, self._log_from = host, log_from

    async def ready(self, clock: Clock, stop: asyncio.Event) -> str:
        """Return the version it tells once it answers; raises StartFailed, at once when `stop` is set."""
        begun, listens, limit = clock.monotonic(), False, START_LIMIT
        while True:
            version, said = "", False
            waited = clock.monotonic() - begun
            living = self.process.alive()
            if living and not listens:
                listens = await self._host.listens(self.process.identity, self.row.port)
            if living and listens:
                try:
                    version, said = await self.probe.version(patience(waited)), True
                except NoAnswer:
                    pass
            match starting(alive=self.process.alive(), answers=said, waited=waited, limit=limit):
                case "ready":
                    return version
                case "ended":
                    raise await self._ended_early()
                case "late":
                    raise StartTimeout(
                        f"It did not answer within {limit:.0f} seconds.", last_lines=await self.last_lines()
                    )
            if stop.is_set():
                raise StartStopped()
            await asyncio.sleep(LOOK)

    async def _ended_early(self) -> StartFailed:
        lines = await self.last_lines()
        # its own words are "Unexpected error" and "ServeError", with no port in them (measured on 1.18.33)
        if any("ServeError" in line or "EADDRINUSE" in line for line in lines) or await self._host.port_taken(
            self.row.port
        ):
            return PortTaken(f"Port {self.row.port}.", last_lines=lines)
        return StartFailed(f"It ended before it was ready{how_it_ended(self.process)}.", last_lines=lines)

    async def last_lines(self, count: int = LINES) -> list[str]:
        """Return the last lines it wrote, without its secrets."""
        log = self._host.log(self.row.server_id)
        lines = await asyncio.to_thread(last_lines, log, count, self._log_from)
        return [redact(line, self.hidden) for line in lines]

    async def stop_agents(self, projects: Iterable[str]) -> list[str]:
        """Let its agents stop, so that OpenCode stores what they said; gives up quietly after QUIESCE seconds.

        Returns the sessions in which one was at work.
        """
        stopped: list[str] = []
        try:
            async with asyncio.timeout(QUIESCE):
                for project in projects:
                    for session_id in (busy := await self.probe.busy(project)):
                        stopped.append(session_id)
                        await self.probe.abort(session_id)
                    while busy:
                        await asyncio.sleep(LOOK)
                        busy = await self.probe.busy(project)
        except (NoAnswer, TimeoutError):
            pass
        return stopped

    async def end(self) -> None:
        """End the whole tree, first in good order, then firmly; raises StopFailed when something is left."""
        left = await end(self.tree, GRACE, root_first=GRACE)
        if left:
            pids = [identity.pid for identity in left]
            raise StopFailed(f"Process {', '.join(map(str, pids))}.", pids=pids)
        self.process.alive()  # takes the exit status, so that no zombie stays


def patience(waited: float) -> float:
    """Return how long to wait for an answer, having waited so many seconds for the start (both in seconds).

    Short at first, because of what falls into the silent window at boot; longer on a machine so busy that no answer
    comes in a third of a second.
    """
    return min(max(0.3, waited / 5), 3.0)


def beside_another(error: StartFailed) -> bool:
    """Tell whether a start failed because another server was making the tables that they share."""
    lines = error.data.get("last_lines")
    return isinstance(lines, list) and any(words in line for line in lines for words in CROWDED)


def how_it_ended(process: Process) -> str:
    """Say how a process ended, as the end of a sentence: ": exit status 1"; "" when only its parent was told."""
    status = process.exit_status
    if status is None:
        return ""
    if status >= 0:
        return f": exit status {status}"
    try:
        return f": {signal.Signals(-status).name}"
    except ValueError:
        return f": signal {-status}"


@dataclass(frozen=True, slots=True)
class Runs:
    """Begins runs and finds them again; `home_id` tells what stands first in each mark."""

    store: Servers
    vault: Vault
    host: Local
    clock: Clock
    home_id: Callable[[], Awaitable[str]]

    async def begin(self, server: ServerRow, program: Path) -> Run:
        """Spawn `program` for `server`; raises StartFailed.

        What a later hub needs to find the process again is kept before there is one: a kill -9 at any moment leaves
        no process that nobody knows.
        """
        port, password = await self.host.free_port(), Secret(new_token())
        start_id = new_id("start")
        mark = f"{await self.home_id()}:{server.id}:{start_id}"
        row = RunRow(start_id, server.id, mark, port, self.clock.now(), revision=server.revision)
        sealed = await asyncio.to_thread(Sealed(self.vault).of, server.id)
        own = _own(server, sealed)
        await asyncio.to_thread(self.vault.set, _name(start_id), password.reveal())
        try:
            await self.store.begin(row)
            log_from = size_of(self.host.log(server.id))
            process = await self.host.spawn(
                server.id, program, server.projects[0], port, password, mark, own=own, arguments=server.arguments
            )
        except BaseException:
            await self.forget(start_id)
            raise
        found = process.identity
        try:
            row = await self.store.spawned(row, found.pid, found.created, found.birth)
        except Exception:  # a full disk, say: what is not in the table must not run
            await self.clear(row, found)
            raise
        return Run(row, process, password, self.host, secrets=sealed.values(), log_from=log_from)

    async def find(self, row: RunRow, root: Identity) -> Run | None:
        """Return the run of a process that an earlier hub started; None when its password is not known."""
        kept = await asyncio.to_thread(self.vault.get, _name(row.start_id))
        if kept is None:
            return None
        if row.pid is None:
            row = await self.store.spawned(row, root.pid, root.created, root.birth)
        sealed = await asyncio.to_thread(Sealed(self.vault).of, row.server_id)
        return Run(row, Process(root), Secret(kept), self.host, secrets=sealed.values())

    async def answered(self, run: Run, version: str) -> None:
        """Note the version that a run answered with; it runs all the same when that cannot be kept."""
        try:
            run.row = await self.store.answered(run.row, version)
        except Exception:
            log.exception("the version of %s was not kept", run.row.server_id)
            run.row = replace(run.row, version=version)

    async def forget(self, start_id: str) -> None:
        """Forget a run and its password; only when nothing of it is left.

        What cannot be forgotten now (a full disk, say) is at the hub's next start: it finds that nothing runs.
        """
        try:
            await self.store.over(start_id)
            await asyncio.to_thread(self.vault.delete, _name(start_id))
        except Exception:
            log.exception("%s was not forgotten", start_id)

    def drop_passwords(self, known: Iterable[RunRow]) -> None:
        """Forget the passwords of runs that are not `known`: a copy of a home has those of the first one. Blocks."""
        kept = {_name(row.start_id) for row in known}
        try:
            for name in self.vault.names():
                if name.startswith(_name("")) and name not in kept:
                    self.vault.delete(name)
        except Exception:  # a full disk, say, or a file that cannot be read: they are of no use to anybody
            log.exception("old passwords were not forgotten")

    async def clear(self, row: RunRow, root: Identity | None) -> list[Identity]:
        """End what is left of a run that is not to be taken up, and forget it; returns what did not end."""
        left = await end(Tree(root, MARK, row.mark), GRACE)
        if not left:
            await self.forget(row.start_id)
        return left


def _own(server: ServerRow, sealed: Mapping[str, Secret]) -> dict[str, str]:
    """Return the server's own variables with their values; raises StartFailed when one is lost."""
    own: dict[str, str] = {}
    for name, value in server.environment.items():
        if value is None and name not in sealed:
            raise StartFailed(f"The value of {name} is no longer kept.", hint="Edit the server and give it again.")
        own[name] = sealed[name].reveal() if value is None else value
    return own


def _name(start_id: str) -> str:
    return f"server-password:{start_id}"
