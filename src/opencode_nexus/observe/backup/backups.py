# SPDX-License-Identifier: MIT
"""The backups of a running hub: made when asked for and by the clock, listed, and the oldest removed."""

import asyncio
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.backup.errors import BackupDamaged, BackupNotFound, PassphraseWeak
from opencode_nexus.observe.backup.sealed import SHORTEST, describe
from opencode_nexus.store.activity import Activity

if TYPE_CHECKING:
    from opencode_nexus.observe.backup.create import Made

log = logging.getLogger(__name__)

EVERY = {"off": 0.0, "daily": 86400.0, "weekly": 7 * 86400.0}  # seconds
LOOK = 300.0  # seconds between two looks whether one is due
AGAIN = 3600.0  # seconds after one that failed
PASSPHRASE = "backup-passphrase"  # its name in the vault
NAME = re.compile(r"nexus-(?:auto-)?\d{8}-\d{6}(?:-\d+)?\.backup")
AUTO = "nexus-auto-"


class Secrets(Protocol):
    """Named secrets (`secrets.vault.Vault`)."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
    def delete(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings say: how often, how many are kept, where ("": in the home folder), with OpenCode's chats?"""

    every: str
    keep: int
    folder: str
    sessions: bool


def plan_of(settings: Settings) -> Plan:
    """Return what the settings say of backups."""
    return Plan(settings.backup_every, settings.backup_keep, settings.backup_folder, settings.backup_sessions == "yes")


@dataclass(frozen=True, slots=True)
class Found:
    """A backup that lies in the folder; `at` in epoch seconds, `size` in bytes, `auto`: made by the clock."""

    name: str
    at: float
    size: int
    sealed: bool
    auto: bool
    version: str


class Backups:
    """Makes one at a time. `names` lists the secrets that go with a sealed one, `sessions` OpenCode's databases."""

    def __init__(
        self,
        *,
        home: Path,
        vault: Secrets,
        names: Callable[[], list[str]],
        plan: Callable[[], Plan],
        sessions: Callable[[], list[Path]],
        activity: Activity,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._home, self._vault, self._names, self._plan, self._sessions = home, vault, names, plan, sessions
        self._activity, self._clock, self._tasks = activity, clock, tasks
        self._lock = asyncio.Lock()
        self._failed = 0.0  # when one that was due last failed
        self.problem = ""  # why, until one succeeds

    def open(self) -> None:
        """Begin to look whether one is due."""
        self._tasks.spawn(self._run(), "backups")

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return Path(self._plan().folder or self._home / "backups").expanduser()

    async def list(self) -> tuple[Found, ...]:
        """Return those in the folder, newest first."""
        return await asyncio.to_thread(_found, self.folder)

    def path(self, name: str) -> Path:
        """Return where a backup lies; raises BackupNotFound."""
        path = self.folder / name
        if not NAME.fullmatch(name) or not path.is_file():
            raise BackupNotFound(f"{name[:80]}.")
        return path

    async def make(
        self, passphrase: str | None = None, *, sessions: bool = False, auto: bool = False, target: Path | None = None
    ) -> "Made":
        """Make one and return it, at `target` or in the folder. `passphrase`: None takes the one that is kept, if any;
        "" seals nothing.

        Raises BackupUnwritable, PassphraseWeak, SecretsUnreadable.
        """
        from opencode_nexus.observe.backup.create import create  # 0.5 MB, with tarfile

        async with self._lock:
            known = await asyncio.to_thread(self._vault.get, PASSPHRASE) if passphrase is None else passphrase
            target = target or _free(self.folder, AUTO if auto else "nexus-", self._clock.now())
            databases = [path for path in self._sessions() if path.exists()] if sessions else []
            made = await asyncio.to_thread(
                create, self._home, target,
                now=self._clock.now(), passphrase=known or "", secrets=self.secrets, sessions=databases,
            )  # fmt: skip
        self.problem = ""
        sealed = "with" if made.sealed else "without"
        await self._activity.add("backup-made", f"Backup {target.name} was made, {sealed} secrets.", level="success")
        return made

    def secrets(self) -> Mapping[str, str]:
        """Return what a sealed backup holds; blocks. A running server's password is of no use after its end."""
        wanted = [name for name in self._names() if not name.startswith("server-password:")]
        return {name: value for name in wanted if (value := self._vault.get(name)) is not None}

    async def remove(self, name: str) -> None:
        """Remove one; raises BackupNotFound."""
        path = self.path(name)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        await self._activity.add("backup-removed", f"Backup {name} was removed.")

    async def keep_passphrase(self, passphrase: str) -> None:
        """Seal those to come with this one; "" seals none. Raises PassphraseWeak."""
        if passphrase and len(passphrase) < SHORTEST:
            raise PassphraseWeak(f"It has {len(passphrase)} characters.")
        if passphrase:
            await asyncio.to_thread(self._vault.set, PASSPHRASE, passphrase)
        else:
            await asyncio.to_thread(self._vault.delete, PASSPHRASE)

    async def has_passphrase(self) -> bool:
        """Whether those to come are sealed."""
        return PASSPHRASE in await asyncio.to_thread(self._names)

    # -- by the clock --------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            try:
                await self.when_due()
            except Exception:  # a fault of ours must not end all backups to come
                log.exception("the backup that was due")
            await asyncio.sleep(LOOK)

    async def when_due(self) -> "Made | None":
        """Make one if one is due, and remove those that are too old."""
        plan, now = self._plan(), self._clock.now()
        gap = EVERY.get(plan.every, 0.0)
        if not gap or 0 <= now - self._failed < AGAIN:
            return None
        # one from a clock that was ahead says nothing: it would make each look make one, and those push out the others
        newest = max((one.at for one in await self.list() if one.auto and one.at <= now), default=0.0)
        if now < newest + gap:
            return None
        try:
            made = await self.make(sessions=plan.sessions, auto=True)
        except NexusError as error:
            first, self._failed, self.problem = not self.problem, now, str(error)
            if first:
                await self._activity.add("backup-failed", f"The backup that was due failed. {error}", level="error")
            return None
        for old in [one for one in await self.list() if one.auto][plan.keep :]:
            await asyncio.to_thread((self.folder / old.name).unlink, missing_ok=True)
        return made


def _found(folder: Path) -> tuple[Found, ...]:
    found: list[Found] = []
    try:
        entries = [entry for entry in os.scandir(folder) if NAME.fullmatch(entry.name)]
    except OSError:
        return ()
    for entry in entries:
        try:
            with open(entry.path, "rb") as file:
                about, _ = describe(file)
            size, at = entry.stat().st_size, float(about.get("created") or 0)
        except (OSError, BackupDamaged, TypeError, ValueError):
            continue  # being written, or none of ours
        version = str(about.get("version") or "")
        found.append(Found(entry.name, at, size, bool(about.get("sealed")), entry.name.startswith(AUTO), version))
    return tuple(sorted(found, key=lambda one: (one.at, one.name), reverse=True))


def _free(folder: Path, prefix: str, now: float) -> Path:
    """Return a file that is not there yet, named after the time."""
    stem = prefix + datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    path, number = folder / f"{stem}.backup", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.backup"
    return path
