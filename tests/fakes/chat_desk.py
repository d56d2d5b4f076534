# SPDX-License-Identifier: MIT
"""The inbox of the scripted chats (`chat_app`)."""

from types import SimpleNamespace
from typing import Any

from opencode_nexus.opencode.state import Permission
from tests.fakes.chat_records import SERVER


class Desk:
    """The inbox of the scripted chats: answers go to the chat that asked, and no row is open."""

    count = 0

    def __init__(self, chat: Any) -> None:
        self._chat, self.accepting = chat, self
        self.learned: dict[str, Permission] = {}  # requests with what OpenCode does not say of them

    def of(self, server_id: str, sessions: list[str]) -> None:
        """No chat is allowed all."""

    def all(self) -> list[Any]:
        return []

    def get(self, request_id: str) -> SimpleNamespace | None:
        """What waits under this id."""
        states = (conversation.state for conversation in self._chat.sessions_.values())
        found = [{**state.permissions, **state.questions, **self.learned}.get(request_id) for state in states]
        return next((SimpleNamespace(request=one) for one in found if one is not None), None)

    async def answer_permission(self, request_id: str, reply: str, message: str, who: object) -> None:
        await self._chat.reply_permission(SERVER, request_id, reply, message)

    async def answer_question(self, request_id: str, answers: list[list[str]] | None, who: object) -> None:
        await self._chat.reply_question(SERVER, request_id, answers)
