# SPDX-License-Identifier: MIT
"""What servers tell, as rows of the inbox: they come with a request, and go when nobody waits for it any more.

What waits is what OpenCode says that waits. Rows that an earlier hub left are shown at once and are checked as soon
as their server answers; what was answered elsewhere, or died with its OpenCode, goes, and leaves a line in the history.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

from opencode_nexus.chat.by import HUB, By
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.inbox.accepting import Accepting
from opencode_nexus.chat.inbox.alerts import AlertedRows
from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.given import filled, given, missing
from opencode_nexus.chat.inbox.row import Row, path_of
from opencode_nexus.chat.inbox.rules import Rules
from opencode_nexus.chat.inbox.unasked import Unasked
from opencode_nexus.chat.inbox.waiting import detail_of
from opencode_nexus.chat.servers import Server, ServerDirectory
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.opencode.wire import permission_of, question_of

Certainty = Literal["sure", "checking", "down"]
OURS = frozenset({"once", "always", "reject", "answered", "auto", "rule", "elsewhere"})  # ends that nothing takes back
TOGETHER = 5.0  # seconds; OpenCode turns down all that a chat waits for with one of them


class AuditLog(Protocol):
    """Where answers are written down (`store.audit.Audit`); `detail` must hold no secret."""

    async def add(self, at: float, kind: str, user: str, source: str, **detail: object) -> None: ...


class InboxWatch:
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
        self.rules, self.accepting, self.alerted = rules, accepting, AlertedRows(book, bus)
        self._chat, self._servers, self._book, self._audit = chat, servers, book, audit
        self._bus, self._clock, self._redact, self._tasks = bus, clock, redact, tasks
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
        self.alerted.close()
        self.accepting.close()

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
            request = filled(request, known.request) if isinstance(request, Permission) else request
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
            if isinstance(request, Permission) and missing(request):
                self._tasks.spawn(self._fill(row.id, request), f"what {row.id} asks for")

    async def _fill(self, row_id: str, request: Permission) -> None:
        """Add what the tool was given, which the request does not say."""
        row = self._book.get(row_id)
        connection = self._chat.feeds.connection(row.server_id) if row is not None else None
        found = await given(connection.client, request) if connection is not None else None
        row = self._book.get(row_id)  # it may have been answered meanwhile
        if row is not None and found is not None:
            self._book.put(replace(row, request=found), "changed")

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
        """The ancestors of a session that asks, and its title, may be known only now."""
        feed = self._chat.feeds.feed(server_id)
        for row in self._book.of(server_id):
            if row.session_id != session_id or not row.waits:
                continue
            root = feed.root(session_id)
            fresh = replace(
                row, root_id=root, title=feed.title(root) or row.title, path=path_of(feed.heads, session_id) or row.path
            )
            if fresh != row:
                self._book.put(fresh, "changed")
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
            if row.waits or (everything and row.kind != "alert"):  # an alert goes when its cause does
                self._end(row, how)

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
