# SPDX-License-Identifier: MIT
"""The parts of a message as OpenCode takes them: its text, its files, and what its text names with `@`."""

import asyncio
import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.writing import entries

JSON = dict[str, Any]
# As OpenCode's own pages find them: not in an e-mail address, and without the full stop after it.
MENTION = re.compile(r"(?<![\w`/@])@(\.?[^\s`,.()\[\]]+(?:\.[^\s`,.()\[\]]+)*)")
MOST = 20  # mentions of one message that are looked up


class Attached(Protocol):
    """A file that goes with a message."""

    @property
    def name(self) -> str: ...
    @property
    def mime(self) -> str: ...


async def file_parts(files: Sequence[tuple[Attached, Path]]) -> list[JSON]:
    """Return the files as parts, read and encoded in a thread; raises OSError."""

    def make() -> list[JSON]:
        return [
            {
                "type": "file",
                "mime": file.mime,
                "filename": file.name,
                "url": f"data:{file.mime};base64,{base64.b64encode(path.read_bytes()).decode()}",
            }
            for file, path in files
        ]

    return await asyncio.to_thread(make) if files else []


async def mentioned(client: Client, directory: str, text: str) -> list[JSON]:
    """Return parts for the files, folders and sub-agents that `text` names; what there is none of stays mere text."""
    found = list(MENTION.finditer(text))[:MOST]
    if not found:
        return []
    try:
        agents = {str(one.get("name")) for one in await client.agents(directory) if one.get("mode") != "primary"}
    except NexusError:
        agents = set()
    parts: list[JSON] = []
    listed: dict[str, dict[str, JSON]] = {}
    seen: set[str] = set()
    for match in found:
        name = match[1]
        if name in seen:
            continue
        seen.add(name)
        if name in agents:
            source = {"value": match[0], "start": match.start(), "end": match.end()}
            parts.append({"type": "agent", "name": name, "source": source})
            continue
        path = name.rstrip("/")
        folder, _, last = path.rpartition("/")
        if folder not in listed:
            listed[folder] = await _entries(client, directory, folder)
        if (entry := listed[folder].get(last)) is not None:
            is_folder = entry.get("type") == "directory"
            mime = "application/x-directory" if is_folder else "text/plain"
            url = Path(str(entry["absolute"])).as_uri()
            parts.append({"type": "file", "mime": mime, "filename": name, "url": url})
    return parts


async def _entries(client: Client, directory: str, folder: str) -> dict[str, JSON]:
    try:
        found = await entries(client, directory, folder or ".")
    except NexusError:  # there is no such folder, or it lies outside of the project
        return {}
    return {str(entry.get("name")): entry for entry in found if entry.get("absolute")}
