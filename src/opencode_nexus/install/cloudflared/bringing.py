# SPDX-License-Identifier: MIT
"""One job: fetch cloudflared from its release page, verify it, check it, and put it in place."""

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from opencode_nexus.core.errors import NexusError
from opencode_nexus.install import unpack
from opencode_nexus.install.cloudflared.builds import PINS, TESTED, is_archive
from opencode_nexus.install.cloudflared.check import Cloudflared, check, text_of
from opencode_nexus.install.download import Asset
from opencode_nexus.install.errors import (
    CloudflaredNotSupported,
    CloudflaredNotWorking,
    DigestMismatch,
    NoSuchBuild,
    ReleaseRefused,
)
from opencode_nexus.install.progress import Report, Say
from opencode_nexus.install.release import Release, ReleasePage
from opencode_nexus.install.verify import Digest
from opencode_nexus.install.versions import Versions
from opencode_nexus.install.workplace import workplace

NEEDED = 120_000_000  # bytes: 20 MB packed and 54 MB unpacked at the most, twice while it is moved (2026.6.0)
_INSIDE = "cloudflared"  # what the program is called in a .tgz
_SUM = re.compile(r"^[\s>]*([A-Za-z0-9._-]+): *([0-9a-f]{64})\s*$", re.MULTILINE)


def published_sums(text: str) -> dict[str, Digest]:
    """Return the sums of programs by build from what its makers wrote about a release; raises ReleaseRefused.

    Those of a .tgz are of the program in it, not of the archive.
    """
    sums: dict[str, Digest] = {}
    for build, value in _SUM.findall(text):
        if sums.setdefault(build, Digest("sha256", value)).value != value:
            raise ReleaseRefused(f"Two different sums are published for {build}.")
    return sums


def _same(build: str, one: str, other: str, names: str) -> None:
    if one != other:
        told = f"{names} of {build} differ: {one[:16]}… and {other[:16]}…."
        raise DigestMismatch(told, got=one, published=other)


class Bringing:
    """Brings one `version` into `versions`; `say` and `report` are called on the loop as it goes.

    `keep` is told the sum that was verified, before the program is put in its place: it is what that will be held to.
    """

    def __init__(
        self,
        version: tuple[int, int, int],
        versions: Versions,
        environ: Mapping[str, str],
        page: ReleasePage,
        builds: Sequence[str],
        say: Say,
        report: Report,
        keep: Callable[[str], Awaitable[None]],
        pins: Mapping[str, str] = PINS,
    ) -> None:
        self._version, self._text, self._versions, self._environ = version, text_of(version), versions, environ
        self._page, self._builds, self._say, self._report, self._keep = page, builds, say, report, keep
        self._pins = pins if version == TESTED else {}

    async def run(self) -> Cloudflared:
        """Do it and return the verified and checked program in its final place; raises an InstallError."""
        if not self._builds:
            raise NoSuchBuild("This system or processor is not among those that cloudflared is published for.")
        async with workplace(self._versions, NEEDED) as work:
            self._say("looking", "release page", f"Asking the release page for cloudflared {self._text}.")
            release = await self._page.release(self._text)
            return await self._first(release, work)

    async def _first(self, release: Release, work: Path) -> Cloudflared:
        """Take the first build that is published and runs here."""
        last: NexusError = NoSuchBuild(f"Version {self._text} is not published as {' or '.join(self._builds)}.")
        sums = published_sums(release.text)
        for number, build in enumerate(self._builds):
            if (asset := release.asset(build)) is None:
                continue
            if build not in sums:
                raise ReleaseRefused(f"No sum is published for {build}, so it cannot be verified.")
            place = work / str(number)
            await asyncio.to_thread(place.mkdir)
            try:
                return await self._adopt(await self._fetch(asset, sums[build], place), sums[build].value)
            except CloudflaredNotWorking as error:
                last = error  # such as one for ARMv7 on an older processor
        raise last

    async def _fetch(self, asset: Asset, program_sum: Digest, place: Path) -> Path:
        """Download, unpack and verify; what is returned may be run."""
        if (pin := self._pins.get(asset.name)) is not None:
            _same(asset.name, program_sum.value, pin, "The published and the pinned sum")
        if not is_archive(asset.name):
            _same(asset.name, asset.digest.value, program_sum.value, "The page's digest and its makers' sum")
        self._say("downloading", "release page", f"Fetching {asset.name}.")
        folder, program = self._versions.downloads / self._text, place / _INSIDE
        file = await self._page.download(asset, folder, self._report)
        try:
            if is_archive(asset.name):
                self._say("unpacking", "release page", f"Unpacking {asset.name}.")
                await asyncio.to_thread(unpack.extract, file, program, _INSIDE)
            else:
                await asyncio.to_thread(file.replace, program)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, True))
        self._say("verifying", "release page", "Comparing it with the published sum.")
        await asyncio.to_thread(program_sum.check, program)
        await asyncio.to_thread(program.chmod, 0o755)
        return program

    async def _adopt(self, program: Path, verified: str) -> Cloudflared:
        self._say("checking", "", "Running it to check it.")
        checked = await asyncio.to_thread(check, program, environ=self._environ, known={}, verified=verified)
        if checked.version != self._version:
            raise CloudflaredNotSupported(f"It says that it is {text_of(checked.version)}, not {self._text}.")
        await self._keep(verified)
        place = await asyncio.to_thread(self._versions.adopt, program, self._text)
        return Cloudflared(place, checked.version, checked.sha256)
