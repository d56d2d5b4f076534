# SPDX-License-Identifier: MIT
"""Fetches one published file: resumable, and verified with the digest that was published for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

from opencode_nexus.install.errors import DigestMismatch, DiskFull, NetworkGone, ReleaseRefused, from_os
from opencode_nexus.install.progress import Report
from opencode_nexus.install.verify import Digest

TRIES = 4  # connections in a row that bring nothing before we give up
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between them


@dataclass(frozen=True, slots=True)
class Asset:
    """One published file: `size` in bytes (None: only its server tells), `digest` as published."""

    name: str
    url: str
    size: int | None
    digest: Digest


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is known of a .part file, kept beside it: `tag` is the server's ETag or Last-Modified, `size` what the
    whole will have.
    """

    url: str
    digest: str
    tag: str
    size: int | None = None


@asynccontextmanager
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client for what is published; making one reads the system's certificates, 0.4 s here."""
    time_out = httpx2.Timeout(30.0, connect=10.0)
    headers = {"Accept-Encoding": "identity", "User-Agent": "opencode-nexus"}
    async with httpx2.AsyncClient(timeout=time_out, follow_redirects=True, headers=headers) as made:
        yield made


class Downloader:
    """Fetches files; `pause` waits between tries (asyncio.sleep but in tests)."""

    def __init__(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._pause = pause

    async def fetch(self, asset: Asset, folder: Path, report: Report, *, reach: int = TRIES) -> Path:
        """Fetch `asset` into `folder` and return the whole and verified file `<name>`.

        What came so far is kept as `<name>.part`; a later call goes on there if the server still has the same
        file, and takes a whole one that lies there as it is. A cut connection is taken up again at once; four
        fruitless tries in a row raise NetworkGone, or `reach` of them when nothing came at all. A wrong digest
        deletes the file (DigestMismatch). Also raises DiskFull, HomeNotWritable, ReleaseRefused.
        """
        whole, part = folder / asset.name, folder / f"{asset.name}.part"
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            if not await asyncio.to_thread(_is_whole, whole, asset.digest):
                async with client() as connected:
                    await self._verified(_Transfer(connected, asset, part, report), reach)
                await asyncio.to_thread(part.replace, whole)
                forget(part)
            report(_length(whole), _length(whole))
        except OSError as error:
            # a full disk keeps no half file that makes it fuller
            problem = from_os(error, folder)
            if isinstance(problem, DiskFull):
                forget(part)
            raise problem from error
        return whole

    async def _verified(self, transfer: "_Transfer", reach: int) -> None:
        """Bring all of it and check it; one that was put together on no more than hope is fetched anew, once."""
        while True:
            await self._until_whole(transfer, reach)
            try:
                await asyncio.to_thread(transfer.asset.digest.check, transfer.part)
            except DigestMismatch:
                hoped, transfer.hoped = transfer.hoped, False
                transfer.forget()
                if not hoped:
                    raise
            except OSError:
                transfer.forget()
                raise
            else:
                return

    async def _until_whole(self, transfer: "_Transfer", reach: int) -> None:
        fruitless, limit = 0, reach
        while not transfer.whole():
            have, reason = transfer.length, "the connection ended early"
            try:
                await transfer.go_on()
            except httpx2.TransportError as error:
                reason = words(error)
            except (httpx2.TooManyRedirects, httpx2.InvalidURL) as error:
                raise ReleaseRefused(f"{transfer.asset.name} is led nowhere: {words(error)}.") from error
            now = transfer.length
            if transfer.whole():
                return
            fruitless, limit = (0, TRIES) if now > have else (fruitless + 1, limit)
            if fruitless >= limit:
                of = "" if transfer.total is None else f" of {transfer.total:,}"
                raise NetworkGone(f"{now:,}{of} bytes came, then {reason}.", done=now, total=transfer.total)
            await self._pause(PAUSES[min(fruitless, len(PAUSES) - 1)])


class _Transfer:
    """One file on its way into `part`: `total` is its size, None until somebody tells.

    `hoped`: it went on where it had stopped though the server gives nothing to know the file again by; only the
    digest can tell whether both pieces are of one file.
    """

    def __init__(self, connected: httpx2.AsyncClient, asset: Asset, part: Path, report: Report) -> None:
        self.asset, self.part, self.hoped = asset, part, False
        self._client, self._report = connected, report
        before = _unfinished(part)
        if before is None or (before.url, before.digest) != (asset.url, asset.digest.value):
            self.forget()  # what lies there is of some other file
            before = None
        self.total = before.size if asset.size is None and before is not None else asset.size

    @property
    def length(self) -> int:
        return _length(self.part)

    def whole(self) -> bool:
        return self.total is not None and self.length >= self.total

    def forget(self) -> None:
        forget(self.part)
        self.total = self.asset.size

    async def go_on(self) -> None:
        """Ask for what is missing and append it."""
        have, before = self.length, _unfinished(self.part)
        headers = {}
        if have and before is not None:
            headers["Range"] = f"bytes={have}-"
            if before.tag:  # If-Range: the server sends the rest only of the very same file, else all of it
                headers["If-Range"] = before.tag
        async with self._client.stream("GET", self.asset.url, headers=headers) as answer:
            if answer.status_code == 416 and have:
                self.forget()
                return
            if answer.status_code not in (200, 206):
                raise ReleaseRefused(f"It answered {answer.status_code} for {self.asset.name}.")
            goes_on, size = _piece(answer, have)
            if answer.status_code == 206 and not goes_on:
                self.forget()
                return
            if self.asset.size is None:
                self.total = size
            # a weak ETag does not promise the same bytes, so it cannot be asked with (RFC 9110, 13.1.5)
            tag = answer.headers.get("etag", "")
            tag = tag if tag and not tag.startswith("W/") else answer.headers.get("last-modified", "")
            self.hoped = goes_on and have > 0 and (self.hoped or "If-Range" not in headers)
            known = Unfinished(self.asset.url, self.asset.digest.value, tag, self.total)
            await asyncio.to_thread(_remember, self.part, known)
            await self._append(answer, have if goes_on else 0)

    async def _append(self, answer: httpx2.Response, done: int) -> None:
        with self.part.open("ab" if done else "wb") as file:
            async for chunk in answer.aiter_raw():
                done += len(chunk)
                if self.total is not None and done > self.total:
                    told = f"{self.asset.name} is longer than the {self.total:,} bytes that were announced."
                    raise ReleaseRefused(told)
                await asyncio.to_thread(file.write, chunk)
                self._report(done, self.total)
            await asyncio.to_thread(file.flush)
        if self.total is None:
            self.total = done  # nobody told, and the server ended it in good order


def words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_whole(path: Path, digest: Digest) -> bool:
    """Tell whether a finished download lies there, as when the hub was killed before it was used. Blocks."""
    try:
        digest.check(path)
    except FileNotFoundError:
        return False
    except DigestMismatch:
        path.unlink()
        return False
    return True


def _piece(answer: httpx2.Response, have: int) -> tuple[bool, int | None]:
    """Return whether the answer begins where we stopped, and the size of the whole file when it tells."""
    if answer.status_code == 206:
        piece, _, size = answer.headers.get("content-range", "").partition("/")
        return piece.startswith(f"bytes {have}-"), int(size) if size.isdecimal() else None
    size = answer.headers.get("content-length", "")
    return False, int(size) if size.isdecimal() else None


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
