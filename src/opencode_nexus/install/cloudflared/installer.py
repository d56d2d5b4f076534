# SPDX-License-Identifier: MIT
"""The front for cloudflared: which one is used, and the one job that brings a copy."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.cloudflared.bringing import Bringing
from opencode_nexus.install.cloudflared.builds import PINS, PROGRAM, TESTED, VERSION, builds
from opencode_nexus.install.cloudflared.check import Cloudflared, check, text_of
from opencode_nexus.install.cloudflared.find import candidates
from opencode_nexus.install.errors import CloudflaredChanged, CloudflaredNotFound, InstallError
from opencode_nexus.install.find import stamp
from opencode_nexus.install.installer import LOOK_AGAIN, Memory
from opencode_nexus.install.job import Job
from opencode_nexus.install.progress import Progress
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.install.versions import Versions

log = logging.getLogger(__name__)

# the address under which the page's API lists the releases of cloudflared
BASE = "https://api.github.com/repos/cloudflare/cloudflared"
_VERIFIED, _CHECKS = "cloudflared-verified", "cloudflared-checks"
_REMEMBERED = 8  # programs whose version is remembered by their sum


Check = Callable[[Path, str | None], Awaitable[Cloudflared]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a candidate was: as which file, until when that holds (monotonic), and what its check gave."""

    stamp: list[int | str]
    until: float
    outcome: Cloudflared | InstallError


class CloudflaredInstaller:
    """Finds, checks and brings cloudflared for the hub whose home folder is `home`.

    `setting` gives the setting `cloudflared_binary` as it is now. Bus topic "install-cloudflared" carries `Progress`.
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
        environ: Mapping[str, str] = os.environ,
        page: ReleasePage | None = None,
        fitting: Callable[[], Sequence[str]] = builds,
        pins: Mapping[str, str] = PINS,
    ) -> None:
        self.versions = Versions(home / "cloudflared", PROGRAM)
        self._kv, self._setting, self._environ, self._fitting, self._pins = kv, setting, environ, fitting, pins
        self._page = page or ReleasePage(BASE, tag="")
        self._clock, self._seen = clock, dict[tuple[Path, str | None], _Seen]()
        self._job: Job[Cloudflared] = Job("cloudflared", "install-cloudflared", bus=bus, clock=clock, tasks=tasks)

    async def open(self) -> None:
        """Delete what jobs of an earlier run left behind."""
        await asyncio.to_thread(self.versions.sweep)

    async def close(self) -> None:
        """End a running job."""
        await self.cancel()

    # which one is used

    async def check(self, path: Path, verified: str | None = None) -> Cloudflared:
        """Return what the program at `path` is; its sum is read each time, and it is run once for each sum.

        Raises CloudflaredNotFound, CloudflaredNotWorking, CloudflaredNotSupported or CloudflaredChanged.
        """
        kept: dict[str, list[int]] = self._kv.get(_CHECKS, {})
        known = {sha256: (a, b, c) for sha256, (a, b, c) in kept.items()}
        found = await asyncio.to_thread(check, path, environ=self._environ, known=known, verified=verified)
        if found.sha256 and found.sha256 not in known:
            await self._remember(found)
        return found

    async def program(self) -> Cloudflared:
        """Return the cloudflared to run: the setting, else the copy that was brought, else one of this machine.

        `tunnels` asks before each start. A setting that does not work is an error. The copy that was brought comes
        first because someone asked for it, and it alone was verified and tested. Raises as `check`.
        """
        return await self._first(self.check)

    async def look(self) -> Cloudflared:
        """Return what `program` would, for pages: what was looked at within a minute and is the same file since is
        neither read nor run again, so that one that hangs does not hold up each page.
        """
        return await self._first(self._glance)

    async def _glance(self, path: Path, verified: str | None = None) -> Cloudflared:
        mark = await asyncio.to_thread(stamp, path)
        seen = self._seen.get((path, verified))
        if seen is None or seen.stamp != mark or self._clock.monotonic() >= seen.until:
            outcome: Cloudflared | InstallError
            try:
                outcome = await self.check(path, verified)
            except InstallError as error:
                outcome = error
            seen = self._seen[path, verified] = _Seen(mark, self._clock.monotonic() + LOOK_AGAIN, outcome)
        if isinstance(seen.outcome, InstallError):
            raise seen.outcome
        return seen.outcome

    async def _first(self, check: Check) -> Cloudflared:
        if own := self._setting():
            return await check(Path(own), None)
        first: InstallError | None = None
        for version in await asyncio.to_thread(self.versions.all):
            try:
                return await check(self.versions.path(version), self._verified(version))
            except CloudflaredChanged:
                raise  # somebody was at it: no reason to take another and say nothing
            except InstallError as error:
                first = first or error
        for path in await asyncio.to_thread(candidates, self._environ):
            try:
                return await check(path, None)
            except InstallError as error:
                log.info("%s cannot be used: %s", path, error)
                first = first or error
        raise first or CloudflaredNotFound("It is neither on PATH nor in the usual places nor in the home folder.")

    def _verified(self, version: str) -> str:
        """Return the sum that the copy of `version` was verified with; empty, which no file has, when not known."""
        kept: dict[str, str] = self._kv.get(_VERIFIED, {})
        pins = [self._pins[build] for build in self._fitting() if build in self._pins] if version == VERSION else []
        return kept.get(version) or next(iter(pins), "")

    async def _remember(self, found: Cloudflared) -> None:
        kept: dict[str, list[int]] = self._kv.get(_CHECKS, {})
        kept = {**kept, found.sha256: list(found.version)}
        await self._kv.set(_CHECKS, dict(list(kept.items())[-_REMEMBERED:]))

    # bringing one

    @property
    def progress(self) -> Progress:
        return self._job.progress

    @property
    def running(self) -> bool:
        return self._job.running

    def bring(self, version: tuple[int, int, int] = TESTED) -> None:
        """Start the job that brings `version`; raises AlreadyBringing. Follow `progress`, or `wait()` for its end."""
        self._job.start(text_of(version), lambda: self._bring(version))

    async def wait(self) -> Cloudflared:
        """Wait for the job and return what it brought; raises the error it ended with."""
        return await self._job.wait()

    async def cancel(self) -> None:
        """End the job, if one runs, and return when it has cleaned up."""
        await self._job.cancel()

    async def _bring(self, version: tuple[int, int, int]) -> Cloudflared:
        text = text_of(version)
        try:  # what is here and as it was verified need not be fetched again, nor be replaced while it runs
            return await self.check(self.versions.path(text), self._verified(text))
        except InstallError as error:
            log.info("cloudflared %s is brought: %s", text, error)

        async def keep(sha256: str) -> None:
            await self._kv.set(_VERIFIED, {**self._kv.get(_VERIFIED, {}), text: sha256})

        brought = await Bringing(
            version, self.versions, self._environ, self._page, self._fitting(), self._job.say, self._job.report, keep,
            self._pins,
        ).run()  # fmt: skip
        await self._remember(brought)
        gone = await asyncio.to_thread(self.versions.prune, [text])
        kept: dict[str, str] = self._kv.get(_VERIFIED, {})
        await self._kv.set(_VERIFIED, {name: value for name, value in kept.items() if name not in gone})
        return brought
