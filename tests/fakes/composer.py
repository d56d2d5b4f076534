# SPDX-License-Identifier: MIT
"""The composer beside a stand-in chat: drafts and picks in memory, nothing waits, each submit goes to the chat."""

from collections.abc import Sequence
from typing import Any

from opencode_nexus.chat.written import Written
from opencode_nexus.store.drafts import DraftRow, Pick


class Drafts:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], DraftRow] = {}

    def get(self, user_id: str, session_id: str) -> DraftRow:
        return self.kept.get((user_id, session_id), DraftRow("", 0))

    async def save(self, user_id: str, session_id: str, text: str, known: int) -> tuple[bool, DraftRow]:
        now = self.get(user_id, session_id)
        if now.version != known and now.text != text:
            return False, now
        self.kept[user_id, session_id] = fresh = DraftRow(text, now.version + 1)
        return True, fresh

    async def clear(self, user_id: str, session_id: str, text: str, version: int | None) -> None:
        now = self.get(user_id, session_id)
        if now.text and (now.text == text or now.version == version):
            self.kept[user_id, session_id] = DraftRow("", now.version + 1)


class Picked:
    def __init__(self) -> None:
        self.session_: dict[str, Pick] = {}
        self.last_ = self.project_ = Pick()

    def session(self, user_id: str, session_id: str) -> Pick:
        return self.session_.get(session_id, Pick())

    def project(self, user_id: str, folder: str) -> Pick:
        return self.project_

    def last(self, user_id: str) -> Pick:
        return self.last_

    def pick(self, user_id: str, session_id: str, *picked: str) -> None:
        self.session_[session_id] = Pick(*picked)

    def used(self, user_id: str, session_id: str, folder: str, *picked: str, own: bool) -> None:
        self.pick(user_id, session_id, *picked)
        self.last_ = Pick(*picked)
        if own:
            self.project_ = self.last_


class Nothing:
    """No files, and nothing that waits."""

    def of_draft(self, user_id: str, session_id: str) -> list[Any]:
        return []

    def of(self, session_id: str) -> list[Any]:
        return []

    async def remove(self, user_id: str, session_id: str, attachment_id: str) -> None:
        """There is none."""

    def mine(self, user_id: str, session_id: str, ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(ids)


class Composer:
    """Hands on to `chat`."""

    def __init__(self, chat: Any) -> None:
        self.drafts, self.picked, self._chat = Drafts(), Picked(), chat
        self.attachments = self.queue = Nothing()

    async def submit(
        self, user_id: str, server_id: str, session_id: str, written: Written, key: str = "", *, typed: bool = True
    ) -> str:
        await self._chat.send(server_id, session_id, written.text, written.model, written.agent)
        return "sent"
