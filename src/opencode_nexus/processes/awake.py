# SPDX-License-Identifier: MIT
"""Keeping the machine awake: the one place that knows how each system wants to be asked.

Linux: systemd-inhibit(1) around `cat`, whose input is a pipe of ours: it ends, and the lock with it, however this
process ends. macOS: caffeinate(8) with `-i` (no idle sleep) and `-w` (until this process ends). Windows:
SetThreadExecutionState with ES_CONTINUOUS and ES_SYSTEM_REQUIRED, which holds as long as the thread that called it. The
screen may go dark on all three; a closed lid sends a laptop to sleep as its owner set it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO, Protocol

from opencode_nexus.core.errors import NexusError

CONTINUOUS, SYSTEM_REQUIRED = 0x80000000, 0x00000001  # ES_… of winbase.h
WHO = "OpenCode Nexus"
TRY_WITHIN = 10.0  # seconds
LET_GO = 0.5  # seconds for the program to end by itself; systemd-inhibit waits on for a D-Bus that does not answer


class AwakeUnsupported(NexusError):
    """The system has nothing that keeps it awake, or it refused."""

    code = "awake-unsupported"
    title = "This machine cannot be kept awake from here."
    hint = "Set it in the system's own energy settings, or turn the setting keep_awake off."
    status = 501


class Started(Protocol):
    """A process that was started, as of `subprocess.Popen`."""

    @property
    def stdin(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


def start(words: Sequence[str]) -> Started:
    """Start a program whose input is a pipe of ours."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)


def tell_windows(state: int) -> bool:
    """Call SetThreadExecutionState; whether it took it."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.kernel32.SetThreadExecutionState(ctypes.c_uint(state)))
    else:
        raise AssertionError("only Windows has it")


class Awake:
    """Holds the machine awake from `hold` to `release`, both from the same thread. They take some milliseconds."""

    def __init__(
        self,
        why: str,
        *,
        platform: str = sys.platform,
        which: Callable[[str], str | None] = shutil.which,
        start: Callable[[Sequence[str]], Started] = start,
        tell: Callable[[int], bool] = tell_windows,
    ) -> None:
        self._why, self._platform, self._which, self._start, self._tell = why, platform, which, start, tell
        self._process: Started | None = None
        self.held = False

    def _words(self) -> list[str]:
        name = "caffeinate" if self._platform == "darwin" else "systemd-inhibit"
        program = self._which(name)
        if program is None:
            raise AwakeUnsupported(f"There is no {name} here.")
        if self._platform == "darwin":
            return [program, "-i", "-w", str(os.getpid())]
        return [program, "--what=idle:sleep", f"--who={WHO}", f"--why={self._why}", "--mode=block"]

    def hold(self) -> None:
        """Hold it; again is no mistake. Raises AwakeUnsupported."""
        if self._platform == "win32":
            if not self._tell(CONTINUOUS | SYSTEM_REQUIRED):
                raise AwakeUnsupported("Windows refused.")
        elif self._process is None or self._process.poll() is not None:
            words = self._words()
            try:
                self._process = self._start(words if self._platform == "darwin" else [*words, "cat"])
            except OSError as error:
                raise AwakeUnsupported(f"{words[0]}: {error.strerror or error}.") from error
        self.held = True

    def release(self) -> None:
        """Let it sleep again."""
        process, self._process = self._process, None
        if self._platform == "win32":
            if self.held:
                self._tell(CONTINUOUS)
        elif process is not None:
            if process.stdin is not None:
                process.stdin.close()
            if self._platform == "darwin":
                process.terminate()
            try:
                process.wait(LET_GO)  # `cat` ends with its input, caffeinate at once
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()
        self.held = False

    def try_once(self) -> None:
        """Hold it for a moment, to see whether the system lets us; blocks. Raises AwakeUnsupported."""
        if self._platform == "win32":
            self.hold()
            self.release()
            return
        words = self._words()
        # `-w` would wait for this process; around a program it ends with it, as systemd-inhibit does
        words = [words[0], "-i", "true"] if self._platform == "darwin" else [*words, "true"]
        process = self._start(words)
        try:
            status = process.wait(TRY_WITHIN)
        except subprocess.TimeoutExpired:
            process.terminate()
            status = process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if status:
            raise AwakeUnsupported(f"{words[0]} ended with {status}.")
