# SPDX-License-Identifier: MIT
"""What a service manager is told, and what it tells."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from opencode_nexus.core.errors import NexusError

NAME = "opencode-nexus"
ABOUT = "OpenCode Nexus"
RUN_WITHIN = 90.0  # seconds for one command of a manager; a stop waits for the hub, which may take 20

Runner = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a command; returns its exit status and what it wrote. Status 127 when there is no such program."""


class ServiceFailed(NexusError):
    """The system's service manager refused something."""

    code = "service-failed"
    title = "The system's service manager did not do that."
    hint = "Read what it said. 'opencode-nexus service install --print' shows the file, to install it by hand."


class ServiceUnsupported(NexusError):
    """There is no service manager that we know."""

    code = "service-unsupported"
    title = "This system has no service manager that OpenCode Nexus knows."
    hint = (
        "Start 'opencode-nexus serve --no-open' with whatever starts programs here. Known: systemd, launchd, Windows."
    )
    status = 501


class ServiceNotInstalled(NexusError):
    """There is nothing to remove."""

    code = "service-not-installed"
    title = "OpenCode Nexus is not installed as a service here."
    hint = "Install it with 'opencode-nexus service install'."
    status = 404


@dataclass(frozen=True, slots=True)
class Unit:
    """What is to be run: the program with its arguments, the hub's home folder, and further environment."""

    command: tuple[str, ...]
    home: Path
    environment: Mapping[str, str]

    @property
    def log(self) -> Path:
        """Where a manager that keeps no log of its own puts what the hub writes before its own log is open."""
        return self.home / "logs" / "service.log"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`manager` by name, `path` of its file; `detail` is the manager's own word for the state."""

    manager: str
    path: str
    installed: bool
    running: bool
    at_start: bool
    detail: str


class ServiceManager(Protocol):
    """One system's way to run services."""

    name: str
    path: Path

    def text(self, unit: Unit) -> str:
        """Return the file as it would be written."""

    def install(self, unit: Unit, *, start: bool) -> None:
        """Write the file and have it known, and started if wanted; raises ServiceFailed."""

    def remove(self) -> None:
        """Stop the service and take the file away; raises ServiceFailed or ServiceNotInstalled."""

    def state(self) -> ServiceState:
        """Return what the manager says now."""


def run(words: Sequence[str]) -> tuple[int, str]:
    """Run a command to its end. See `Runner`."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_WITHIN,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return 127, f"There is no {words[0]} here."
    except subprocess.TimeoutExpired:
        return 124, f"{words[0]} took longer than {RUN_WITHIN:.0f} s."
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def must(runner: Runner, *words: str) -> str:
    """Run a command that has to succeed; returns what it wrote, raises ServiceFailed with that."""
    status, said = runner(words)
    if status:
        raise ServiceFailed(f"'{' '.join(words)}' ended with {status}: {said or 'it said nothing'}.")
    return said


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a manager's file, whole or not at all; raises ServiceFailed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding)
        draft.replace(path)
    except OSError as error:
        raise ServiceFailed(f"{path}: {error.strerror or error}.") from error


def is_root() -> bool:
    """Whether the system itself installs services here, not one user."""
    return sys.platform != "win32" and os.geteuid() == 0
