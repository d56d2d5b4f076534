# SPDX-License-Identifier: MIT
"""OpenCode that was started on this machine by somebody else: found by its processes, so that it can be attached."""

import asyncio
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import PurePath

import psutil

from opencode_nexus.fleet.attached_errors import NotOpenCode, PasswordRefused, Unreachable
from opencode_nexus.fleet.environment import MARK, USERNAME
from opencode_nexus.fleet.reach import Login, connect, folder, greet
from opencode_nexus.processes.own_user import user_id
from opencode_nexus.secrets.redact import Secret

NAMES = frozenset({"opencode", ".opencode", "opencode.exe"})
MOST = 50  # processes that are asked
SAID = 80  # characters of its command line that are shown


@dataclass(frozen=True, slots=True)
class Found:
    """One that listens: `folder` is where it was started ("": not known), `version` "" while it asks for a password."""

    pid: int
    address: str
    command: str
    folder: str
    version: str = ""
    password: bool = False


async def found(skip: Collection[int]) -> list[Found]:
    """Return those of this user that answer as OpenCode does, by their start; none of the processes `skip`.

    Whatever was started by a hub of ours is left out, and so is what came from it. They are only asked for their
    health, without a password.
    """
    candidates = await asyncio.to_thread(listening, frozenset(skip))
    asked = await asyncio.gather(*(_ask(one) for one in candidates))
    return [one for one in asked if one is not None]


def listening(skip: Collection[int]) -> list[Found]:
    """Return the processes of this user that have OpenCode's name and listen on TCP. Blocks: use a thread."""
    here: list[tuple[float, Found]] = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.pid in skip or not words or not _is_opencode(words, process) or not _is_mine(process):
                continue
            if MARK in process.environ():
                continue
            ports = process.net_connections("tcp")
            where = _folder(process)
            begun = process.create_time()
        except (psutil.Error, OSError):  # it has ended, or hides itself as our own servers do
            continue
        ends = sorted({(_host(c.laddr[0]), int(c.laddr[1])) for c in ports if c.status == psutil.CONN_LISTEN})
        for host, port in ends[:1]:
            command = " ".join(words)
            command = command if len(command) <= SAID else "…" + command[1 - SAID :]
            here.append((begun, Found(process.pid, f"http://{host}:{port}", command, where)))
    return [one for _, one in sorted(here, key=lambda pair: pair[0])][:MOST]


def _is_opencode(words: list[str], process: psutil.Process) -> bool:
    if PurePath(words[0]).name.lower() in NAMES:
        return True
    try:
        return PurePath(process.exe()).name.lower() in NAMES
    except (psutil.Error, OSError):
        return False


def _is_mine(process: psutil.Process) -> bool:
    if sys.platform == "win32":
        return bool(process.username() == psutil.Process().username())
    else:
        return bool(process.uids().real == user_id())


def _folder(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except (psutil.Error, OSError):
        return ""


def _host(listens: str) -> str:
    """Return where to reach on this machine what listens on an address."""
    if listens in ("0.0.0.0", ""):
        return "127.0.0.1"
    if listens == "::":
        return "[::1]"
    return f"[{listens}]" if ":" in listens else listens


async def _ask(one: Found) -> Found | None:
    client = connect(one.address, Login(USERNAME, Secret("")))
    try:
        version = await greet(client)
        return replace(one, version=version, folder=one.folder or await folder(client))
    except PasswordRefused:
        return replace(one, password=True)
    except (Unreachable, NotOpenCode):
        return None
    finally:
        await client.close()
