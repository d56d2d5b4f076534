# SPDX-License-Identifier: MIT
"""What undoing a message would do: which messages go, and which files are put back."""

import asyncio
from dataclasses import dataclass
from typing import Any

from opencode_nexus.chat.backwards import newest_first
from opencode_nexus.chat.errors import MessageNotFound
from opencode_nexus.opencode import session_changes
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.wire import child, seconds

JSON = dict[str, Any]
WORDS = 160  # characters of a message that are shown to know it by
AT_ONCE = 4  # diffs that are asked for together


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message to know it by; `at` in epoch seconds, `words` how it begins."""

    id: str
    role: str
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done to a file by the turns in question, in lines; `status` is added, modified or deleted."""

    path: str
    additions: int
    deletions: int
    status: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """`message_id` is the user's message from which on all goes; `text` is what stands in it.

    `snapshots`: OpenCode keeps them in this folder; without them no file is put back.
    """

    message_id: str
    messages: tuple[Spoken, ...]
    files: tuple[Changed, ...]
    snapshots: bool
    text: str


async def undoing(client: Client, session_id: str, message_id: str, directory: str) -> Undoing:
    """Return what undoing from a message on would do. An answer is undone with its question.

    Raises MessageNotFound, and what `Client` raises.
    """
    spoken: list[Spoken] = []
    wanted, text, seen = message_id, "", False
    async for item in newest_first(client, session_id):
        info = child(item, "info")
        spoken.append(_spoken(item))
        if info.get("id") != wanted:
            continue
        seen = True
        if info.get("role") == "user":
            text = text_of(item)
            break
        wanted = str(info.get("parentID") or "")
    else:
        raise MessageNotFound(f"Asked for: {(wanted if seen else message_id)[:80]!r}.")
    spoken.reverse()
    snapshots = await session_changes.has_snapshots(client, directory)
    files = await _files(client, session_id, [one.id for one in spoken if one.role == "user"]) if snapshots else ()
    return Undoing(wanted, tuple(spoken), files, snapshots, text)


async def coming_back(client: Client, session_id: str, message_id: str) -> tuple[Spoken, ...]:
    """Return the messages that come back when what was undone from `message_id` on is restored."""
    spoken: list[Spoken] = []
    async for item in newest_first(client, session_id):
        spoken.append(_spoken(item))
        if spoken[-1].id == message_id:
            break
    spoken.reverse()
    return tuple(spoken)


async def _files(client: Client, session_id: str, questions: list[str]) -> tuple[Changed, ...]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(message_id: str) -> list[JSON]:
        async with limit:
            return await session_changes.message_diff(client, session_id, message_id)

    found: dict[str, Changed] = {}
    for diffs in await asyncio.gather(*(one(message_id) for message_id in questions)):
        for diff in diffs:
            path = str(diff.get("file") or "")
            before = found.get(path)
            found[path] = Changed(
                path,
                _number(diff.get("additions")) + (before.additions if before else 0),
                _number(diff.get("deletions")) + (before.deletions if before else 0),
                "added" if before is not None and before.status == "added" else str(diff.get("status") or "modified"),
            )
    return tuple(found[path] for path in sorted(found))


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _spoken(item: JSON) -> Spoken:
    info = child(item, "info")
    at = seconds(child(info, "time").get("created")) or 0.0
    words = " ".join(text_of(item).split()) or (f"Used {', '.join(tools)}." if (tools := _tools(item)) else "")
    shown = words if len(words) <= WORDS else words[: WORDS - 1] + "…"
    return Spoken(str(info.get("id", "")), str(info.get("role", "")), at, shown)


def text_of(item: JSON) -> str:
    """Return what was written in a message, without what OpenCode added to it."""
    parts = [part for part in item.get("parts") or () if part.get("type") == "text" and not part.get("synthetic")]
    return "\n\n".join(str(part.get("text") or "") for part in parts)


def _tools(item: JSON) -> list[str]:
    tools = (str(part.get("tool") or "") for part in item.get("parts") or () if part.get("type") == "tool")
    return list(dict.fromkeys(tools))
