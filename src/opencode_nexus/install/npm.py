# SPDX-License-Identifier: MIT
"""Brings an OpenCode build through the npm client, by exact version and with scripts off."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from opencode_nexus.core.errors import NexusError
from opencode_nexus.install.errors import (
    DigestMismatch,
    DiskFull,
    HomeNotWritable,
    NetworkGone,
    NoSuchBuild,
    NpmFailed,
)
from opencode_nexus.install.platforms import PROGRAM
from opencode_nexus.install.progress import Report

POLL = 0.25  # seconds between two looks at the growing folder
_SAID = 2_000  # characters of npm's own output that an error carries
# npm's defaults wait 10 s and 60 s before its two retries: too long for someone who looks at a page
_QUICK = (
    "--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000",
    "--fetch-timeout=60000",
)  # fmt: skip
_QUIET = (
    "--json", "--loglevel=error", "--logs-max=0", "--no-progress", "--no-audit", "--no-fund", "--no-update-notifier",
)  # fmt: skip
_ABSENT = frozenset({"E404", "ETARGET", "EBADPLATFORM", "ENOVERSIONS"})
_OFFLINE = frozenset({
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH",
    "EPIPE", "ERR_SOCKET_TIMEOUT", "FETCH_ERROR", "ENETDOWN", "ECONNABORTED", "EADDRNOTAVAIL", "ENOTCACHED",
    "E502", "E503", "E504",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """What npm tells of one build: `integrity` as in a lock file, `unpacked` bytes (None: this registry does
    not say), `tarball` the address of its file (None: none that can be asked with plain HTTP).
    """

    package: str
    version: str
    integrity: str
    unpacked: int | None
    tarball: str | None = None


def find(environ: Mapping[str, str]) -> str | None:
    """Return the npm client on PATH, or None."""
    return shutil.which("npm", path=environ.get("PATH", ""))


def failure(package: str, said: str) -> NexusError:
    """Return npm's words `said` (its --json output, or plain text) as one of our errors."""
    code, summary = "", ""
    with contextlib.suppress(ValueError, AttributeError):
        start = said.find("{")
        problem = json.JSONDecoder().raw_decode(said[start:])[0]["error"] if start >= 0 else {}
        code, summary = str(problem.get("code", "")), str(problem.get("summary", ""))
    data: dict[str, Any] = {"output": said.strip()[-_SAID:], "npm_code": code}
    summary = summary or (said.strip().splitlines() or ["npm said nothing."])[-1]
    if code in _ABSENT:
        return NoSuchBuild(f"npm has no {package}: {summary}", **data)
    if code in _OFFLINE:
        return NetworkGone(f"npm could not reach its registry ({code}): {summary}", **data)
    if code == "EINTEGRITY":
        return DigestMismatch(f"npm refused {package}: {summary}", **data)
    if code in ("ENOSPC", "EDQUOT"):
        return DiskFull(f"npm: {summary}", **data)
    if code in ("EACCES", "EPERM", "EROFS"):
        return HomeNotWritable(f"npm: {summary}", **data)
    return NpmFailed(summary, **data)


def end_tree(pid: int) -> None:
    """End npm and all it started, at once; nothing of it is worth keeping."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def tidy(cache: Path) -> None:
    """Delete what an npm that was killed had half written to its cache; npm itself never looks there again. Blocks."""
    shutil.rmtree(cache / "_cacache" / "tmp", ignore_errors=True)


def _size(folder: Path) -> int:
    """Return the bytes of all files below `folder`, as they are now."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).stat().st_size
    return total


