# SPDX-License-Identifier: MIT
"""What `chat.actions` knows of a session, as its page's head takes it."""

from typing import Any

from opencode_nexus.web.context import Hub

FRESH = 60.0  # seconds in which every chat of a server offers to take a deletion back


def actions_facts(hub: Hub, server_id: str, session_id: str) -> dict[str, Any]:
    """Return members of `render.components.head.HeadFacts`."""
    facts = hub.actions.facts(server_id, session_id)
    now = hub.clock.now()
    fresh = [
        one for one in hub.actions.trash.of(server_id) if one.session_id != session_id and one.deleted > now - FRESH
    ]
    return {
        "pinned": facts.pinned,
        "archived": facts.archived,
        "due": facts.due,
        "origin": facts.origin,
        "parent": facts.parent,
        "agents": facts.agents,
        "put_back": facts.put_back,
        "notice": (facts.notice.kind, facts.notice.words) if facts.notice is not None else None,
        "deleted": (fresh[0].session_id, fresh[0].title) if fresh else None,
    }
