# SPDX-License-Identifier: MIT
"""The heads of a server's messages without their parts, a page at a time, and all its sessions, newest first."""

from typing import Any

import msgspec

from opencode_nexus.opencode.api import Client, read

JSON = dict[str, Any]


class _Message(msgspec.Struct, frozen=True):
    """A message of a list; its parts, which may be megabytes, are passed over."""

    info: JSON


async def message_heads(
    client: Client, session_id: str, limit: int, before: str | None
) -> tuple[list[JSON], str | None]:
    """The newest `limit` messages (before a cursor) without their parts, and the cursor of the next page."""
    found, more = await client.message_list(_Message, session_id, limit, before)
    return [message.info for message in found], more


async def all_sessions(client: Client, limit: int, before: int | None) -> tuple[list[JSON], int | None]:
    """Sessions of all folders, the one changed last first, and where the next page begins (epoch ms; None: no more).

    Sub-agents' and archived ones too. Those changed in the millisecond at which a page ends may come twice.
    """
    answer = await client.send("GET", "/experimental/session", limit=limit, cursor=before, archived="true")
    more = answer.headers.get("x-next-cursor") or ""
    return read(answer, list[JSON]), int(more) + 1 if more.isdecimal() else None
