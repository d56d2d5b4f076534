# SPDX-License-Identifier: MIT
"""Which process it is: its id and its start, since ids are given out again."""

import os
import signal
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

TOLERANCE = 1.0  # seconds between two readings of the same start where nothing better than a clock time is known


@dataclass(frozen=True, slots=True)
class Identity:
    """A process: `pid`, its start `created` (epoch seconds), and `birth`, the start in words that no clock moves.

    `birth` is the boot and the start in clock ticks since then on Linux, "" elsewhere. The epoch seconds that
    psutil tells there are counted from the boot time, which moves when the machine's clock is set.
    """

    pid: int
    created: float
    birth: str = ""

    def same(self, other: "Identity") -> bool:
        """Tell whether both name one process."""
        if self.pid != other.pid:
            return False
        if self.birth and other.birth:
            return self.birth == other.birth
        return abs(self.created - other.created) <= TOLERANCE


def identify(pid: int) -> Identity | None:
    """Return the identity of a process that runs now; None when there is none, or only its remains (a zombie)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, process.create_time(), _birth(pid))
    except (psutil.Error, ValueError):
        return None


def alive(identity: Identity) -> bool:
    """Tell whether that very process runs."""
    found = identify(identity.pid)
    return found is not None and found.same(identity)


def paused(identity: Identity) -> bool:
    """Tell whether that very process was stopped by a signal (SIGSTOP, SIGTSTP) and not let go on."""
    try:
        return alive(identity) and psutil.Process(identity.pid).status() == psutil.STATUS_STOPPED
    except (psutil.Error, ValueError):
        return False


def terminate(identity: Identity) -> bool:
    """Ask the process to end; False when it is gone. Never touches another process with the same id."""
    return _send(identity, firm=False)


def kill(identity: Identity) -> bool:
    """End the process; False when it is gone. Never touches another process with the same id."""
    return _send(identity, firm=True)


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


if sys.platform == "linux":

    def _birth(pid: int) -> str:
        if not _boot():
            return ""
        try:
            # after the name, which may hold anything, the start is the 20th word (proc(5): field 22)
            words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            return f"{_boot()}:{words[19].decode()}"
        except (OSError, IndexError):
            return ""

else:

    def _birth(pid: int) -> str:
        return ""


if sys.platform == "win32":

    def _send(identity: Identity, *, firm: bool) -> bool:
        if not alive(identity):
            return False
        try:
            if firm:
                psutil.Process(identity.pid).kill()
            else:  # reaches its process group; it was started with one of its own
                os.kill(identity.pid, signal.CTRL_BREAK_EVENT)
        except (psutil.Error, OSError):
            return alive(identity)
        return True

elif sys.platform == "linux":

    def _send(identity: Identity, *, firm: bool) -> bool:
        try:
            handle = os.pidfd_open(identity.pid)
        except OSError:
            return False
        try:
            # the handle holds on to one process: if that is the right one now, the signal cannot go astray
            if not alive(identity):
                return False
            signal.pidfd_send_signal(handle, signal.SIGKILL if firm else signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            return False
        finally:
            os.close(handle)
        return True

else:

    def _send(identity: Identity, *, firm: bool) -> bool:
        if not alive(identity):
            return False
        try:
            os.kill(identity.pid, signal.SIGKILL if firm else signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            return False
        return True
