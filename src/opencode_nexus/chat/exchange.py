# SPDX-License-Identifier: MIT
"""Sessions that leave as files, and come in from them."""

from collections.abc import AsyncIterator
from pathlib import Path

from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.errors import ProjectUnknown, SessionNotFound
from opencode_nexus.chat.exporting import as_json, as_markdown, file_name
from opencode_nexus.chat.importing import Imported, Program, bring_in
from opencode_nexus.chat.servers import ServerDirectory
from opencode_nexus.chat.sessions import checked_id
from opencode_nexus.opencode.errors import UnknownToOpenCode


class Exchange:
    """Methods raise what `Chat` raises for servers and sessions that are not there."""

    def __init__(self, chat: Chat, servers: ServerDirectory, program: Program) -> None:
        self._chat, self._servers, self._program = chat, servers, program

    async def export(self, server_id: str, session_id: str, kind: str) -> tuple[str, AsyncIterator[bytes]]:
        """Return a file's name and its pieces; `kind` is "json" (for `opencode import`) or "markdown"."""
        client = self._chat.client(server_id)
        try:
            info = await client.session(checked_id(session_id))
        except UnknownToOpenCode as error:
            raise SessionNotFound(error.detail) from error
        pieces = as_json(client, info) if kind == "json" else as_markdown(client, info)
        return file_name(str(info.get("title") or ""), session_id, kind), pieces

    async def bring_in(self, server_id: str, source: Path, project: str | None = None) -> Imported:
        """Import a file into a folder of the server (its first one).

        Raises ProjectUnknown, ImportInvalid, ImportTooLarge, ImportExists, ImportFailed.
        """
        client = self._chat.client(server_id)
        projects = self._servers.get(server_id).projects
        folder = project or next(iter(projects), "")
        if folder not in projects:
            raise ProjectUnknown(f"Asked for: {project!r}.")
        made = await bring_in(client, self._program, server_id, source, folder)
        await self._chat.session(server_id, made.session_id)
        self._chat.feeds.feed(server_id).announce("created", made.session_id, title=made.title)
        return made
