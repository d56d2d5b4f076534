# SPDX-License-Identifier: MIT
"""What one running server tells, taken in: journalled, kept in mind, and handed to who looks."""

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.conversation import Conversation
from opencode_nexus.chat.heads import Head, Heads
from opencode_nexus.chat.inbox.waiting import Entry, Inbox
from opencode_nexus.chat.listener import Listeners
from opencode_nexus.core.bus import Bus
from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.state import Status
from opencode_nexus.opencode.wire import TEXT_KINDS, child, part_of, permission_of, question_of, status_of
from opencode_nexus.store.journal import Journal, OpenPart

log = logging.getLogger(__name__)

IDLE = Status()


class Feed:
    """The state of one server's sessions, as its events tell it. No I/O: `Connection` feeds it.

    A delta that nobody looks at costs its decoding, one look-up and an append to the journal.
    """

    def __init__(
        self,
        server_id: str,
        journal: Journal,
        inbox: Inbox,
        outbox: Outbox,
        bus: Bus,
        conversations: Mapping[str, Conversation],
        listeners: Listeners,
    ) -> None:
        self.server_id = server_id
        self.heads = Heads()
        self.statuses: dict[str, Status] = {}  # of the sessions that are not idle
        self.directories: set[str] = set()  # the folders that events came from
        self.strangers: set[str] = set()  # sessions whose ancestors must be looked up
        # Words of parts whose beginning was not heard: {part: (session, pieces)}, until it is known.
        self.orphans: dict[str, tuple[str, list[str]]] = {}
        self.errors = journal.failures(server_id)  # why a session's last turn failed
        self.hidden: Collection[str] = ()  # sessions that a person has deleted, and that OpenCode still has
        self.unlisted: dict[str, str] = {}  # folders whose sessions could not be listed when last asked for, and why
        self._sent: set[str] = set()
        self._journal, self._inbox, self._outbox, self._bus = journal, inbox, outbox, bus
        self._conversations, self._listeners = conversations, listeners
        self._touched: set[Conversation] = set()

    # Events

    def take(self, batch: list[tuple[str, ev.Event]]) -> None:
        """Take in what came with one read, then tell the watchers once."""
        for directory, event in batch:
            if type(event) is ev.PartDelta:
                if event.field == "text" and not self._journal.append(event.part_id, event.delta):
                    self.orphans.setdefault(event.part_id, (event.session_id, []))[1].append(event.delta)
                conversation = self._conversations.get(event.session_id)
                if conversation is not None:
                    conversation.apply(event)
                    self._touched.add(conversation)
            elif event.session_id:
                self.directories.add(directory)
                try:
                    self._keep(directory, event)
                    self._follow(directory, event)
                    self._hand_on(event)
                except Exception:  # a chat that cannot show it must not keep the inbox from hearing it
                    log.exception("%s of %s", type(event).__name__, event.session_id)
                self._listeners.heard(self.server_id, directory, event)
        touched, self._touched = self._touched, set()
        for conversation in touched:
            conversation.notify()

    def _keep(self, directory: str, event: ev.Event) -> None:
        """Begin and end the journal's copies, and end the outbox's."""
        journal = self._journal
        match event:
            case ev.PartUpdated() if event.part.get("type") in TEXT_KINDS:
                part = part_of(event.part)
                self._outbox.taken(part.id)
                if part.closed:
                    journal.close(part.id)
                else:
                    ids = (part.id, self.server_id, event.session_id, part.message_id)
                    journal.begin(OpenPart(*ids, directory, part.kind), part.text)
            case ev.MessageUpdated() if "completed" in child(event.info, "time"):
                for copy in journal.open_parts(message_id=str(event.info.get("id"))):
                    journal.interrupt(copy.id)
            case ev.SessionStatus() if event.status.get("type") == "retry":
                # The connection to the model broke: its next try begins a new part, this one stays as it is.
                for copy in journal.open_parts(session_id=event.session_id):
                    journal.interrupt(copy.id)
            case ev.PartRemoved():
                journal.close(event.part_id)
            case ev.MessageRemoved():
                journal.forget_message(event.message_id)
            case ev.SessionDeleted():
                journal.forget_session(event.session_id)
                self._outbox.forget_session(event.session_id)

    def _follow(self, directory: str, event: ev.Event) -> None:
        """Keep titles, statuses and what waits."""
        session_id = event.session_id
        match event:
            case ev.SessionCreated():  # known already to whoever asked for it; news to all others
                _, head = self.heads.learn(event.info)
                self.announce("created", session_id, title=head.title)
            case ev.SessionUpdated():
                self.learn(event.info)
            case ev.SessionDeleted():
                self.set_status(session_id, IDLE)
                self.heads.forget(session_id)
                self.errors.drop(session_id)
                self.announce("deleted", session_id)
            case ev.SessionStatus():
                self.set_status(session_id, status_of(event.status), directory)
            case ev.SessionIdle():
                self.set_status(session_id, IDLE)
            case ev.SessionError():
                self._sent.discard(session_id)
                self.errors.put(session_id, event.error or {"name": "UnknownError", "data": {}})
            case ev.PermissionAsked():
                if self._inbox.put(self.server_id, directory, permission_of(event)):
                    self._wait(session_id)
            case ev.QuestionAsked():
                if self._inbox.put(self.server_id, directory, question_of(event)):
                    self._wait(session_id)
            case ev.PermissionReplied() | ev.QuestionClosed():
                if self._inbox.drop(event.request_id):
                    self.announce("waiting", session_id)

    def _hand_on(self, event: ev.Event) -> None:
        """To the session's own conversation, and what may be waiting to its ancestors' too."""
        if not self._conversations:
            return
        for session_id in self.heads.chain(event.session_id):
            conversation = self._conversations.get(session_id)
            if conversation is not None:
                conversation.apply(event)
                self._touched.add(conversation)

    def _wait(self, session_id: str) -> None:
        self._meet(session_id)
        self.announce("waiting", session_id)

    def _meet(self, session_id: str) -> None:
        if self.heads.unknown(session_id):
            self.strangers.add(session_id)

    def learn(self, info: dict[str, Any]) -> Head:
        """Take over a session object, however it was had, and tell of another title."""
        before, head = self.heads.learn(info)
        if before is not None and before.title != head.title:
            self.announce("renamed", head.id, title=head.title)
        return head

    def set_status(self, session_id: str, status: Status, directory: str = "") -> None:
        """Note what a session does; an idle one waits for nothing (an abort withdraws nothing by itself)."""
        self._sent.discard(session_id)
        before = self.statuses.get(session_id, IDLE)
        if status.kind == "idle":
            self.statuses.pop(session_id, None)
            self._journal.idle(self.server_id, session_id)
            gone = self._inbox.of(self.server_id, session_id)
            for entry in gone:
                self._inbox.drop(entry.request.id)
            if gone:
                self.announce("waiting", session_id)
        else:
            if before.kind == "idle" and not self._journal.runs(self.server_id, session_id):
                self.errors.drop(session_id)  # another turn; not one that this hub comes back to
            self.statuses[session_id] = status
            self._journal.busy(self.server_id, session_id, directory)
            self._meet(session_id)
        if status.kind != before.kind:
            self.announce(status.kind, session_id)

    def announce(self, what: str, session_id: str, **data: Any) -> None:
        """Publish on the bus that something about a session changed."""
        where = {"server_id": self.server_id, "session_id": session_id, "root_id": self.root(session_id)}
        self._bus.publish("session", {"what": what, **where, **data})

    # Questions

    def status(self, session_id: str) -> Status:
        """What a session does, as last heard."""
        return self.statuses.get(session_id, IDLE)

    def root(self, session_id: str) -> str:
        """The session that a person started; as far as is known."""
        return self.heads.chain(session_id)[-1]

    def title(self, session_id: str) -> str:
        """A session's title, "" while it is not known."""
        head = self.heads.get(session_id)
        return head.title if head else ""

    def descends(self, session_id: str, ancestor_id: str) -> bool:
        """Whether it is `ancestor_id` or one of its descendants."""
        return ancestor_id in self.heads.chain(session_id)

    def hides(self, session_id: str) -> bool:
        """Whether it, or the chat that it works for, was deleted by a person, though OpenCode still has it."""
        return any(one in self.hidden for one in self.heads.chain(session_id))

    def sent(self, session_id: str) -> None:
        """Note that a message was sent, until OpenCode says what it does about it."""
        self._sent.add(session_id)

    def expected(self, session_id: str) -> bool:
        """Whether a message was sent that OpenCode has not begun to answer."""
        return session_id in self._sent

    def running(self, session_id: str) -> set[str]:
        """The session and its descendants, as far as they run."""
        return {running for running in self.statuses if self.descends(running, session_id)}

    def asking(self, session_id: str) -> list[Entry]:
        """What the session and its descendants wait for."""
        return list(self._asking(session_id))

    def _asking(self, session_id: str) -> Iterator[Entry]:
        for entry in self._inbox.of(self.server_id):
            if self.descends(entry.request.session_id, session_id):
                yield entry

    # The end of the process

    def died(self) -> list[str]:
        """Its process is gone: nothing runs or waits any more. Returns the sessions that were running."""
        running = sorted({*self._journal.running(self.server_id), *self.statuses})
        for copy in self._journal.open_parts(server_id=self.server_id):
            self._journal.interrupt(copy.id)
        for entry in self._inbox.of(self.server_id):
            self._inbox.drop(entry.request.id)
            self.announce("waiting", entry.request.session_id)
        for session_id in running:
            self.set_status(session_id, IDLE)
        self.directories.clear()
        for conversation in tuple(self._conversations.values()):
            conversation.cut()
        self._listeners.died(self.server_id)
        return running
