# SPDX-License-Identifier: MIT
"""Who is whose sub-agent: a session's parent, the others that work for the same one, and its own."""

from dataclasses import dataclass

from opencode_nexus.chat.feed import Feed
from opencode_nexus.chat.sessions import SessionSummary, summary
from opencode_nexus.opencode.api import Client


@dataclass(frozen=True, slots=True)
class Family:
    """`parent` is None for a chat that a person began; `siblings` are without the session itself."""

    parent: SessionSummary | None
    siblings: tuple[SessionSummary, ...]
    children: tuple[SessionSummary, ...]


async def family(client: Client, feed: Feed, session_id: str) -> Family:
    """Return a session's family as OpenCode has it now; raises what `Client` raises."""
    mine = summary(feed, await client.session(session_id))
    parent = summary(feed, await client.session(mine.parent_id)) if mine.parent_id else None
    siblings = await client.children(parent.id) if parent is not None else []
    children = await client.children(session_id)
    return Family(
        parent,
        tuple(one for one in _sorted(feed, siblings) if one.id != session_id),
        tuple(_sorted(feed, children)),
    )


def _sorted(feed: Feed, infos: list[dict[str, object]]) -> list[SessionSummary]:
    return sorted((summary(feed, info) for info in infos), key=lambda one: (one.created, one.id))
