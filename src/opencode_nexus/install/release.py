# SPDX-License-Identifier: MIT
"""Asks a release page what is published there, and under which digest."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from opencode_nexus.install.download import Asset, Downloader, client, words
from opencode_nexus.install.errors import NetworkGone, NoSuchBuild, ReleaseRefused
from opencode_nexus.install.progress import Report
from opencode_nexus.install.verify import Digest

# the address under which the page's API lists the releases of OpenCode
BASE = "https://api.github.com/repos/anomalyco/opencode"
ARCHIVES = (".tar.gz", ".zip")


@dataclass(frozen=True, slots=True)
class Release:
    """One release as the page tells it: `text` is what its makers wrote about it, `files` what it holds, by name."""

    text: str
    files: Mapping[str, Mapping[str, Any]]

    def asset(self, name: str) -> Asset | None:
        """Return the file called `name`, None when there is none; raises ReleaseRefused when it has no digest."""
        if (item := self.files.get(name)) is None:
            return None
        if not item.get("digest"):
            raise ReleaseRefused(f"No digest is published for {name}, so it cannot be verified.")
        try:
            return Asset(name, item["browser_download_url"], int(item["size"]), Digest.parse(item["digest"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ReleaseRefused(f"What it says of {name} cannot be read.") from error


class ReleasePage:
    """The release page below `base`; version 1.2.3 is tagged `tag` + 1.2.3 there.

    `downloader` fetches what is found, and also what others publish; `pause` is its own.
    """

    def __init__(
        self, base: str = BASE, pause: Callable[[float], Awaitable[None]] = asyncio.sleep, tag: str = "v"
    ) -> None:
        self._base, self._tag = base.rstrip("/"), tag
        self.downloader = Downloader(pause)

    async def release(self, version: str) -> Release:
        """Return what the page says of `version`; one request. Raises NetworkGone, NoSuchBuild or ReleaseRefused."""
        url = f"{self._base}/releases/tags/{self._tag}{version}"
        try:
            async with client() as connected:
                answer = await connected.get(url, headers={"Accept": "application/vnd.github+json"})
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise NetworkGone(f"{urlsplit(url).hostname} could not be reached: {words(error)}.") from error
        if answer.status_code == 404:
            raise NoSuchBuild(f"The release page has no version {version}.")
        if answer.status_code != 200:
            raise ReleaseRefused(f"It answered {answer.status_code} for version {version}.")
        try:
            told = answer.json()
            return Release(str(told.get("body") or ""), {item["name"]: item for item in told["assets"]})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReleaseRefused("Its answer cannot be read.") from error

    async def find(self, version: str, builds: list[str]) -> list[Asset]:
        """Return OpenCode's archives of `version` for `builds`, in their order; one request.

        Raises NetworkGone, NoSuchBuild (no such release, or none of the builds in it) or ReleaseRefused.
        """
        release = await self.release(version)
        names = [f"opencode-{build}{ending}" for build in builds for ending in ARCHIVES]
        found = [asset for name in names if (asset := release.asset(name)) is not None]
        if not found:
            raise NoSuchBuild(f"Version {version} is not published for {builds[0] if builds else 'this machine'}.")
        return found

    async def download(self, asset: Asset, folder: Path, report: Report) -> Path:
        """Fetch `asset` into `folder` and return the whole and verified file; raises as `Downloader.fetch`."""
        return await self.downloader.fetch(asset, folder, report)
