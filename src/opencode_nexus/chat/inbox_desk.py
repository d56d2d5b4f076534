# SPDX-License-Identifier: MIT
"""The inbox: whatever needs a person, from every server, session and sub-agent, kept over restarts.

What waits is what OpenCode says that waits. Rows that an earlier hub left are shown at once and are checked as soon
as their server answers; what was answered elsewhere, or died with its OpenCode, goes, and leaves a line in the history.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, Protocol

from opencode_nexus.chat.accepting import Accepting, Span
from opencode_nexus.chat.by import HUB, By
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.errors import NotToDismiss, NotWaiting, ServerNotRunning
from opencode_nexus.chat.inbox import detail_of
from opencode_nexus.chat.inbox_book import InboxBook
from opencode_nexus.chat.inbox_row import Ended, Row, path_of
from opencode_nexus.chat.inbox_unasked import Unasked
from opencode_nexus.chat.rules import Rule, Rules
from opencode_nexus.chat.servers import Server, ServerDirectory
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.opencode.wire import permission_of, question_of
from opencode_nexus.store.accepting import AcceptingRow

Certainty = Literal["sure", "checking", "down"]
OURS = frozenset({"once", "always", "reject", "answered", "auto", "rule", "elsewhere"})  # ends that nothing takes back
TOGETHER = 5.0  # seconds; OpenCode turns down all that a chat waits for with one of them


class AuditLog(Protocol):
    """Where answers are written down (`store.audit.Audit`); `detail` must hold no secret."""

    async def add(self, at: float, kind: str, user: str, source: str, **detail: object) -> None: ...


class InboxDesk:
    """Is a `chat.listener.Listener`; `InboxBook` holds its rows and tells of them."""

    def __init__(
        self,
        *,
        chat: Chat,
        servers: ServerDirectory,
        book: InboxBook,
        rules: Rules,
        accepting: Accepting,
        audit: AuditLog,
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        redact: Callable[[str], str] = lambda text: text,
    ) -> None:
        self.rules, self.accepting = rules, accepting
        self._chat, self._servers, self._book, self._audit = chat, servers, book, audit
        self._bus, self._clock, self._redact = bus, clock, redact
        self._unsure: set[str] = set()  # rows of an earlier hub that no OpenCode has confirmed yet
        self._answering: set[str] = set()
        self._unasked = Unasked(chat, book, rules, accepting, tasks, self._answering, self._why, self._note)
        self._rejects: dict[str, tuple[float, By]] = {}  # by session: who turned something down, and when
        self._unlisten: list[Callable[[], None]] = []
        self._opened = 0.0
        self._settled = False  # whether the servers that still run have been taken up

    def open(self) -> None:
        """Take up what an earlier hub left. Call it before the feeds begin."""
        self.rules.open()
        self.accepting.open()
        self._book.open()
        self._unsure = {row.id for row in self._book.all() if row.waits}
        self._opened = self._clock.now()
        self._unlisten = [self._bus.listen(self._told, "session"), self._bus.listen(self._served, "server")]

    def settle(self) -> None:
        """The servers that still run have been taken up: what waited on the others died with them."""
        self._settled = True
        known = {server.id: server for server in self._servers.list()}
        for server_id in {row.server_id for row in self._book.all()}:
            self._look(server_id, known.get(server_id))

    def close(self) -> None:
        """Follow no more; the rows stay."""
        for end in self._unlisten:
            end()
        self.accepting.close()

    # Questions

    @property
    def count(self) -> int:
        """How many rows are open."""
        return len(self._book)

    def rows(self) -> list[Row]:
        """What is open: what waits before what failed before what is finished, each the newest first."""
        return self._book.all()

    def get(self, row_id: str) -> Row | None:
        """One open row, or None."""
        return self._book.get(row_id)

    def ended(self) -> list[Ended]:
        """The last 200 that were answered or ended, the newest first."""
        return self._book.ends()

    def certainty(self, row: Row) -> Certainty:
        """Whether OpenCode is known to wait for it now; a turn that is over is over."""
        if not row.waits:
            return "sure"
        connection = self._chat.feeds.connection(row.server_id)
        if connection is not None and row.id not in self._unsure and connection.connected:
            return "sure"
        server = next((one for one in self._servers.list() if one.id == row.server_id), None)
        coming = not self._settled or (server is not None and server.state in ("running", "starting"))
        return "checking" if coming else "down"

    # What servers tell

    def heard(self, server_id: str, directory: str, event: ev.Event) -> None:
        """An event of a session."""
        match event:
            case ev.PermissionAsked():
                self._asked(server_id, directory, permission_of(event))
            case ev.QuestionAsked():
                self._asked(server_id, directory, question_of(event))
            case ev.PermissionReplied():
                self._replied(event.request_id, event.reply)
            case ev.QuestionClosed():
                self._replied(event.request_id, "")

    def connected(self, server_id: str, client: Client) -> None:
        """What the hub missed has been asked for."""
        self._compare(server_id)
        self._unsure -= {row.id for row in self._book.of(server_id)}
        self._changed(server_id)
        self._unasked.again(server_id)
        for row in self.accepting.all():
            # a turn that was to be accepted ended while no hub looked
            if row.server_id == server_id and row.began <= self._opened and not self._runs(row.session_id):
                self.accepting.turn_ended(server_id, row.session_id)

    def died(self, server_id: str) -> None:
        """All that waited there died."""
        self._end_all(server_id, "died")
        for row in self.accepting.all():
            if row.server_id == server_id and row.turn:
                self.accepting.end(row.server_id, row.session_id)

    def _asked(self, server_id: str, directory: str, request: Permission | Question) -> None:
        known = self._book.get(request.id)
        if known is not None:  # it is told anew whenever the hub has asked what waits
            fresh = replace(known, request=request, process=self._process(server_id))
            if fresh != known or known.id in self._unsure:
                self._unsure.discard(known.id)
                self._book.put(fresh, "changed")
            return
        ended = self._book.end_of(request.id)
        if request.id in self._answering or (ended is not None and ended.how in OURS):
            return
        row = self._row(server_id, directory, request)
        if self._unasked.allowed(row):
            self._unasked.begin(row)
        else:
            self._book.put(row)

    def _row(self, server_id: str, directory: str, request: Permission | Question) -> Row:
        feed = self._chat.feeds.feed(server_id)
        root = feed.root(request.session_id)
        return Row(
            id=request.id,
            kind="permission" if isinstance(request, Permission) else "question",
            server_id=server_id,
            session_id=request.session_id,
            root_id=root,
            title=feed.title(root),
            detail=detail_of(request),
            at=self._clock.now(),
            request=request,
            directory=directory,
            path=path_of(feed.heads, request.session_id),
            process=self._process(server_id),
        )

    def _runs(self, session_id: str) -> bool:
        return self._chat.status(session_id).kind != "idle"

    def _process(self, server_id: str) -> str:
        server = next((one for one in self._servers.list() if one.id == server_id), None)
        return f"{server.pid}" if server is not None and server.pid is not None else ""

    def _replied(self, request_id: str, reply: str) -> None:
        row = self._book.get(request_id)
        if row is None or request_id in self._answering:
            return
        at, by = self._rejects.get(row.session_id, (-TOGETHER, HUB))
        if reply == "reject" and self._clock.monotonic() - at < TOGETHER:
            self._end(row, "reject", "Rejected with another request of the same agent", by)
        else:
            said = {"once": "Allowed once", "always": "Always allowed", "reject": "Rejected"}.get(reply, "")
            self._end(row, "elsewhere", said)

    def _told(self, record: Record) -> None:
        data = record.data
        if not isinstance(data, dict):
            return
        server_id, session_id = str(data["server_id"]), str(data["session_id"])
        match data["what"]:
            case "waiting" | "idle":  # what was answered is told right after this
                asyncio.get_running_loop().call_soon(self._compare, server_id)
                if data["what"] == "waiting":
                    self._learn(server_id, session_id)
                if data["what"] == "idle":
                    self.accepting.turn_ended(server_id, session_id)
            case "renamed":
                for row in self._book.of(server_id):
                    if row.root_id == session_id:
                        self._book.put(replace(row, title=str(data["title"])), "changed")
            case "deleted":
                for row in self._book.of(server_id):
                    if session_id in (row.root_id, row.session_id):
                        self._end(row, "deleted")
                self.accepting.end(server_id, session_id)

    def _learn(self, server_id: str, session_id: str) -> None:
        """The ancestors of a session that asks may be known only now."""
        feed = self._chat.feeds.feed(server_id)
        for row in self._book.of(server_id):
            root = feed.root(row.session_id)
            if row.session_id == session_id and row.waits and root != row.root_id:
                path = path_of(feed.heads, session_id)
                self._book.put(replace(row, root_id=root, title=feed.title(root), path=path), "changed")
                self._unasked.again(server_id)

    def _compare(self, server_id: str) -> None:
        """End what OpenCode does not wait for any more; without a word from it, nothing is known."""
        connection = self._chat.feeds.connection(server_id)
        if connection is None or not connection.reconciled.is_set():
            return
        waiting = {entry.request.id for entry in self._chat.inbox.of(server_id)}
        for row in self._book.of(server_id):
            if row.waits and row.id not in waiting and row.id not in self._answering:
                self._end(row, self._why(row))

    def _why(self, row: Row) -> str:
        if row.process and row.process != self._process(row.server_id):
            return "died"
        if row.id in self._unsure:
            return "away"
        return "elsewhere" if self._runs(row.session_id) else "ended"

    def _served(self, record: Record) -> None:
        server_id = getattr(record.data, "id", "")
        self._look(server_id, next((one for one in self._servers.list() if one.id == server_id), None))

    def _look(self, server_id: str, server: Server | None) -> None:
        if server is None:
            self._end_all(server_id, "removed", everything=True)
        elif server.state in ("stopped", "failed") or (server.state == "starting" and not server.adopted):
            self._end_all(server_id, "died")
        self._changed(server_id)

    def _end_all(self, server_id: str, how: str, *, everything: bool = False) -> None:
        for row in self._book.of(server_id):
            if row.waits or everything:
                self._end(row, how)

    # Answers of people

    async def answer_permission(self, request_id: str, reply: str, message: str = "", who: By = HUB) -> None:
        """Answer "once", "always" or "reject" (with a message the agent goes on, told why); or NotWaiting.

        "always" becomes rules of the hub. Raises ServerNotRunning or an OpenCodeError when it could not be said.
        """
        row = await self._waiting(request_id, "permission")
        asked = row.request
        assert isinstance(asked, Permission)
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
        finally:
            self._answering.discard(row.id)

    async def dismiss(self, row_id: str, who: By = HUB) -> None:
        """Put away a turn that is over. Raises NotWaiting, or NotToDismiss for what an agent waits for."""
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

    async def accept(self, server_id: str, session_id: str, span: Span, who: By = HUB) -> AcceptingRow:
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

    # Rows

    def _end(self, row: Row, how: str, said: str = "", by: By | None = None) -> None:
        self._unsure.discard(row.id)
        self._book.end(row, how, said, by)

    def _changed(self, server_id: str) -> None:
        for row in self._book.of(server_id):
            self._book.tell("changed", row)

    async def _note(self, kind: str, row: Row, by: By, said: str) -> None:
        asked = self._redact(row.detail)
        where = {"server": row.server_id, "session": row.root_id, "chat": self._redact(row.title)}
        more = {"device": by.device, "said": self._redact(said)[:500]}
        await self._audit.add(self._clock.now(), kind, by.name, by.source, asked=asked, **where, **more)
