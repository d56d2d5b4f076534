# SPDX-License-Identifier: MIT
"""One life of a tunnel's cloudflared: from the spawn until the last of its processes is gone."""

import asyncio
import errno
import hashlib
import logging
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import psutil

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.processes.follow import Follower
from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.logfile import size_of
from opencode_nexus.processes.process import Command, Process, spawn
from opencode_nexus.processes.tree import Tree, end
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.store.tunnels import TunnelRunRow, TunnelTable
from opencode_nexus.tunnels.arguments import GRACE, MARK, child_environment, command_words, config_file
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import CloudflaredEnded, CloudflaredMissing, CloudflaredTooOld, TokenMissing
from opencode_nexus.tunnels.events import read
from opencode_nexus.tunnels.figures import Figures
from opencode_nexus.tunnels.health import Signs
from opencode_nexus.tunnels.lines import shown
from opencode_nexus.tunnels.metrics import Metrics, NoAnswer
from opencode_nexus.tunnels.origins import Origins, service
from opencode_nexus.tunnels.program import Program
from opencode_nexus.tunnels.token import read_credentials

log = logging.getLogger(__name__)

LINES = 12  # of its last words, kept for an error
KILL = 0.5  # seconds after which what did not end by itself is killed, once its streams had their GRACE
READY = 2.0  # seconds between two questions whether it still has its connections
TORN = 3.0  # seconds after which its log will not tell the port of its metrics any more: that line was torn
COUNT = 5.0  # seconds between two readings of its counters


class Vault(Protocol):
    """Keeps secrets by name; may block (`secrets.sealed_file.SealedFile`)."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
    def delete(self, name: str) -> None: ...


def running_with(config: TunnelConfig) -> str:
    """Return, as text to compare, what of a tunnel's choices its process was started with."""
    parts = (config.protocol, config.hostname, *config.allowed_mail, config.credentials, config.tunnel_id)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(slots=True)
class TunnelRun:
    """A cloudflared that runs, or did.

    `open` once its address may be told. One that may come to http2 by itself, and hands requests to a Unix socket, is
    made once more then (see `origins.service`): of what is thrown away nobody must know.
    """

    row: TunnelRunRow
    process: Process
    signs: Signs
    follower: Follower
    clock: Clock
    adopted: bool = False
    open: bool = True
    figures: Figures = field(default_factory=Figures)
    lines: list[str] = field(default_factory=list)
    metrics: Metrics | None = None
    _asked: float = float("-inf")
    _counted: float = float("-inf")

    async def hear(self, *, ended: bool = False, replay: bool = False) -> bool:
        """Read what is new in its log; True when there was something of interest.

        In a `replay` of what an earlier hub has seen, requests that did not reach the hub do not count: it was down.
        """
        if not ended and not self.follower.waiting():
            return False
        lines = await asyncio.to_thread(self.follower.last if ended else self.follower.fresh)
        now, heard = self.clock.monotonic(), False
        for line in lines:
            if (event := read(line)) is not None and not (replay and event.kind == "origin"):
                self.signs.hear(event, now)
                heard = heard or event.kind != "metrics"
        if lines:
            self.signs.spoke = now
            self.lines = [*self.lines, *lines][-LINES:]
        return heard

    async def look(self, *, now_please: bool = False) -> None:
        """Ask its metrics what is due: its connections, its public names, its counters."""
        now, signs = self.clock.monotonic(), self.signs
        if signs.metrics is None and now - signs.began >= TORN and now - self._asked >= READY:
            self._asked = now
            signs.metrics = await asyncio.to_thread(_listens_on, self.process.pid)
        if self.metrics is None:
            if signs.metrics is None:
                return
            self.metrics = Metrics(signs.metrics)
        try:
            if now_please or not signs.connections or now - self._asked >= READY:
                self._asked = now
                signs.count(await self.metrics.connections(), self.clock.monotonic())
                if signs.kind == "quick" and not signs.quick:
                    signs.quick = await self.metrics.hostname()
                elif signs.kind in ("token", "api"):
                    version, routes = await self.metrics.routes()
                    signs.routes = routes if version >= 0 else None
            if now - self._counted >= (COUNT if signs.connections else READY):
                self._counted = now
                self.figures = await self.metrics.figures()
                signs.reject(self.figures.refusals, self.clock.monotonic())
        except NoAnswer as error:
            log.debug("the metrics of %s: %s", self.row.tunnel_id, error)

    def names(self) -> tuple[str, ...]:
        """Return the public names that lead here through it and may be told."""
        return self.signs.names() if self.open else ()

    def edges(self) -> tuple[str, ...]:
        """Return where its connections end: by its log, or by its counters when the log does not reach back."""
        if not self.signs.connections:
            return ()
        return tuple(sorted(set(self.signs.edges.values()))) or self.figures.edges

    def last_words(self) -> list[str]:
        """Return its last lines, without secrets."""
        return shown(self.lines)

    async def end(self) -> list[Identity]:
        """End all of it; returns what did not end."""
        left = await end(Tree(self.process.identity, MARK, self.row.mark), KILL, root_first=GRACE)
        self.process.alive()  # takes the exit status, so that no zombie stays
        return left

    async def let_go(self) -> None:
        """Ask it no more."""
        metrics, self.metrics = self.metrics, None
        if metrics is not None:
            await metrics.close()


