# SPDX-License-Identifier: MIT
"""A session's messages from one of them to the newest, read a page at a time: a session may be very long."""

from collections.abc import AsyncIterator
from typing import Any

from opencode_nexus.chat.errors import MessageNotFound
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.wire import child

JSON = dict[str, Any]
PAGE = 100  # messages; 5 ms and 170 kB of a usual session


async def newest_first(client: Client, session_id: str) -> AsyncIterator[JSON]:
    """Yield `{info, parts}` of every message, the newest first; no more than a page is held."""
    before: str | None = None
    while True:
        page, before = await client.messages(session_id, PAGE, before)
        for item in reversed(page):
            yield item
        if before is None or not page:
            return


async def after(client: Client, session_id: str, message_id: str) -> str | None:
    """Return the id of the message right after one, None when that is the newest; raises MessageNotFound."""
    following: str | None = None
    async for item in newest_first(client, session_id):
        found = str(child(item, "info").get("id"))
        if found == message_id:
            return following
        following = found
    raise MessageNotFound(f"Asked for: {message_id[:80]!r}.")
