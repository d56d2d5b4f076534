# SPDX-License-Identifier: MIT
"""Permissions that are given without asking anybody: by a rule, or by a chat's auto-accept."""

import logging
from collections.abc import Awaitable, Callable

from opencode_nexus.chat.by import By
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.errors import NotWaiting
from opencode_nexus.chat.inbox.accepting import Accepting
from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.row import Row
from opencode_nexus.chat.inbox.rules import Rules
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.state import Permission

log = logging.getLogger(__name__)

Note = Callable[[str, Row, By, str], Awaitable[None]]


class Unasked:
    """Says "once" to what is allowed. `answering` are the requests under way, shared with the desk; `why` says how a
    request ended that nobody here answered, and `note` writes an answer into the audit log.
    """

    def __init__(
        self,
        chat: Chat,
        book: InboxBook,
        rules: Rules,
        accepting: Accepting,
        tasks: Tasks,
        answering: set[str],
        why: Callable[[Row], str],
        note: Note,
    ) -> None:
        self._chat, self._book, self._rules, self._accepting = chat, book, rules, accepting
        self._tasks, self._answering, self._why, self._note = tasks, answering, why, note

    def allowed(self, row: Row) -> bool:
        """Whether nobody needs to be asked for it now."""
        asked = row.request
        if not isinstance(asked, Permission):
            return False
        if self._accepting.of(row.server_id, self._chain(row)) is not None:
            return True
        return bool(self._rules.allowing(row.server_id, row.directory, asked))

    def begin(self, row: Row) -> None:
        """Answer it, without waiting for that; where it fails, it waits for a person."""
        self._answering.add(row.id)
        self._tasks.spawn(self._answer(row), f"answer {row.id}")

    def again(self, server_id: str) -> None:
        """More may be allowed than before: answer what waits and is allowed now."""
        for row in self._book.of(server_id):
            if row.id not in self._answering and self.allowed(row):
                self.begin(row)

    def _chain(self, row: Row) -> list[str]:
        return self._chat.feeds.feed(row.server_id).heads.chain(row.session_id)

    async def _answer(self, row: Row) -> None:
        asked = row.request
        assert isinstance(asked, Permission)
        rules = self._rules.allowing(row.server_id, row.directory, asked)
        accepting = self._accepting.of(row.server_id, self._chain(row))
        try:
            if rules:
                how, by = "rule", By(rules[0].by_name, rules[0].by_device, rules[0].by_source)
                said = f"{rules[0].permission}: {rules[0].pattern}"
                told = f"By the rule “{said}” that {by.name} made"
            elif accepting is not None:
                how, by = "auto", By(accepting.by_name, accepting.by_device, accepting.by_source)
                said, told = "", f"By auto-accept that {by.name} began"
            else:  # it was taken back meanwhile
                return self._wait(row)
            await self._chat.reply_permission(row.server_id, row.id, "once")
        except NotWaiting:
            if row.id in self._book:
                self._book.end(row, self._why(row))
            return
        except NexusError as error:
            log.warning("%s could not be answered without asking: %s", row.id, error)
            return self._wait(row)
        except Exception:  # a fault of ours must not leave an agent waiting for what no person is shown
            log.exception("%s could not be answered without asking", row.id)
            return self._wait(row)
        finally:
            self._answering.discard(row.id)
        self._rules.used(rules)
        self._book.end(row, how, said, by)
        await self._note(f"permission-{how}", row, by, told)

    def _wait(self, row: Row) -> None:
        if self._chat.inbox.get(row.id) is None:  # OpenCode took the answer and told so: only its reply was lost
            self._book.end(row, self._why(row))
        elif row.id not in self._book:
            self._book.put(row)
