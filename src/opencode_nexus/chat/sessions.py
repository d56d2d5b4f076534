# SPDX-License-Identifier: MIT
"""The list of a server's sessions."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from opencode_nexus.chat.errors import SessionNotFound
from opencode_nexus.chat.feed import Feed
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.state import StatusKind

LISTED = 100  # newest sessions of each folder
_SESSION_ID = re.compile(r"ses_[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session in a list. `waiting` counts what it and its sub-agents wait for. Times are epoch seconds."""

    id: str
    title: str
    directory: str
    parent_id: str | None
    created: float
    updated: float
    status: StatusKind
    waiting: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many chats of a server run, and how many wait for a person. Sub-agents count as their chat."""

    running: int
    waiting: int


def checked_id(session_id: str) -> str:
    """Return the id if it can be a session's; raises SessionNotFound. It becomes part of an address."""
    if not _SESSION_ID.fullmatch(session_id):
        raise SessionNotFound(f"Asked for: {session_id[:80]!r}.")
    return session_id


def summary(feed: Feed, info: dict[str, Any]) -> SessionSummary:
    """Return OpenCode's session object as an entry of a list, with what the feed knows of it."""
    head = feed.learn(info)
    return SessionSummary(
        id=head.id,
        title=head.title,
        directory=head.directory,
        parent_id=head.parent_id,
        created=head.created,
        updated=head.updated,
        status=feed.status(head.id).kind,
        waiting=len(feed.asking(head.id)),
    )


async def sessions(client: Client, feed: Feed, directories: tuple[str, ...]) -> list[SessionSummary]:
    """The sessions of all folders, the one used last first; sub-agents' sessions have a parent."""
    pages = await asyncio.gather(*(client.sessions(directory, LISTED) for directory in directories))
    found: dict[str, SessionSummary] = {}
    for info in (info for page in pages for info in page):
        found[str(info.get("id", ""))] = summary(feed, info)
    return sorted(found.values(), key=lambda summary: (-summary.updated, summary.id))
