# SPDX-License-Identifier: MIT
"""What can stand after `@` and `/` in a message, as it is typed."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode import writing
from opencode_nexus.opencode.api import Client

MOST = 8  # hits that are shown
AGENTS = 3  # of them sub-agents, so that files keep their place
FRESH = 10.0  # seconds that a folder's commands and agents are kept: they change with its configuration
SYMBOLS_WITHIN = 0.4  # seconds; a language server that starts takes longer than anybody waits here

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hit:
    """One of them. `kind`: file, folder, symbol, agent, command or skill; `insert` is what takes the word's place."""

    kind: str
    label: str
    insert: str
    hint: str = ""


class Completion:
    """Asks the servers; a folder's commands and agents are kept for a moment."""

    def __init__(self, client: Callable[[str], Client]) -> None:
        self._client = client
        self._kept: dict[tuple[str, str], tuple[float, list[JSON], list[JSON]]] = {}

    async def find(self, server_id: str, folder: str, word: str) -> list[Hit]:
        """Return what `word` may become, the likeliest first; raises ServerNotRunning or an OpenCodeError.

        It begins with `@` or `/`; nothing is found for another.
        """
        client, query = self._client(server_id), word[1:]
        if word.startswith("/"):
            commands, _ = await self._known(server_id, folder, client)
            hits = [
                Hit(
                    "skill" if one.get("source") == "skill" else "command",
                    f"/{one.get('name')}", f"/{one.get('name')} ", _one_line(one.get("description")),
                )
                for one in _like(commands, query)
            ]  # fmt: skip
            return hits[:MOST]
        if not word.startswith("@"):
            return []
        (_, agents), paths, symbols = await asyncio.gather(
            self._known(server_id, folder, client),
            writing.files(client, folder, query),
            _symbols(client, folder, query),
        )
        helpers = [one for one in agents if one.get("mode") != "primary" and not one.get("hidden")]
        found = [
            Hit("agent", f"@{one.get('name')}", f"@{one.get('name')} ", _one_line(one.get("description")))
            for one in _like(helpers, query)[:AGENTS]
        ]
        named = [hit for hit in found if hit.label[1:].startswith(query)]
        places = [_file(path) for path in paths if path != "/"]
        rest = [hit for hit in found if hit not in named]
        return [*named, *places[: MOST - len(named) - min(2, len(symbols))], *symbols, *rest][:MOST]

    async def _known(self, server_id: str, folder: str, client: Client) -> tuple[list[JSON], list[JSON]]:
        kept = self._kept.get((server_id, folder))
        if kept is None or time.monotonic() - kept[0] > FRESH:
            commands, agents = await asyncio.gather(writing.commands(client, folder), client.agents(folder))
            kept = self._kept[server_id, folder] = (time.monotonic(), commands, agents)
        return kept[1], kept[2]


async def _symbols(client: Client, folder: str, query: str) -> list[Hit]:
    if len(query) < 2:
        return []
    try:
        async with asyncio.timeout(SYMBOLS_WITHIN):
            found = await writing.symbols(client, folder, query)
    except (NexusError, TimeoutError):
        return []
    hits = []
    for one in found[:MOST]:
        place = one.get("location") or {}
        path = Path(unquote(urlsplit(str(place.get("uri") or "")).path))
        if path.is_relative_to(folder):
            inner = path.relative_to(folder).as_posix()
            line = int(((place.get("range") or {}).get("start") or {}).get("line") or 0) + 1
            hits.append(Hit("symbol", str(one.get("name")), f"{one.get('name')} in @{inner} ", f"{inner}:{line}"))
    return hits


def _file(path: str) -> Hit:
    folder = path.endswith("/")
    return Hit("folder" if folder else "file", path, f"@{path}" + ("" if folder else " "))


def _like(offered: Sequence[JSON], query: str) -> list[JSON]:
    """Return those whose name begins with `query`, then those that have its letters in their order."""
    query = query.lower()

    def rank(name: str) -> int | None:
        if name.startswith(query):
            return 0
        if query in name:
            return 1
        letters = iter(name)
        return 2 if all(char in letters for char in query) else None

    ranked = [(rank(str(one.get("name")).lower()), number) for number, one in enumerate(offered)]
    return [offered[number] for place, number in sorted(item for item in ranked if item[0] is not None)]


def _one_line(words: object) -> str:
    text = " ".join(str(words or "").split())
    return text if len(text) <= 90 else text[:89] + "…"