def how_it_ended(process: Process) -> str:
    """Say how a process ended, as the end of a sentence: " with exit status 1"; "" when only its parent was told."""
    status = process.exit_status
    if status is None:
        return ""
    if status >= 0:
        return f" with exit status {status}"
    try:
        return f" by {signal.Signals(-status).name}"
    except ValueError:
        return f" by signal {-status}"


@dataclass(frozen=True, slots=True)
class TunnelRuns:
    """Begins runs and finds them again; `prefix` is what stands first in each mark of this home."""

    store: TunnelTable
    vault: Vault
    clock: Clock
    home: Path
    origins: Origins
    environ: Mapping[str, str]
    arguments: Callable[[], str]
    prefix: str

    def log(self, tunnel_id: str) -> Path:
        """Return the file that holds what its cloudflareds wrote."""
        return self.home / "logs" / "tunnels" / f"{tunnel_id}.log"

    async def token(self, tunnel_id: str, kind: str) -> Secret | None:
        """Return the token that the kind runs with, None for those without; raises TokenMissing."""
        if kind not in ("token", "api"):
            return None
        kept = await asyncio.to_thread(self.vault.get, token_name(tunnel_id))
        if not kept:
            raise TokenMissing()
        return Secret(kept)

    async def begin(
        self, tunnel_id: str, config: TunnelConfig, program: Program, opened: float, *, http2: bool
    ) -> TunnelRun:
        """Spawn cloudflared for a tunnel, over http2 whatever was chosen when `http2` is set.

        Raises a TunnelError or BadTunnel.

        What a later hub needs to find the process again is kept before there is one: a kill -9 at any moment leaves
        no process that nobody knows.
        """
        if config.allowed_mail and not program.knows("--allowed-mail"):
            raise CloudflaredTooOld(f"It is {program.words}; the e-mail check for quick tunnels came with 2026.9.3.")
        token = await self.token(tunnel_id, config.kind)
        spoken = replace(config, protocol="http2") if http2 else config
        origin, path = service(self.origins, spoken), self.log(tunnel_id)
        named, secret_file = "", ""
        if config.kind == "config":
            credentials = await asyncio.to_thread(read_credentials, config.credentials)
            named, secret_file = credentials.tunnel_id, str(Path(config.credentials).expanduser())
        run_id = new_id("run")
        row = TunnelRunRow(
            run_id, tunnel_id, f"{self.prefix}:{tunnel_id}:{run_id}", self.clock.now(), opened, origin,
            running_with(config), program.words, program.sha256, size_of(path),
        )  # fmt: skip
        folder = self.home / "tunnels" / tunnel_id
        file = folder / "config.yml"
        words = command_words(
            program, spoken, file=file, origin=origin, port=self.origins.port, extra=self.arguments(), tunnel_id=named
        )
        environ = child_environment(self.environ, home=folder, mark=row.mark, token=token)

        def work() -> Process:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.write_text(config_file(config, origin=origin, tunnel_id=named, credentials=secret_file), "utf-8")
            return spawn(Command(words, folder, environ, path))

        await self.store.begin(row)
        try:
            process = await asyncio.to_thread(work)
        except Exception as error:  # a cancelled one may have spawned: its row stays, with the mark to find it by
            await self.forget(run_id)
            if isinstance(error, OSError):
                raise _explain(error, program) from error
            raise
        found = process.identity
        run = TunnelRun(row, process, self._signs(config), Follower(path, row.log_from), self.clock)
        run.open = spoken.protocol != "auto" or not origin.startswith("unix:")
        try:
            run.row = await self.store.spawned(row, found.pid, found.created, found.birth)
        except Exception:  # a full disk, say: what is not in the table must not run
            await run.end()
            await self.forget(run_id)
            raise
        return run

    def _signs(self, config: TunnelConfig) -> Signs:
        origins, now = self.origins, self.clock.monotonic()
        return Signs(config.kind, origins.port, now, config.hostname, main=origins.main, taken=origins.taken)

    async def find(self, row: TunnelRunRow, identity: Identity, config: TunnelConfig) -> TunnelRun:
        """Return the run of a process that an earlier hub started, with what its log said since it began."""
        path = self.log(row.tunnel_id)
        place = row.log_from if row.log_from <= size_of(path) else 0
        if row.pid is None:
            row = await self.store.spawned(row, identity.pid, identity.created, identity.birth)
        run = TunnelRun(row, Process(identity), self._signs(config), Follower(path, place), self.clock, adopted=True)
        run.signs.metrics, run.signs.mute_before = row.metrics, None
        await run.hear(replay=True)
        await run.look()
        return run

    async def measures(self, run: TunnelRun) -> None:
        """Keep the port of its metrics as soon as it is known: the log may be turned over before a later hub reads."""
        port = run.signs.metrics
        if port is None or port == run.row.metrics:
            return
        try:
            run.row = await self.store.measures_at(run.row, port)
        except Exception:  # it runs all the same; a later hub finds the port in the log
            log.exception("the metrics port of %s was not kept", run.row.tunnel_id)

    def clean(self, tunnel_id: str) -> None:
        """Take away the files of a tunnel that is no more. Blocks."""
        shutil.rmtree(self.home / "tunnels" / tunnel_id, ignore_errors=True)
        path = self.log(tunnel_id)
        for file in (path, path.with_name(path.name + ".1")):
            file.unlink(missing_ok=True)

    async def forget(self, run_id: str) -> None:
        """Forget a run; only when nothing of it is left. What cannot be forgotten now is at the hub's next start."""
        try:
            await self.store.over(run_id)
        except Exception:
            log.exception("%s was not forgotten", run_id)


def _listens_on(pid: int) -> int | None:
    """Return the port on which a cloudflared, or what its wrapper started, listens: it has that of its metrics only."""
    try:
        process = psutil.Process(pid)
        for found in (process, *process.children(recursive=True)):
            for connection in found.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    return int(connection.laddr[1])
    except (psutil.Error, OSError):
        return None
    return None


def token_name(tunnel_id: str) -> str:
    """Return the name under which a tunnel's token is kept."""
    return f"tunnel-token:{tunnel_id}"


def _explain(error: OSError, program: Program) -> CloudflaredMissing | CloudflaredEnded:
    if str(error.filename) != str(program.path):
        return CloudflaredEnded(f"It could not be started: {error.filename}: {error.strerror or error}.")
    if isinstance(error, FileNotFoundError):
        return CloudflaredMissing(f"{program.path} was not found.", path=str(program.path))
    if isinstance(error, PermissionError) or error.errno == errno.ENOEXEC:
        return CloudflaredMissing(f"{program.path} cannot be run here.", path=str(program.path))
    return CloudflaredEnded(f"It could not be started: {error.strerror or error}.")
