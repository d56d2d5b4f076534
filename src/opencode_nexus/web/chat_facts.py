# SPDX-License-Identifier: MIT
"""What `chat.actions` knows of a session, as its page's head takes it."""

from typing import Any

from opencode_nexus.web.context import Hub


def actions_facts(hub: Hub, server_id: str, session_id: str) -> dict[str, Any]:
    """Return members of `render.components.head.HeadFacts`."""
    facts = hub.actions.facts(server_id, session_id)
    fresh = hub.actions.trash.fresh(server_id, session_id)
    return {
        "pinned": facts.pinned,
        "archived": facts.archived,
        "due": facts.due,
        "origin": facts.origin,
        "parent": facts.parent,
        "agents": facts.agents,
        "put_back": facts.put_back,
        "notice": (facts.notice.kind, facts.notice.words) if facts.notice is not None else None,
        "deleted": (fresh.session_id, fresh.title) if fresh is not None else None,
    }
