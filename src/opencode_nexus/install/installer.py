# SPDX-License-Identifier: MIT
"""The package's front: which OpenCode is used, and the one job that brings a copy."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install import find, npm, orphans
from opencode_nexus.install.bringing import CACHE, Bringing
from opencode_nexus.install.check import TESTED, Checked, check
from opencode_nexus.install.errors import InstallError, OpenCodeNotFound, VersionNotHere
from opencode_nexus.install.job import Job
from opencode_nexus.install.platforms import Machine, this_machine
from opencode_nexus.install.progress import Progress
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.install.versions import Versions

log = logging.getLogger(__name__)

VERSION = ".".join(map(str, TESTED))
_CHOICE, _CHECKS = "opencode-choice", "opencode-checks"
LOOK_AGAIN = 60.0  # seconds before a candidate that failed is run again unasked: a page of the set-up lists them all


class Memory(Protocol):
    """Small named values that outlive the hub (`store.kv.Kv`)."""

    def get(self, key: str, default: Any = None) -> Any: ...
    async def set(self, key: str, value: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate and what its check gave: `checked`, or else the `error`."""

    path: Path
    checked: Checked | None
    error: NexusError | None


@dataclass(frozen=True, slots=True)
class _Failed:
    """A candidate that failed its check: as which file, until when (monotonic), and how."""

    mark: list[int | str]
    until: float
    error: NexusError