class Npm:
    """The npm client `program`, run with `environ`, so that its own settings (registry, proxy) hold.

    What it fetches by itself goes through `cache`, which outlives a try that was cut or cancelled.
    """

    def __init__(self, program: str, environ: Mapping[str, str], cache: Path) -> None:
        self._program, self._environ, self._cache = program, environ, cache

    async def _run(self, work: Path, cache: Path, *arguments: str) -> tuple[int, str]:
        """Run npm in `work`; return its exit code and output. A cancelled call ends npm with its children."""
        out = work / "npm.out"
        with out.open("wb") as stdout:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                *_QUIET,
                *_QUICK,
                f"--cache={cache}",
                cwd=work,
                env=dict(self._environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=stdout,
                start_new_session=True,
            )
        try:
            code = await process.wait()
        except BaseException:
            end_tree(process.pid)
            await asyncio.shield(process.wait())
            await asyncio.shield(asyncio.to_thread(tidy, cache))
            raise
        return code, out.read_text(errors="replace")

    async def view(self, package: str, version: str, work: Path) -> Published:
        """Ask npm for one exact version; raises NoSuchBuild, NetworkGone or NpmFailed."""
        spec = f"{package}@{version}"
        fields = ("version", "dist.integrity", "dist.unpackedSize", "dist.tarball")
        code, said = await self._run(work, self._cache, "view", spec, *fields)
        if code != 0:
            raise failure(spec, said)
        try:
            told = json.loads(said[said.index("{") :])
            unpacked, tarball = told.get("dist.unpackedSize"), str(told.get("dist.tarball"))
            return Published(
                package, told["version"], told["dist.integrity"], int(unpacked) if unpacked else None,
                tarball if tarball.startswith(("https://", "http://")) else None,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise NpmFailed(f"npm's answer about {spec} cannot be read.", output=said[-_SAID:]) from error

    async def fetch(self, published: Published, work: Path, report: Report) -> Path:
        """Let npm fetch one build and install it below `work`; return its program. `report(bytes, total)` is called
        while it grows.

        npm checks the download against the published integrity; we check that it did (its lock names the same
        integrity). Raises as `view` does, and DigestMismatch, DiskFull, HomeNotWritable.
        """
        watcher = asyncio.create_task(self._watch(work / "node_modules", published.unpacked, report))
        try:
            return await self._install(published, f"{published.package}@{published.version}", work, self._cache)
        except DiskFull:
            await asyncio.to_thread(shutil.rmtree, self._cache, True)  # a full disk keeps nothing that makes it fuller
            raise
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def unpack(self, published: Published, tarball: Path, work: Path) -> Path:
        """Let npm install one build below `work` from its file `tarball`; return its program. Raises as `fetch`."""
        # Relative, as npm takes the % and # of an absolute path for parts of an address. Its cache goes with `work`:
        # npm copies even a file of this disk into it.
        spec = Path(os.path.relpath(tarball, work)).as_posix()
        return await self._install(published, spec, work, work / "cache")

    async def _install(self, published: Published, spec: str, work: Path, cache: Path) -> Path:
        # Marks the folder as the one to install into. --prefix would too, but takes the machine's own npm settings
        # (<prefix>/etc/npmrc: certificates, registry, proxy) away.
        (work / "package.json").write_text("{}")
        modules, named = work / "node_modules", f"{published.package}@{published.version}"
        code, said = await self._run(
            work, cache, "install", "--ignore-scripts", "--no-save", "--no-package-lock", spec
        )  # fmt: skip
        if code != 0:
            raise failure(named, said)
        await asyncio.to_thread(self._confirm, published, modules)
        program = modules / published.package / "bin" / PROGRAM
        if not program.is_file():
            raise NoSuchBuild(f"{named} holds no program at bin/{PROGRAM}.")
        return program

    async def _watch(self, modules: Path, total: int | None, report: Report) -> None:
        while True:
            report(await asyncio.to_thread(_size, modules), total)
            await asyncio.sleep(POLL)

    @staticmethod
    def _confirm(published: Published, modules: Path) -> None:
        """Raise DigestMismatch unless npm's own lock says that it verified what was published."""
        try:
            lock = json.loads((modules / ".package-lock.json").read_text())
            entry = lock["packages"][f"node_modules/{published.package}"]
            installed, integrity = entry["version"], entry["integrity"]
        except (OSError, ValueError, KeyError) as error:
            raise NpmFailed("npm left no record of what it verified.") from error
        if installed != published.version or integrity != published.integrity:
            raise DigestMismatch(
                f"npm installed {installed} with {integrity[:20]}…, published is {published.integrity[:20]}…."
            )
