# SPDX-License-Identifier: MIT
"""The home folder: made private, held by one hub at a time, and the place where commands find that hub."""

import contextlib
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import platformdirs

from opencode_nexus.core.errors import Conflict, NexusError


class HomeUnusable(NexusError):
    """The home folder cannot be made or written."""

    code = "home-unusable"
    title = "The home folder cannot be used."
    hint = "Make the folder writable for you, or name another one with --home or OPENCODE_NEXUS_HOME."
    status = 500


class HomeInUse(Conflict):
    """Another hub runs on the same home folder."""

    code = "home-in-use"
    title = "Another OpenCode Nexus already runs on this home folder."
    hint = "Use that one, stop it first, or start this one with another folder: --home."


def default_home() -> Path:
    """Return the platform's data folder for the hub."""
    return Path(platformdirs.user_data_dir("opencode-nexus", appauthor=False))


def home_folder(given: Path | None) -> Path:
    """Return the full path of the home folder that was named, else of the default one.

    `~nobody` stays as it is, and is then a folder that is not there: Path.expanduser would raise.
    """
    return Path(os.path.expanduser(given or default_home())).absolute()


_OTHER = "Name a folder that is empty or not there yet, with --home or OPENCODE_NEXUS_HOME."
# what a start that was cut off leaves, and what a new disk or a file browser puts into an empty folder
_EMPTY = frozenset({"logs", "secrets", "bin", "desktop", "lost+found", ".DS_Store"})


@dataclass(frozen=True, slots=True)
class RunningHub:
    """What a running hub leaves in hub.json for commands of the same system user: `token` is a bearer of this boot."""

    pid: int
    url: str
    token: str = field(repr=False)
    boot: str


class Home:
    """A home folder, private to its owner (mode 0700)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @property
    def database(self) -> Path:
        return self.path / "nexus.db"

    def prepare(self) -> None:
        """Make the folder and its parts; raises HomeUnusable with the system's own words.

        A folder that holds something and is not a home is refused and left as it is: it would be shut to all others.
        """
        try:
            if self._foreign():
                raise HomeUnusable(f"{self.path} holds other files.", hint=_OTHER)
            for folder in (self.path, self.path / "logs" / "servers", self.path / "secrets", self.path / "bin"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name == "posix":
                self.path.chmod(0o700)
                (self.path / "secrets").chmod(0o700)
            probe = self.path / f".write-test-{os.getpid()}"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()
        except OSError as error:
            raise HomeUnusable(f"{self.path}: {error.strerror or error}.") from error

    def _foreign(self) -> bool:
        """Whether somebody else's files are there, and nothing of ours."""
        names = {entry.name for entry in self.path.iterdir()} if self.path.is_dir() else set()
        # the lock is made before the database; the logs only where a first start was cut off before both
        return bool(names - _EMPTY) and not names & {"nexus.db", "hub.lock"}

    def lock(self) -> None:
        """Take the folder for this process; raises HomeInUse with the other's process and address.

        The lock belongs to the open file, so that the system frees it however the hub ends.
        """
        path = self.path / "hub.lock"
        try:
            file = path.open("a+", encoding="ascii")
        except OSError as error:
            raise HomeUnusable(f"{path}: {error.strerror or error}.") from error
        try:
            lock_file(file)
        except OSError as error:
            file.close()
            other = self.running()
            where = f"It is process {other.pid} at {other.url}." if other else f"The lock is {path}."
            raise HomeInUse(where) from error
        self._lock = file

    @property
    def locked(self) -> bool:
        """Whether this process holds the folder."""
        return self._lock is not None

    def held(self) -> bool:
        """Whether some process holds the folder, this one included; the file is neither made nor changed."""
        try:
            with (self.path / "hub.lock").open("r+", encoding="ascii") as file:
                lock_file(file)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def running(self) -> RunningHub | None:
        """Return what hub.json says, or None when there is none or it cannot be read.

        The file may be left from a hub that was killed: whoever uses the address finds out.
        """
        try:
            value: dict[str, Any] = json.loads((self.path / "hub.json").read_text("utf-8"))
            return RunningHub(int(value["pid"]), str(value["url"]), str(value["token"]), str(value["boot"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def announce(self, hub: RunningHub) -> None:
        """Write hub.json (0600) in one step, so that a command never reads half of it; raises HomeUnusable."""
        target = self.path / "hub.json"
        draft = self.path / f"hub.json.{os.getpid()}"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(asdict(hub), file)
            draft.replace(target)
        except OSError as error:
            raise HomeUnusable(f"{target}: {error.strerror or error}.") from error

    def release(self) -> None:
        """Take hub.json away and free the lock."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self.path / "hub.json").unlink()
            self._lock.close()
            self._lock = None


if sys.platform == "win32":
    import msvcrt

    def lock_file(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def lock_file(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
