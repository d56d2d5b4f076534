# SPDX-License-Identifier: MIT
"""The commands that agents run now, and whether they still do after a stop."""

import asyncio
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

import psutil

from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.wire import child
from opencode_nexus.processes.identity import Identity, alive, identify

LOOKED_AT = 4  # newest messages in which a tool may still run
WAIT = 1.5  # seconds that a command has for its end, after it was told
LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    """A command of an agent's bash tool, and its processes as far as they were found."""

    session_id: str
    command: str
    processes: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A command after a stop. `ended`: its processes are gone; None: they were never found. `pids` still run."""

    command: str
    ended: bool | None
    pids: tuple[int, ...] = ()


async def running(
    client: Client, sessions: Iterable[str], waiting: Container[str | None], server_pid: int | None
) -> list[Running]:
    """Return the commands that these sessions run now; the tool calls in `waiting` wait to be allowed."""
    found: list[Running] = []
    for session_id in sessions:
        page, _ = await client.messages(session_id, LOOKED_AT)
        for part in (part for item in page for part in item.get("parts") or ()):
            command = _command(part)
            if command and part.get("callID") not in waiting:
                found.append(Running(session_id, command))
    if not found or server_pid is None:
        return found
    return await asyncio.to_thread(_with_processes, found, server_pid)


async def ended(commands: Iterable[Running]) -> list[Told]:
    """Return what became of commands that were told to end, after looking again for a moment."""
    told: list[Told] = []
    for one in commands:
        left = list(one.processes)
        for _ in range(int(WAIT / LOOK)):
            left = await asyncio.to_thread(_alive, left)
            if not left:
                break
            await asyncio.sleep(LOOK)
        told.append(Told(one.command, not left if one.processes else None, tuple(each.pid for each in left)))
    return told


def _alive(processes: list[Identity]) -> list[Identity]:
    return [each for each in processes if alive(each)]


def _command(part: dict[str, Any]) -> str:
    state = child(part, "state")
    if part.get("type") != "tool" or part.get("tool") != "bash" or state.get("status") != "running":
        return ""
    return str(child(state, "input").get("command") or "")


def _with_processes(commands: list[Running], server_pid: int) -> list[Running]:
    """Find each command's shell among the server's children by its words, and all that came from it. Blocks."""
    try:
        children = psutil.Process(server_pid).children()
    except psutil.Error:
        return commands
    found = []
    for one in commands:
        mine: list[Identity] = []
        for process in children:
            try:
                # a shell with one simple command becomes that command, so its words are looked at as one line too
                if one.command not in " ".join(process.cmdline()):
                    continue
                family = [process, *process.children(recursive=True)]
            except psutil.Error:
                continue
            mine += [identity for each in family if (identity := identify(each.pid)) is not None]
        found.append(Running(one.session_id, one.command, tuple(mine)))
    return found
