# SPDX-License-Identifier: MIT
"""Brings a file from a release page: resumable, and verified with the digest published there."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from opencode_nexus.install.errors import DiskFull, NetworkGone, NoSuchBuild, ReleaseRefused, from_os
from opencode_nexus.install.progress import Report
from opencode_nexus.install.verify import Digest

# the address under which the page's API lists the releases of OpenCode
BASE = "https://api.github.com/repos/anomalyco/opencode"
ARCHIVES = (".tar.gz", ".zip")
TRIES = 4  # connections in a row that bring nothing before we give up
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between them


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a release: `size` in bytes, `digest` as published."""

    name: str
    url: str
    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is known of a .part file, kept beside it: `tag` is the server's ETag or Last-Modified."""

    url: str
    digest: str
    tag: str


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

    `pause` waits between tries (asyncio.sleep but in tests).
    """

    def __init__(
        self, base: str = BASE, pause: Callable[[float], Awaitable[None]] = asyncio.sleep, tag: str = "v"
    ) -> None:
        self._base = base.rstrip("/")
        self._pause, self._tag = pause, tag

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx2.AsyncClient]:
        time_out = httpx2.Timeout(30.0, connect=10.0)
        headers = {"Accept-Encoding": "identity", "User-Agent": "opencode-nexus"}
        async with httpx2.AsyncClient(timeout=time_out, follow_redirects=True, headers=headers) as client:
            yield client

    async def release(self, version: str) -> Release:
        """Return what the page says of `version`; one request. Raises NetworkGone, NoSuchBuild or ReleaseRefused."""
        url = f"{self._base}/releases/tags/{self._tag}{version}"
        try:
            async with self._client() as client:
                answer = await client.get(url, headers={"Accept": "application/vnd.github+json"})
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise NetworkGone(f"{urlsplit(url).hostname} could not be reached: {_words(error)}.") from error
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
        """Fetch `asset` into `folder` and return the whole and verified file `<name>`.

        What came so far is kept as `<name>.part`; a later call goes on there if the server still has the same
        file. A cut connection is taken up again at once; four fruitless tries in a row raise NetworkGone. A
        wrong digest deletes the file (DigestMismatch). Also raises DiskFull, HomeNotWritable, ReleaseRefused.
        """
        whole, part = folder / asset.name, folder / f"{asset.name}.part"
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            before = _unfinished(part)
            if before is None or (before.url, before.digest) != (asset.url, asset.digest.value):
                forget(part)  # what lies there is of some other file
            # one client for all tries: making one reads the system's certificates, 0.4 s here
            async with self._client() as client:
                await self._until_whole(client, asset, part, report)
            report(_length(part), asset.size)
        except OSError as error:
            # a full disk keeps no half file that makes it fuller
            problem = from_os(error, folder)
            if isinstance(problem, DiskFull):
                forget(part)
            raise problem from error
        return await self._verified(asset, part, whole)

    async def _until_whole(self, client: httpx2.AsyncClient, asset: Asset, part: Path, report: Report) -> None:
        fruitless = 0
        while (have := _length(part)) < asset.size:
            try:
                await self._stream(client, asset, part, report)
                reason = "the connection ended early"
            except httpx2.TransportError as error:
                reason = _words(error)
            now = _length(part)
            if now >= asset.size:
                return
            fruitless = 0 if now > have else fruitless + 1
            if fruitless >= TRIES:
                told = f"{now:,} of {asset.size:,} bytes came, then {reason}."
                raise NetworkGone(told, done=now, total=asset.size)
            await self._pause(PAUSES[min(fruitless, len(PAUSES) - 1)])

    async def _verified(self, asset: Asset, part: Path, whole: Path) -> Path:
        try:
            await asyncio.to_thread(asset.digest.check, part)
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                forget(part)
            raise
        await asyncio.to_thread(part.replace, whole)
        forget(part)
        return whole

    async def _stream(self, client: httpx2.AsyncClient, asset: Asset, part: Path, report: Report) -> None:
        """Ask for what is missing of `part` and append it."""
        have, before = _length(part), _unfinished(part)
        headers = {}
        if have and before is not None and before.tag:
            # If-Range: the server sends the rest only of the very same file, else all of it
            headers = {"Range": f"bytes={have}-", "If-Range": before.tag}
        async with client.stream("GET", asset.url, headers=headers) as answer:
            if answer.status_code == 416 and have:
                forget(part)
                return
            if answer.status_code not in (200, 206):
                raise ReleaseRefused(f"It answered {answer.status_code} for {asset.name}.")
            goes_on = answer.status_code == 206 and _starts_at(answer.headers.get("content-range", ""), have)
            if answer.status_code == 206 and not goes_on:
                forget(part)
                return
            # a weak ETag does not promise the same bytes, so it cannot resume (RFC 9110, 13.1.5)
            tag = answer.headers.get("etag", "")
            tag = tag if tag and not tag.startswith("W/") else answer.headers.get("last-modified", "")
            await asyncio.to_thread(_remember, part, Unfinished(asset.url, asset.digest.value, tag))
            done = have if goes_on else 0
            with part.open("ab" if goes_on else "wb") as file:
                async for chunk in answer.aiter_raw():
                    done += len(chunk)
                    if done > asset.size:
                        raise ReleaseRefused(
                            f"{asset.name} is longer than the {asset.size:,} bytes that were announced."
                        )
                    await asyncio.to_thread(file.write, chunk)
                    report(done, asset.size)
                await asyncio.to_thread(file.flush)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _starts_at(content_range: str, have: int) -> bool:
    return content_range.startswith(f"bytes {have}-")


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _unfinished(part: Path) -> Unfinished | None:
    try:
        return Unfinished(**json.loads(_note(part).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _remember(part: Path, unfinished: Unfinished) -> None:
    _note(part).write_text(json.dumps(asdict(unfinished)))


def forget(part: Path) -> None:
    """Delete an unfinished download and what is known of it."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)
