# SPDX-License-Identifier: MIT
"""This machine as a place to run servers."""

import asyncio
import errno
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil

from opencode_nexus.fleet.command import run
from opencode_nexus.fleet.config_folder import prepare
from opencode_nexus.fleet.environment import child_environment, provide_ripgrep, user_config
from opencode_nexus.fleet.errors import ProgramMissing, ProgramNotRunnable, ProjectGone, StartFailed
from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.logfile import turn
from opencode_nexus.processes.process import Command, Process, spawn
from opencode_nexus.secrets.redact import Secret

ADDRESS = "127.0.0.1"


class Local:
    """Starts OpenCode here. `home` is the hub's folder; `environ` what the user's own programs find."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._logs = home / "logs" / "servers"
        self._tools = home / "bin"
        self._config = home / "opencode" / "config"
        self._preparing = asyncio.Lock()  # servers that start together share the folder

    def log(self, server_id: str) -> Path:
        """Return the file that holds what the server wrote to stdout and stderr."""
        return self._logs / f"{server_id}.log"

    async def prepare(self, ours: Mapping[str, Any]) -> None:
        """Make ready what every server needs: the configuration folder with `ours` in it, and ripgrep.

        Raises StartFailed when the home folder cannot be written.
        """
        try:
            async with self._preparing:
                await asyncio.to_thread(prepare, self._config / "opencode", user_config(self._environ), ours)
                await asyncio.to_thread(provide_ripgrep, self._environ, self._tools)
        except OSError as error:
            raise StartFailed(
                f"{error.filename}: {error.strerror}.", hint="See to the home folder's rights and its free space."
            ) from error

    async def spawn(
        self,
        server_id: str,
        program: Path,
        folder: str,
        port: int,
        password: Secret,
        mark: str,
        *,
        own: Mapping[str, str],
        arguments: Iterable[str],
    ) -> Process:
        """Start `program` on `port` in `folder`, with the server's `own` variables and further `arguments`.

        Raises StartFailed saying what is wrong with program or folder.
        """
        environ = child_environment(
            self._environ, config_home=self._config, tools=self._tools, password=password.reveal(), mark=mark, own=own
        )
        words = [str(program), "serve", *arguments, "--hostname", ADDRESS, "--port", str(port)]
        command = Command(words, Path(folder), environ, self.log(server_id))

        def work() -> Process:
            turn(command.log)
            return spawn(command)

        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise _explain(error, program, folder) from error

    async def command(self, program: Path, words: list[str], folder: str) -> tuple[int, str]:
        """Run a command of OpenCode's as a server finds its environment; raises StartFailed when it cannot be run."""
        try:
            return await run(program, words, folder, self._environ, config_home=self._config, tools=self._tools)
        except TimeoutError as error:
            raise StartFailed(f"“opencode {words[0]}” did not end.") from error
        except OSError as error:
            raise _explain(error, program, folder) from error

    async def free_port(self) -> int:
        """Return a port that was free just now."""
        with socket.socket() as probe:
            probe.bind((ADDRESS, 0))
            return int(probe.getsockname()[1])

    async def port_taken(self, port: int) -> bool:
        """Tell whether some program listens on `port`."""
        with socket.socket() as probe:
            try:
                probe.bind((ADDRESS, port))
            except OSError as error:
                return error.errno == errno.EADDRINUSE
        return False

    async def listens(self, process: Identity, port: int) -> bool:
        """Tell whether it is this very process that listens on `port`.

        The password goes with the first question, and another program may have been faster at the port. Where the
        system does not tell (a process whose shield is up already), the living process with that port is believed.
        """

        def work() -> bool:
            try:
                found = psutil.Process(process.pid).net_connections("tcp")
            except psutil.AccessDenied:
                return True
            except (psutil.Error, OSError):
                return False
            return any(c.status == psutil.CONN_LISTEN and c.laddr[1:] == (port,) for c in found)

        return await asyncio.to_thread(work)


def _explain(error: OSError, program: Path, folder: str) -> StartFailed:
    """Say what could not be opened: subprocess names the folder in the error when it was the folder."""
    if str(error.filename) == folder:
        return ProjectGone(f"{folder}: {error.strerror}.", folder=folder)
    if isinstance(error, FileNotFoundError):
        return ProgramMissing(f"{program} was not found.", path=str(program))
    if isinstance(error, PermissionError):
        return ProgramNotRunnable(f"{program} may not be run.", path=str(program))
    if error.errno == errno.ENOEXEC:
        return ProgramNotRunnable(f"{program} is no program for this machine.", path=str(program))
    return StartFailed(f"{program}: {error.strerror or error}.", path=str(program))
