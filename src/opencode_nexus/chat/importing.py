# SPDX-License-Identifier: MIT
"""A file that `opencode export` or the hub made becomes a session: checked here, brought in by OpenCode itself.

`opencode import` (1.18.33) writes into the database, puts the session into the folder it is run in, and skips
silently what has an id that is there already: so it is looked up before, and counted after.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from opencode_nexus.chat.backwards import newest_first
from opencode_nexus.chat.errors import ImportExists, ImportFailed
from opencode_nexus.chat.session_file import looked_at
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import UnknownToOpenCode


class Program(Protocol):
    """Runs the OpenCode of a server, with that server's environment and data."""

    async def command(self, server_id: str, words: list[str], folder: str) -> tuple[int, str]:
        """Return the exit status and what it wrote; raises a NexusError when it cannot be run."""
        ...


@dataclass(frozen=True, slots=True)
class Imported:
    """A session that was brought in: `came` of the file's `messages` are there now."""

    session_id: str
    title: str
    messages: int
    came: int


async def bring_in(client: Client, program: Program, server_id: str, source: Path, folder: str) -> Imported:
    """Import a file into a folder of a server; raises ImportInvalid, ImportTooLarge, ImportExists or ImportFailed."""
    with tempfile.TemporaryDirectory(prefix="nexus-import-") as place:
        target = Path(place) / "session.json"
        outline = await looked_at(source, target)
        try:
            there = await client.session(outline.session_id)
        except UnknownToOpenCode:
            pass
        else:
            raise ImportExists(f"It is “{there.get('title') or 'New chat'}”.", session_id=outline.session_id)
        status, said = await program.command(server_id, ["import", str(target)], folder)
    try:
        await client.session(outline.session_id)
    except UnknownToOpenCode as error:
        raise ImportFailed(_words(status, said)) from error
    came = 0
    async for _ in newest_first(client, outline.session_id):
        came += 1
    return Imported(outline.session_id, outline.title, outline.messages, came)


def _words(status: int, said: str) -> str:
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", said).split())
    return f"It said: {plain[-400:]}" if plain else f"It ended with status {status} and said nothing."
