# SPDX-License-Identifier: MIT
"""The way to a message's menu: one link. static/actions.js opens the one menu of the page in its place."""

from typing import Any
from urllib.parse import quote

from markupsafe import Markup


def more(message_id: str, info: dict[str, Any], created_ms: int) -> Markup:
    """Return the link, relative to the chat's address; empty for a message of no known session."""
    session_id = str(info.get("sessionID") or "")
    if not session_id:
        return Markup("")
    address = f"{quote(session_id)}/message/{quote(message_id)}?at={created_ms}"
    return Markup('<a class="more" href="{}" aria-label="Menu of this message">…</a>').format(address)
