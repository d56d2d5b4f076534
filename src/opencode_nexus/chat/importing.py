# SPDX-License-Identifier: MIT
"""A file that `opencode export` or the hub made becomes a session: checked here, brought in by OpenCode itself.

`opencode import` (1.18.33) writes into the database, puts the session into the folder it is run in, and skips
silently what has an id that is there already: so it is looked up before, and counted after.
"""

import asyncio
import mmap
import os
import re
import tempfile
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from opencode_nexus.chat.backwards import newest_first
from opencode_nexus.chat.errors import ImportExists, ImportFailed, ImportInvalid, ImportTooLarge
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import UnknownToOpenCode

JSON = dict[str, Any]
LARGEST = 200 * 1024 * 1024  # bytes of a file
HEAD = 1_000_000  # bytes of what it says of the session; 20 MB of it took 400 MB of memory
MOST = 1_000_000  # messages and parts, which take some 250 MB while they are looked at
_ID = {name: re.compile(rf"{name}_[A-Za-z0-9]{{1,64}}") for name in ("ses", "msg", "prt")}
# What would act here and not only be read: rights that were given elsewhere, and ties to what is not here.
_LEFT_OUT = ("permission", "share", "parentID", "workspaceID")


class Program(Protocol):
    """Runs the OpenCode of a server, with that server's environment and data."""

    async def command(self, server_id: str, words: list[str], folder: str) -> tuple[int, str]:
        """Return the exit status and what it wrote; raises a NexusError when it cannot be run."""
        ...


class _Head(msgspec.Struct):
    """Of a message or a part. As each is read it is counted, so that a file of nothing else cannot fill the memory."""

    id: str
    session_id: str = msgspec.field(default="", name="sessionID")
    message_id: str = msgspec.field(default="", name="messageID")
    role: str = ""

    def __post_init__(self) -> None:
        counted = _counted.get()
        counted[0] += 1
        if counted[0] > MOST:
            raise ImportTooLarge(f"It has more than {MOST:,} messages and parts.")


class _Message(msgspec.Struct):
    info: _Head
    parts: list[_Head] = msgspec.field(default_factory=list)


class _File(msgspec.Struct):
    info: msgspec.Raw
    messages: msgspec.Raw


_counted: ContextVar[list[int]] = ContextVar("_counted")


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file holds: the session's id and title, and how many messages."""

    session_id: str
    title: str
    messages: int


@dataclass(frozen=True, slots=True)
class Imported:
    """A session that was brought in: `came` of the file's `messages` are there now."""

    session_id: str
    title: str
    messages: int
    came: int


def checked(source: Path, target: Path) -> Outline:
    """Check a file and write to `target` what is to be imported of it; raises ImportInvalid or ImportTooLarge. Blocks.

    The file is mapped, not read, and of its messages only the ids are held.
    """
    _counted.set([0])
    size, too_large = source.stat().st_size, ""
    if size > LARGEST:
        raise ImportTooLarge(f"It has {size // 1_000_000} MB.")
    if not size:
        raise ImportInvalid("It is empty.")
    with (
        source.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
        memoryview(whole) as view,
    ):
        # an error keeps what looks into the file, which can then not be closed: it is told anew, outside
        try:
            return _checked(view, target)
        except msgspec.DecodeError as error:
            problem = f"{error}."
        except RecursionError:
            problem = "It is nested too deep."
        except ImportInvalid as error:
            problem = error.detail
        except ImportTooLarge as error:
            too_large = error.detail
    if too_large:
        raise ImportTooLarge(too_large)
    raise ImportInvalid(problem)


def _checked(view: memoryview, target: Path) -> Outline:
    data = msgspec.json.decode(view, type=_File)
    if len(memoryview(data.info)) > HEAD:
        raise ImportTooLarge(f"What it says of the session has more than {HEAD // 1_000_000} MB.")
    info = msgspec.json.decode(data.info, type=JSON)
    session_id = str(info.get("id", ""))
    _check("ses", session_id)
    messages = msgspec.json.decode(data.messages, type=list[_Message])
    for message in messages:
        _check("msg", message.info.id)
        if message.info.session_id != session_id:
            raise ImportInvalid(f"The message {message.info.id} is of another session.")
        if message.info.role not in ("user", "assistant"):
            raise ImportInvalid(f"The message {message.info.id} is neither a user's nor an assistant's.")
        for part in message.parts:
            _check("prt", part.id)
            if part.message_id != message.info.id:
                raise ImportInvalid(f"The part {part.id} is of another message.")
    kept = {name: value for name, value in info.items() if name not in _LEFT_OUT}
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(b'{"info":' + msgspec.json.encode(kept) + b',"messages":')
        out.write(memoryview(data.messages))
        out.write(b"}")
    del data  # it looks into the mapped file, which is about to be closed
    return Outline(session_id, str(info.get("title") or ""), len(messages))


def _check(kind: str, value: str) -> None:
    if not _ID[kind].fullmatch(value):
        raise ImportInvalid(f"{value[:80]!r} is no id of OpenCode’s.")


async def bring_in(client: Client, program: Program, server_id: str, source: Path, folder: str) -> Imported:
    """Import a file into a folder of a server; raises ImportInvalid, ImportTooLarge, ImportExists or ImportFailed."""
    with tempfile.TemporaryDirectory(prefix="nexus-import-") as place:
        target = Path(place) / "session.json"
        outline = await asyncio.to_thread(checked, source, target)
        try:
            there = await client.session(outline.session_id)
        except UnknownToOpenCode:
            pass
        else:
            raise ImportExists(f"It is “{there.get('title') or 'New chat'}”.", session_id=outline.session_id)
        status, said = await program.command(server_id, ["import", str(target)], folder)
    try:
        await client.session(outline.session_id)
    except UnknownToOpenCode as error:
        raise ImportFailed(_words(status, said)) from error
    came = 0
    async for _ in newest_first(client, outline.session_id):
        came += 1
    return Imported(outline.session_id, outline.title, outline.messages, came)


def _words(status: int, said: str) -> str:
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", said).split())
    return f"It said: {plain[-400:]}" if plain else f"It ended with status {status} and said nothing."
