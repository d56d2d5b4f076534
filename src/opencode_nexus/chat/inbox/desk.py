# SPDX-License-Identifier: MIT
"""The inbox: whatever needs a person, from every server, session and sub-agent; answered here, by people."""

import contextlib
from collections.abc import Iterator

from opencode_nexus.chat.by import HUB, By
from opencode_nexus.chat.errors import NotToDismiss, NotWaiting, ServerNotRunning
from opencode_nexus.chat.inbox.accepting import Accepted, Span
from opencode_nexus.chat.inbox.row import Ended, Row
from opencode_nexus.chat.inbox.rules import Rule
from opencode_nexus.chat.inbox.watch import InboxWatch
from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.state import Permission


class InboxDesk(InboxWatch):
    """All of it: `InboxWatch` hears what servers tell, `InboxBook` holds the rows and tells of them."""

    @property
    def count(self) -> int:
        """How many rows are open."""
        return len(self._book)

    def rows(self) -> list[Row]:
        """What is open: what waits, alerts, what failed or was stopped, what is finished; each the newest first."""
        return self._book.all()

    def get(self, row_id: str) -> Row | None:
        """One open row, or None."""
        return self._book.get(row_id)

    def ended(self) -> list[Ended]:
        """The last 200 that were answered or ended, the newest first."""
        return self._book.ends()

    # Answers of people

    async def answer_permission(self, request_id: str, reply: str, message: str = "", who: By = HUB) -> None:
        """Answer "once", "always" or "reject" (with a message the agent goes on, told why); or NotWaiting.

        "always" becomes rules of the hub. Raises ServerNotRunning or an OpenCodeError when it could not be said.
        """
        row = await self._waiting(request_id, "permission")
        asked = row.request
        assert isinstance(asked, Permission)
        if reply == "always" and not asked.always:
            reply = "once"  # OpenCode offers no pattern for it, so it would be asked again
        if reply == "reject":
            self._rejects[row.session_id] = (self._clock.monotonic(), who)
        told = "once" if reply == "always" else reply
        fresh: list[Rule] = []
        try:
            with self._held(row):
                if reply == "always":
                    fresh = await self.rules.add(row.server_id, row.directory, asked, who)
                await self._chat.reply_permission(row.server_id, row.id, told, message)
        except NexusError:
            for rule in fresh:  # OpenCode was not told, so nothing was allowed
                await self.rules.remove(rule.id)
            raise
        self._end(row, reply, message, who)
        await self._note(f"permission-{reply}", row, who, message)
        if reply == "always":
            self._unasked.again(row.server_id)

    async def answer_question(self, request_id: str, answers: list[list[str]] | None, who: By = HUB) -> None:
        """Answer each part with its labels or own words; None turns the question down. Or NotWaiting."""
        row = await self._waiting(request_id, "question")
        with self._held(row):
            await self._chat.reply_question(row.server_id, row.id, answers)
        said = "" if answers is None else "; ".join(", ".join(part) for part in answers)
        self._end(row, "dismissed" if answers is None else "answered", said, who)
        await self._note("question-dismissed" if answers is None else "question-answered", row, who, said)

    async def _waiting(self, request_id: str, kind: str) -> Row:
        row = self._book.get(request_id)
        if row is not None and row.id in self._unsure:
            await self._chat.feeds.settled(row.server_id)  # it may be gone since an earlier hub heard of it
            row = self._book.get(request_id)
        if row is not None and row.id in self._answering:
            raise NotWaiting("It is being answered just now.")
        if row is None or row.kind != kind:
            raise NotWaiting(self._became(request_id))
        if self._chat.feeds.connection(row.server_id) is None:
            raise ServerNotRunning(f"Its name is {self._servers.get(row.server_id).name}.")
        return row

    def _became(self, request_id: str) -> str:
        ended = self._book.end_of(request_id)
        if ended is None:
            return f"Asked for: {request_id[:80]!r}."
        by = f" by {ended.by.name}" if ended.by else ""
        return f"What became of it: {ended.words}{by}."

    @contextlib.contextmanager
    def _held(self, row: Row) -> Iterator[None]:
        """Nobody else answers it meanwhile; where OpenCode does not wait for it any more, that is said."""
        self._answering.add(row.id)
        try:
            yield
        except NotWaiting as error:
            if row.id in self._book:
                self._end(row, self._why(row))
            raise NotWaiting(self._became(row.id)) from error
        except BaseException:
            self._answering.discard(row.id)
            self._compare(row.server_id)  # OpenCode may have taken it and told so, which is passed over meanwhile
            raise
        finally:
            self._answering.discard(row.id)

    async def dismiss(self, row_id: str, who: By = HUB) -> None:
        """Put away an alert or a turn that is over. Raises NotWaiting, or NotToDismiss for what an agent waits for."""
        row = self._book.get(row_id)
        if row is None:
            raise NotWaiting(self._became(row_id))
        if row.waits:
            raise NotToDismiss
        self._end(row, "dismissed", "", who)

    # Rules and auto-accept

    async def remove_rule(self, rule_id: str, who: By = HUB) -> None:
        """Take back what was always allowed; raises RuleUnknown."""
        rule = await self.rules.remove(rule_id)
        await self._audit.add(
            self._clock.now(), "rule-removed", who.name, who.source, server=rule.server_id, device=who.device,
            asked=self._redact(f"{rule.permission}: {rule.pattern}"), folder=rule.directory,
        )  # fmt: skip

    async def accept(self, server_id: str, session_id: str, span: Span, who: By = HUB) -> Accepted:
        """Give every permission of a chat and its sub-agents from now on; raises SessionNotFound."""
        session = await self._chat.session(server_id, session_id)
        row = await self.accepting.begin(server_id, session_id, span, who)
        await self._accepted("accepting-began", server_id, session_id, session.title, who, span=span)
        self._unasked.again(server_id)
        return row

    async def stop_accepting(self, server_id: str, session_id: str, who: By = HUB) -> bool:
        """Ask again from now on; False when that was so already."""
        if self.accepting.end(server_id, session_id) is None:
            return False
        title = self._chat.title(server_id, session_id)
        await self._accepted("accepting-ended", server_id, session_id, title, who)
        return True

    async def _accepted(self, kind: str, server_id: str, session_id: str, title: str, who: By, **more: str) -> None:
        where = {"server": server_id, "session": session_id, "chat": self._redact(title), "device": who.device}
        await self._audit.add(self._clock.now(), kind, who.name, who.source, **where, **more)
