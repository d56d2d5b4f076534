# SPDX-License-Identifier: MIT
"""What enters the inbox, as lines of the timeline. How people answered comes from the audit log."""

import logging
from collections.abc import Callable
from typing import Literal

from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.row import Row
from opencode_nexus.chat.inbox.turns import CUT_OFF
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.store.activity import Activity

log = logging.getLogger(__name__)

LONGEST = 200  # characters of what is asked


class InboxLines:
    """Listens to bus topic "inbox"; `redact` takes out what must not be told."""

    def __init__(
        self, book: InboxBook, bus: Bus, activity: Activity, tasks: Tasks, redact: Callable[[str], str]
    ) -> None:
        self._book, self._activity, self._tasks, self._redact = book, activity, tasks, redact
        bus.listen(self._heard, "inbox")

    def _heard(self, record: Record) -> None:
        told = record.data
        row = self._book.get(str(told["id"])) if isinstance(told, dict) and told["what"] == "added" else None
        if row is None:
            return
        detail = self._redact(" ".join(row.detail.split()))[:LONGEST]
        chat = f"“{self._redact(row.title)}”" if row.title else "A chat"
        match row.kind:
            case "permission":
                self._add(row, "permission-asked", f"{chat} asks for permission: {detail}", "info")
            case "question":
                self._add(row, "question-asked", f"{chat} asks: {detail}", "info")
            case "failed" if row.detail != CUT_OFF:  # that is told with the death of its server
                self._add(row, "turn-failed", f"The turn of {chat} failed: {detail}", "warning")

    def _add(self, row: Row, kind: str, text: str, level: Literal["info", "warning"]) -> None:
        async def work() -> None:
            try:
                await self._activity.add(kind, text, level=level, server_id=row.server_id, session_id=row.root_id)
            except Exception:  # a full disk, say: the inbox has it all the same
                log.exception("not in the timeline: %s", kind)

        self._tasks.spawn(work(), "line of the inbox")
