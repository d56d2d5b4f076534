# SPDX-License-Identifier: MIT
"""What is done with chats, where nothing is pinned, archived or deleted: for pages without a store."""

from dataclasses import dataclass, replace
from typing import Any

from opencode_nexus.chat.actions import Facts
from opencode_nexus.chat.notices import Notice, Notices
from opencode_nexus.chat.stop_words import stop_words
from opencode_nexus.chat.stopping import AbortResult
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock


@dataclass
class Said:
    words: str


class Nothing:
    """Both `chat.marked.Marked` and `chat.trash.Trash`."""

    pinned: frozenset[str] = frozenset()

    def fresh(self, server_id: str, but: str) -> None:
        return None

    def of(self, server_id: str) -> list[Any]:
        return []


class NoActions:
    """`chat.actions.Actions` over a stand-in chat; what is deleted is gone at once."""

    def __init__(self, chat: Any, bus: Bus) -> None:
        self._chat = chat
        self.marked = self.trash = Nothing()
        self.notices = Notices(bus, SystemClock())
        self.facts_ = Facts()

    def facts(self, server_id: str, session_id: str) -> Facts:
        return replace(self.facts_, notice=self.notices.get(session_id))

    async def stop(self, server_id: str, session_id: str) -> Said:
        done = await self._chat.abort(server_id, session_id)
        kind, words = stop_words(AbortResult(done.stopped, done.sessions), session_id, (), 0)
        self.notices.put(server_id, session_id, Notice(kind, words))
        return Said(words)

    async def delete(self, server_id: str, session_id: str) -> None:
        await self._chat.delete(server_id, session_id)
