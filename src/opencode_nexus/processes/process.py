# SPDX-License-Identifier: MIT
"""One process: started by us, or found again. It is never tied to our own life."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.processes.identity import Identity, alive, identify

if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    _FLAGS = 0

POLL = 0.25  # seconds between two looks where the system cannot tell us that a process ended


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: no shell takes part. `log` gets both output streams, appended."""

    words: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    log: Path


class Process:
    """A running process. `identity` names it; `exit_status` is known once a child of ours has ended.

    An exit status below zero is the signal that ended it.
    """

    def __init__(self, identity: Identity, *, child: bool = False) -> None:
        self.identity = identity
        self.exit_status: int | None = None
        self._child = child

    @property
    def pid(self) -> int:
        return self.identity.pid

    def alive(self) -> bool:
        """Tell whether it runs."""
        self._reap()
        return alive(self.identity)

    async def gone(self) -> None:
        """Return when it has ended; may be called many times, and for a process that is not our child."""
        # dead for all to see once its first thread is, but its status is there only when its last thread has ended
        while self.alive() or self._child:
            await _sleep_until_end(self.identity)

    def _reap(self) -> None:
        if not self._child:
            return
        ended, self.exit_status = _status(self.pid)
        self._child = not ended


def spawn(command: Command) -> Process:
    """Start `command` as the head of a process group (Unix: session) of its own; raises OSError when it cannot run.

    Output goes to a file, because a program whose pipe has lost its reader may die of it, and the process must outlive
    us. Blocks for some milliseconds: use a thread.
    """
    command.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    output = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            list(command.words),
            cwd=command.folder,
            env=dict(command.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            close_fds=True,
            start_new_session=True,
            creationflags=_FLAGS,
        )
    finally:
        os.close(output)
    identity = identify(child.pid) or Identity(child.pid, 0.0)
    # we reap it ourselves; told that the child is done with, Popen neither waits nor warns when it goes
    child.returncode = 0
    return Process(identity, child=sys.platform != "win32")


if sys.platform == "win32":

    def _status(pid: int) -> tuple[bool, int | None]:
        return False, None  # no such thing as reaping there, and nobody keeps the handle that would tell

else:

    def _status(pid: int) -> tuple[bool, int | None]:
        """Return whether our child has ended, and its status; takes its remains away."""
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # another part of this program took the status
            return True, None
        return bool(ended), os.waitstatus_to_exitcode(status) if ended else None


if sys.platform == "linux":

    async def _sleep_until_end(identity: Identity) -> None:
        """Return when the process may have ended."""
        try:
            handle = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            return
        except OSError:  # an old kernel, or no file handle left
            await asyncio.sleep(POLL)
            return
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not ended.done():
                ended.set_result(None)

        try:
            loop.add_reader(handle, tell)  # readable when the process has ended
            await ended
        finally:
            loop.remove_reader(handle)
            os.close(handle)

else:

    async def _sleep_until_end(identity: Identity) -> None:
        """Return when the process may have ended."""
        await asyncio.sleep(POLL)
