# SPDX-License-Identifier: MIT
"""What one server's conversations ask of the rest of the hub."""

from collections.abc import Callable, Container, Mapping
from typing import Any

from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.feeds import Feeds
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.state import Permission, Question, Status, Untaken
from opencode_nexus.store.journal import Journal, OpenPart


class Around:
    """Is `conversation.Surroundings`. `client` raises ServerNotRunning."""

    def __init__(
        self, server_id: str, feeds: Feeds, journal: Journal, outbox: Outbox, client: Callable[[str], Client]
    ) -> None:
        self._server_id, self._feeds, self._journal, self._outbox = server_id, feeds, journal, outbox
        self._client = client

    def client(self) -> Client:
        return self._client(self._server_id)

    def status(self, session_id: str) -> Status:
        return self._feeds.status(session_id)

    def waiting(self, session_id: str) -> list[Permission | Question]:
        return [entry.request for entry in self._feeds.feed(self._server_id).asking(session_id)]

    def error(self, session_id: str) -> dict[str, Any] | None:
        return self._feeds.feed(self._server_id).errors.get(session_id)

    async def interrupted(self, session_id: str) -> Mapping[str, OpenPart]:
        return await self._journal.interrupted(session_id)

    def open_parts(self, session_id: str) -> list[OpenPart]:
        return self._journal.open_parts(session_id=session_id)

    def untaken(self, session_id: str, parts: Container[str]) -> list[Untaken]:
        return self._outbox.untaken(session_id, parts)
