# SPDX-License-Identifier: MIT
"""One job: fetch a build, check it, and put it in place; by npm where there is npm, else from the release
page.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from opencode_nexus.core.errors import NexusError
from opencode_nexus.install import npm, orphans, unpack
from opencode_nexus.install.check import Checked, check
from opencode_nexus.install.download import Asset
from opencode_nexus.install.errors import (
    DigestMismatch,
    NetworkGone,
    NoSuchBuild,
    NpmFailed,
    OpenCodeNotSupported,
    OpenCodeNotWorking,
    ReleaseRefused,
)
from opencode_nexus.install.platforms import PROGRAM, Machine, this_machine
from opencode_nexus.install.progress import Report, Say
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.install.verify import Digest
from opencode_nexus.install.versions import Versions
from opencode_nexus.install.workplace import workplace

log = logging.getLogger(__name__)

# bytes: 60 MB packed, 185 MB unpacked, npm's cache of the packed file, and room to move (1.18.33)
NEEDED = 400_000_000
CACHE = "npm"  # the folder of npm's cache among the downloads
# Tries to reach a file that npm named, before npm itself is let at it: it may know a proxy that we do not, and an
# address that nobody answers costs 10 s each.
REACH = 2


class Bringing:
    """Brings one `version` into `versions`; `say` and `report` are called on the loop as it goes."""

    def __init__(
        self,
        version: str,
        versions: Versions,
        environ: Mapping[str, str],
        page: ReleasePage,
        say: Say,
        report: Report,
        machine: Callable[[], Machine] = this_machine,
    ) -> None:
        self._version, self._versions, self._environ, self._page = version, versions, environ, page
        self._say, self._report, self._machine = say, report, machine

    async def run(self) -> Checked:
        """Do it and return the checked program in its final place.

        Raises an InstallError. Whatever happens (an error, a cancel), only finished versions are left, and what the
        next try goes on with: .part files, a whole and verified download, npm's cache.
        """
        builds = (await asyncio.to_thread(self._machine)).builds()
        if not builds:
            raise NoSuchBuild("This system or processor is not among those that OpenCode is published for.")
        async with workplace(self._versions, NEEDED) as work:
            return await self._from_either(builds, work)

    async def _from_either(self, builds: list[str], work: Path) -> Checked:
        program = npm.find(self._environ)
        if program is None:
            return await self._each(builds, work, self._by_page(builds))
        try:
            return await self._each(builds, work, self._by_npm(program))
        except (NetworkGone, NoSuchBuild, NpmFailed) as error:
            log.info("npm did not bring OpenCode (%s); trying the release page", error)
            try:
                return await self._each(builds, work, self._by_page(builds))
            except (NetworkGone, NoSuchBuild) as second:
                log.info("the release page did not either: %s", second)
                raise error from second

    async def _each(self, builds: list[str], work: Path, fetch: Callable[[str, Path], Awaitable[Path]]) -> Checked:
        """Try `builds` in order until one runs here; a build that is not published, or does not run, is
        passed over.
        """
        last: NexusError | None = None
        for number, build in enumerate(builds):
            place = work / str(number)
            await asyncio.to_thread(place.mkdir, exist_ok=True)
            try:
                return await self._adopt(await fetch(build, place))
            except OpenCodeNotWorking as error:
                last = error  # such as a build for AVX2 on a processor without it
            except NoSuchBuild as error:
                last = last or error
        assert last is not None
        raise last

    def _by_npm(self, program: str) -> Callable[[str, Path], Awaitable[Path]]:
        downloads = self._versions.downloads
        client = npm.Npm(program, orphans.child_environment(self._environ, downloads), downloads / CACHE)

        async def fetch(build: str, place: Path) -> Path:
            self._say("looking", "npm", f"Asking npm for opencode-{build} {self._version}.")
            published = await client.view(f"opencode-{build}", self._version, place)
            self._say("downloading", "npm", f"Fetching opencode-{build} {self._version}, as npm names it.")
            try:
                tarball = await self._tarball(published)
            except (NetworkGone, ReleaseRefused, DigestMismatch) as error:
                # a registry that wants npm's credentials, a proxy only npm knows, a page for a login in its place
                log.info("npm is to fetch %s itself: %s", published.package, error)
                self._say("downloading", "npm", f"npm is fetching opencode-{build} {self._version}.")
                return await client.fetch(published, place, self._report)
            self._say("unpacking", "npm", f"npm is unpacking opencode-{build} {self._version}.")
            try:
                unpacked = await client.unpack(published, tarball, place)
            except NexusError:  # a cancel keeps the whole file, for the next try
                await self._drop(tarball.parent)
                raise
            await self._drop(tarball.parent)
            return unpacked

        return fetch

    async def _tarball(self, published: npm.Published) -> Path:
        """Fetch the file itself, which npm would not go on with after a cut; raises as `Downloader.fetch`."""
        if published.tarball is None:
            raise ReleaseRefused("npm names no address of its file.")
        name = f"{published.package}-{published.version}.tgz"
        asset = Asset(name, published.tarball, None, Digest.parse(published.integrity))
        folder = self._versions.downloads / self._version
        return await self._page.downloader.fetch(asset, folder, self._report, reach=REACH)

    @staticmethod
    async def _drop(folder: Path) -> None:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, True))

    def _by_page(self, builds: list[str]) -> Callable[[str, Path], Awaitable[Path]]:
        async def fetch(build: str, place: Path) -> Path:
            self._say("looking", "release page", f"Asking the release page for version {self._version}.")
            asset = (await self._page.find(self._version, [build]))[0]
            self._say("downloading", "release page", f"Fetching {asset.name}.")
            folder = self._versions.downloads / self._version
            archive = await self._page.download(asset, folder, self._report)
            try:
                self._say("unpacking", "release page", f"Unpacking {asset.name}.")
                return await asyncio.to_thread(unpack.extract, archive, place / PROGRAM)
            finally:
                await self._drop(folder)

        return fetch

    async def _adopt(self, program: Path) -> Checked:
        self._say("checking", "", "Running it to check it.")
        checked = await asyncio.to_thread(check, program, environ=self._environ)
        if checked.version != self._version:
            raise OpenCodeNotSupported(f"It says that it is {checked.version}, not {self._version}.")
        place = await asyncio.to_thread(self._versions.adopt, program, self._version)
        return Checked(place, place, self._version)
