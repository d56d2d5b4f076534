# SPDX-License-Identifier: MIT
"""A chat as a file, looked at before it is brought in: in a process of its own.

A thread is not enough: it holds the interpreter while a file of 100 MB is decoded, and every page with it. And what
the memory of it was goes back when it ends. This module imports little, so that it begins soon.
"""

import asyncio
import contextlib
import mmap
import os
import re
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from opencode_nexus.chat.errors import ImportFailed, ImportInvalid, ImportTooLarge

JSON = dict[str, Any]
LARGEST = 200 * 1024 * 1024  # bytes of a file
HEAD = 1_000_000  # bytes of what it says of the session; 20 MB of it took 400 MB of memory
MOST = 1_000_000  # messages and parts, which take some 250 MB while they are looked at
_ID = {name: re.compile(rf"{name}_[A-Za-z0-9]{{1,64}}") for name in ("ses", "msg", "prt")}
# What would act here and not only be read: rights that were given elsewhere, and ties to what is not here.
_LEFT_OUT = ("permission", "share", "parentID", "workspaceID")


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file holds: the session's id and title, and how many messages."""

    session_id: str
    title: str
    messages: int


class _Answer(msgspec.Struct):
    """What the process says of a file; `error` is the code of what is wrong with it."""

    session_id: str = ""
    title: str = ""
    messages: int = 0
    error: str = ""
    detail: str = ""


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


async def looked_at(source: Path, target: Path) -> Outline:
    """Do as `checked` does, in a process of its own, which ends with whoever waits; raises ImportFailed too."""
    words = [sys.executable, "-P", "-m", __name__, str(source), str(target)]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, said = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        answer = msgspec.json.decode(out, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise ImportFailed(f"It could not be looked at (status {process.returncode}). {last[-300:]}".strip()) from error
    for kind in (ImportInvalid, ImportTooLarge):
        if answer.error == kind.code:
            raise kind(answer.detail)
    return Outline(answer.session_id, answer.title, answer.messages)


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


def main(source: str, target: str) -> None:
    """Say on standard output, as JSON, what a file holds."""
    try:
        found = checked(Path(source), Path(target))
    except (ImportInvalid, ImportTooLarge) as error:
        answer = _Answer(error=error.code, detail=error.detail)
    else:
        answer = _Answer(found.session_id, found.title, found.messages)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
