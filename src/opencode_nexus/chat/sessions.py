# SPDX-License-Identifier: MIT
"""The list of a server's sessions."""

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import Any

from opencode_nexus.chat.errors import CursorUnknown, SessionNotFound
from opencode_nexus.chat.feed import Feed
from opencode_nexus.chat.reconcile import FOR_ALL
from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeBadRequest
from opencode_nexus.opencode.state import StatusKind

log = logging.getLogger(__name__)

MISTAKE = "OpenCode refuses the folder. There may be a mistake in its opencode.json."
LISTED = 100  # newest sessions of each folder
ALL = 100_000  # OpenCode 1.18.33 lists from the newest and knows no cursor, so a later page is cut from everything
_CURSOR = re.compile(r"[0-9]{1,11}\.[0-9]{1,6}~ses_[A-Za-z0-9]{1,64}")
_SESSION_ID = re.compile(r"ses_[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session in a list. `waiting` counts what it and its sub-agents wait for. Times are epoch seconds.

    `error`: why its last turn failed, in OpenCode's shape, if the hub heard it. `archived`: since when.
    """

    id: str
    title: str
    directory: str
    parent_id: str | None
    created: float
    updated: float
    status: StatusKind
    waiting: int
    error: dict[str, Any] | None = None
    archived: float | None = None


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
        error=feed.errors.get(head.id),
        archived=head.archived,
    )


async def sessions(
    client: Client, feed: Feed, directories: tuple[str, ...], most: int = LISTED
) -> list[SessionSummary]:
    """The sessions of all folders, `most` of each, the one used last first; sub-agents' sessions have a parent.

    A folder that OpenCode cannot list is left out, and `feed.unlisted` says why; raises a NexusError when none can be.
    """
    failed: dict[str, NexusError] = {}

    async def of(directory: str) -> list[dict[str, Any]]:
        try:
            return await client.sessions(directory, most)
        except NexusError as error:
            if isinstance(error, FOR_ALL):
                raise
            failed[directory] = error
            return []

    pages = await asyncio.gather(*map(of, directories))
    if failed and len(failed) == len(directories):
        raise next(iter(failed.values()))
    if failed.keys() - feed.unlisted.keys():
        log.warning("the sessions of %s could not be listed: %s", ", ".join(failed), next(iter(failed.values())).title)
    # its own words are not passed on: of a file that it cannot read they are the file, with the keys in it
    feed.unlisted = {
        directory: MISTAKE if isinstance(error, OpenCodeBadRequest) else error.title
        for directory, error in failed.items()
    }
    found: dict[str, SessionSummary] = {}
    for info in (info for page in pages for info in page):
        found[str(info.get("id", ""))] = summary(feed, info)
    found = {key: one for key, one in found.items() if not feed.hides(key)}
    return sorted(found.values(), key=lambda summary: (-summary.updated, summary.id))


async def page(
    client: Client, feed: Feed, directories: tuple[str, ...], limit: int, before: str | None
) -> tuple[list[SessionSummary], str | None]:
    """`limit` sessions after the cursor `before`, and the cursor of the page after them; raises CursorUnknown."""
    if before is not None and not _CURSOR.fullmatch(before):
        raise CursorUnknown(f"Asked for: {before[:80]!r}.")
    found = await sessions(client, feed, directories, limit + 1 if before is None else ALL)
    if before is None and len(found) <= limit and feed.hidden:  # those that are left out may have stood for others
        found = await sessions(client, feed, directories, ALL)
    if before is not None:
        updated, _, session_id = before.partition("~")
        found = [one for one in found if (-one.updated, one.id) > (-float(updated), session_id)]
    shown = found[:limit]
    return shown, f"{shown[-1].updated}~{shown[-1].id}" if len(found) > limit else None
