# SPDX-License-Identifier: MIT
"""The system check: what this machine has, and what to do about what it lacks."""

import asyncio
import os
import platform
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import psutil

from opencode_nexus.install import ripgrep
from opencode_nexus.install.bringing import NEEDED
from opencode_nexus.install.platforms import this_machine

Status = Literal["pass", "warn", "fail", "unknown"]

MEMORY = 4_000_000_000  # bytes: one OpenCode server takes 300 to 500 MB, its language servers more (1.18.33)
LITTLE_MEMORY = 1_000_000_000
DISK = 2_000_000_000  # bytes: the program, sessions and snapshots for a while
LITTLE_DISK = 50_000_000  # below that not even the database has room to grow
# Public resolvers that answer TCP everywhere; only the connection is tried, nothing is sent.
TARGETS = (("1.1.1.1", 53), ("8.8.8.8", 53), ("208.67.222.222", 53))
TIME_OUT = 2.0  # seconds for all of them together


@dataclass(frozen=True, slots=True)
class Check:
    """One line: `said` is what was found, `todo` what to do ("" when nothing), `stops` that it must be done
    first.
    """

    key: str
    title: str
    status: Status
    said: str
    todo: str = ""
    stops: bool = False


def system(at_hand: bool) -> Check:
    """Which system and version; it matters only when a build has to be brought."""
    name = _system_name()
    try:
        builds = this_machine().builds()
    except OSError as error:
        return Check("system", "Operating system", "unknown", f"{name}; the processor is not known ({error}).")
    if builds:
        return Check("system", "Operating system", "pass", f"{name}, {platform.machine()}.")
    said = f"{name}, {platform.machine()}: OpenCode is not published for it."
    todo = "Build OpenCode yourself and give its path in the next step."
    return Check("system", "Operating system", "warn" if at_hand else "fail", said, "" if at_hand else todo)


def _system_name() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    elif sys.platform == "win32":
        return f"Windows {platform.win32_ver()[0]} ({platform.version()})"
    else:
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            return f"{platform.system()} {platform.release()}"


def memory() -> Check:
    """How much memory there is for us: the machine's, or less when a container limits it."""
    try:
        total = min(psutil.virtual_memory().total, _limit())
    except (OSError, psutil.Error) as error:
        return Check("memory", "Memory", "unknown", f"It could not be found out: {error}.")
    said = f"{total / 1e9:.1f} GB."
    if total >= MEMORY:
        return Check("memory", "Memory", "pass", said)
    todo = "4 GB or more are advised. Close other programs, and keep to one server and few projects."
    return Check("memory", "Memory", "fail" if total < LITTLE_MEMORY else "warn", said, todo)


def _limit() -> int:
    """Return the memory limit of our control group in bytes; a huge number when there is none."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            return int(Path("/sys/fs/cgroup", name).read_text())
        except (OSError, ValueError):  # not there, or "max"
            continue
    return 1 << 63


def disk(home: Path, at_hand: bool) -> Check:
    """How much room there is where the home folder is, or will be."""
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk", "Free disk space", "unknown", f"It could not be found out: {error.strerror or error}.")
    said = f"{free / 1e9:.1f} GB free for {home}." if free >= 1e9 else f"{free / 1e6:.0f} MB free for {home}."
    if free >= DISK:
        return Check("disk", "Free disk space", "pass", said)
    stops = free < LITTLE_DISK or (free < NEEDED and not at_hand)
    todo = "Free some space (2 GB or more are advised), or start with another home folder: --home."
    return Check("disk", "Free disk space", "fail" if stops else "warn", said, todo, stops)


async def network(at_hand: bool) -> Check:
    """Whether a connection to the outside can be made, through the proxy when one is set."""
    proxies = await asyncio.to_thread(urllib.request.getproxies)
    proxy = urlsplit(proxies.get("https") or proxies.get("http") or "")
    targets = [(proxy.hostname, proxy.port or 80)] if proxy.hostname else list(TARGETS)
    tries = [asyncio.create_task(_reaches(host, port)) for host, port in targets]
    try:
        for first in asyncio.as_completed(tries, timeout=TIME_OUT):
            if reached := await first:
                how = f"The proxy {reached} answers." if proxy.hostname else f"{reached} answers."
                return Check("network", "Network", "pass", how)
    except TimeoutError:
        pass
    finally:
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
    said = f"{', '.join(f'{host}:{port}' for host, port in targets)} did not answer."
    if at_hand:
        todo = "A model on this machine and the practice model work without. Providers on the internet do not."
        return Check("network", "Network", "warn", said, todo)
    todo = "OpenCode is not on this machine yet. Connect it, or give the path of a copy in the next step."
    return Check("network", "Network", "fail", said, todo)


async def _reaches(host: str, port: int) -> str:
    """Return `host` when it takes a connection, else an empty string."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return ""
    writer.close()
    return host


def home_folder(home: Path) -> Check:
    """Whether we can write to the home folder: without it nothing works."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as error:
        said = f"{home} cannot be written to: {error.strerror or error}."
        todo = "Change its owner or rights, or start with another home folder: --home."
        return Check("home", "Home folder", "fail", said, todo, stops=True)
    return Check("home", "Home folder", "pass", f"{home} can be written to.")


def git(environ: Mapping[str, str]) -> Check:
    """Whether git is there: OpenCode's undo and lists of changes use it."""
    found = shutil.which("git", path=environ.get("PATH", ""))
    if found:
        return Check("git", "Git", "pass", f"{found}.")
    todo = "Install git, so that OpenCode can show and undo changes. All else works without."
    return Check("git", "Git", "warn", "It was not found on PATH.", todo)


def search_tool(environ: Mapping[str, str]) -> Check:
    """Whether ripgrep is there: OpenCode's search tools use it, and try to download it otherwise."""
    found = ripgrep.find(environ)
    if found:
        return Check("ripgrep", "Ripgrep", "pass", f"{found}.")
    todo = "Install ripgrep, so that agents can search in files. OpenCode tries to download it otherwise."
    return Check("ripgrep", "Ripgrep", "warn", "It was not found.", todo)


def every(
    home: Path, *, at_hand: bool, environ: Mapping[str, str] = os.environ
) -> dict[str, Callable[[], Awaitable[Check]]]:
    """Return every check by its key, to be made when called; `at_hand`: an OpenCode that works is there."""
    return {
        "system": lambda: asyncio.to_thread(system, at_hand),
        "memory": lambda: asyncio.to_thread(memory),
        "disk": lambda: asyncio.to_thread(disk, home, at_hand),
        "network": lambda: network(at_hand),
        "home": lambda: asyncio.to_thread(home_folder, home),
        "git": lambda: asyncio.to_thread(git, environ),
        "ripgrep": lambda: asyncio.to_thread(search_tool, environ),
    }


async def run(home: Path, *, at_hand: bool, environ: Mapping[str, str] = os.environ) -> list[Check]:
    """Return every check, made at the same time (at most two seconds)."""
    looks = every(home, at_hand=at_hand, environ=environ).values()
    return list(await asyncio.gather(*(look() for look in looks)))