class Installer:
    """Finds, checks, chooses and brings OpenCode for the hub whose home folder is `home`.

    `setting` gives the setting `opencode_binary` as it is now, `wanted` the versions that must stay here.
    Bus topic "install" carries `Progress`.
    """

    def __init__(
        self,
        *,
        home: Path,
        bus: Bus,
        kv: Memory,
        clock: Clock,
        tasks: Tasks,
        setting: Callable[[], str] = lambda: "",
        wanted: Callable[[], Iterable[str]] = frozenset,
        environ: Mapping[str, str] = os.environ,
        page: ReleasePage | None = None,
        machine: Callable[[], Machine] = this_machine,
    ) -> None:
        self.versions = Versions(home / "opencode")
        self._kv, self._clock = kv, clock
        self._setting, self._wanted, self._environ, self._machine = setting, wanted, environ, machine
        self._page = page or ReleasePage()
        self._job: Job[Checked] = Job("OpenCode", "install", bus=bus, clock=clock, tasks=tasks)
        self._failures: dict[Path, _Failed] = {}

    async def open(self) -> None:
        """End and delete what jobs of an earlier run left behind."""
        await orphans.end_left(self.versions.downloads)
        await asyncio.to_thread(npm.tidy, self.versions.downloads / CACHE)
        await asyncio.to_thread(self.versions.sweep)

    async def close(self) -> None:
        """End a running job."""
        await self.cancel()

    # which one is used

    async def check(self, path: Path) -> Checked:
        """Run the program at `path`, or take the answer of last time when the file is still the same.

        Raises OpenCodeNotFound, OpenCodeNotWorking or OpenCodeNotSupported.
        """
        given = Path(os.path.expanduser(path)).absolute()
        mark = await asyncio.to_thread(_mark, given)
        known: dict[str, Any] = self._kv.get(_CHECKS, {})
        if mark and (entry := known.get(str(given))) and entry["mark"] == mark:
            return Checked(Path(entry["program"]), given, entry["version"])
        checked = await asyncio.to_thread(check, given, environ=self._environ)
        if mark:
            entry = {"mark": mark, "program": str(checked.program), "version": checked.version}
            await self._kv.set(_CHECKS, {**known, str(given): entry})
        return checked

    async def found(self) -> list[Found]:
        """Return what is on this machine, copies in the home folder too, working ones first."""
        paths = await asyncio.to_thread(find.candidates, self._environ)
        paths += [self.versions.path(version) for version in await asyncio.to_thread(self.versions.all)]
        # at the same time: one that hangs costs TIME_OUT, and two of them must not cost it twice
        results = await asyncio.gather(*(self._look(path) for path in paths))
        return sorted(results, key=lambda found: found.checked is None)

    async def _look(self, path: Path) -> Found:
        """Check a candidate; one that failed is not run again for a minute, as long as it is the same file."""
        mark = await asyncio.to_thread(find.stamp, path)
        now, failed = self._clock.monotonic(), self._failures.get(path)
        if failed is not None and failed.mark == mark and now < failed.until:
            return Found(path, None, failed.error)
        self._failures.pop(path, None)
        try:
            return Found(path, await self.check(path), None)
        except InstallError as error:
            self._failures[path] = _Failed(mark, self._clock.monotonic() + LOOK_AGAIN, error)
            return Found(path, None, error)

    @property
    def choice(self) -> str | None:
        """The stored choice: a path, "brought", or None."""
        stored: str | None = self._kv.get(_CHOICE)
        return stored

    async def choose(self, path: Path | None) -> Checked:
        """Check `path` (None: the newest copy in the home folder) and store it as the choice; raises as
        `check`.
        """
        program = path or await asyncio.to_thread(self.versions.newest)
        if program is None:
            raise OpenCodeNotFound("There is no copy in the home folder yet.")
        checked = await self.check(program)
        inside = checked.program.is_relative_to(self.versions.folder.resolve())
        await self._kv.set(_CHOICE, "brought" if path is None or inside else str(checked.given))
        return checked

    async def selected(self) -> Checked:
        """Return the OpenCode that is used: the setting, else the stored choice, else one found, else one
        brought.

        A setting that does not work is an error. A stored choice that does not work any more (removed,
        updated beyond the range) gives way to another working copy; its error is raised when there is none.
        """
        if own := self._setting():
            return await self.check(Path(own))
        first: NexusError | None = None
        choice = self.choice
        paths = [Path(choice)] if choice not in (None, "brought") and choice else []
        newest = await asyncio.to_thread(self.versions.newest)
        if choice == "brought" and newest is not None:
            paths.append(newest)
        for path in paths:
            try:
                return await self.check(path)
            except InstallError as error:
                first = error
        for found in await self.found():
            if found.checked is not None:
                if first is not None:
                    log.warning("the chosen OpenCode cannot be used (%s); using %s", first, found.path)
                return found.checked
            first = first or found.error
        raise first or OpenCodeNotFound("It is neither on PATH nor in the usual places nor in the home folder.")

    async def binary(self, version: str = "") -> Path:
        """Return the program to run, of `version` or else the one that is used: `fleet` asks before each start.

        Raises as `selected`, or VersionNotHere.
        """
        if not version:
            return (await self.selected()).program
        own = self.versions.path(version)
        if await asyncio.to_thread(own.is_file):
            return (await self.check(own)).program
        for found in await self.found():
            if found.checked is not None and found.checked.version == version:
                return found.checked.program
        raise VersionNotHere(f"{version}.", version=version)

    # bringing one

    @property
    def progress(self) -> Progress:
        return self._job.progress

    @property
    def running(self) -> bool:
        return self._job.running

    def bring(self, version: str = VERSION) -> None:
        """Start the job that brings `version`; raises AlreadyBringing. Follow `progress`, or `wait()` for its
        end.
        """
        before = self.choice  # one that is made while the job runs stays
        self._job.start(version, lambda: self._bring(version, before))

    async def wait(self) -> Checked:
        """Wait for the job and return what it brought; raises the error it ended with."""
        return await self._job.wait()

    async def cancel(self) -> None:
        """End the job, if one runs, and return when it has cleaned up."""
        await self._job.cancel()

    async def _bring(self, version: str, before: str | None) -> Checked:
        say, report = self._job.say, self._job.report
        checked = await Bringing(
            version, self.versions, self._environ, self._page, say, report, self._machine
        ).run()  # fmt: skip
        if self.choice == before:
            await self.choose(None)
        await asyncio.to_thread(self.versions.prune, [version, *self._wanted()])
        return checked


def _mark(path: Path) -> list[int | str]:
    """Return what changes when the program behind `path` changes; empty when there is none."""
    program = find.resolve(path)
    return find.stamp(program) if program is not None else []
