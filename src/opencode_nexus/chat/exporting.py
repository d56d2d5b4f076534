# SPDX-License-Identifier: MIT
"""A session as a file: JSON that `opencode import` takes, or Markdown to be read. Never whole in memory."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from opencode_nexus.chat.markdown import message_markdown, session_markdown
from opencode_nexus.opencode.api import JSON, Client, cursor_before
from opencode_nexus.opencode.wire import child

PAGE = 100  # messages; 5 ms and 170 kB of a usual session
KINDS = {"json": "json", "markdown": "md"}  # endings of the files


def file_name(title: str, session_id: str, kind: str) -> str:
    """Return a name that every file system takes: letters, digits and dashes, the id's end, and the kind's ending."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:60].strip("-").lower() or "chat"
    return f"{words}-{re.sub(r'[^A-Za-z0-9]', '', session_id)[-6:]}.{KINDS[kind]}"


async def oldest_first(client: Client, session_id: str) -> AsyncIterator[JSON]:
    """Yield `{info, parts}` of every message, oldest first.

    OpenCode pages from the newest, so the pages' beginnings are found first and the pages are then read again.
    """
    ends: list[str | None] = [None]
    before: str | None = None
    while True:
        page, more = await client.messages(session_id, PAGE, before)
        if more is None or not page:
            break
        first = child(page[0], "info")
        created = child(first, "time").get("created")
        before = cursor_before(str(first.get("id")), int(created) if isinstance(created, int | float) else 0)
        ends.append(before)
    for before in reversed(ends):
        page, _ = await client.messages(session_id, PAGE, before)
        for item in page:
            yield item


async def as_json(client: Client, info: JSON) -> AsyncIterator[bytes]:
    """Yield the pieces of a file for `opencode import`."""
    yield b'{"info":' + msgspec.json.encode(info) + b',"messages":['
    comma = b""
    async for item in oldest_first(client, str(info["id"])):
        yield comma + msgspec.json.encode(item)
        comma = b",\n"
    yield b"]}\n"


async def as_markdown(client: Client, info: JSON) -> AsyncIterator[bytes]:
    """Yield the pieces of a file for people."""
    yield session_markdown(info, datetime.now(UTC)).encode(errors="replace")
    async for item in oldest_first(client, str(info["id"])):
        yield await asyncio.to_thread(_markdown, item)  # 50 ms for a message of 10 MB


def _markdown(item: JSON) -> bytes:
    return message_markdown(item).encode(errors="replace")
