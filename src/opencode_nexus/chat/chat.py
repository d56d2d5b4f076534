# SPDX-License-Identifier: MIT
"""Conversations on all servers: the one object that pages, API and commands talk to."""

import contextlib
from collections.abc import Callable, Iterator, Mapping

from opencode_nexus.chat import sessions as listed
from opencode_nexus.chat.around import Around
from opencode_nexus.chat.composing.offers import Offers
from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.composing.sender import Sender
from opencode_nexus.chat.conversation import Conversation
from opencode_nexus.chat.errors import (
    NotWaiting,
    ProjectUnknown,
    ServerNotRunning,
    SessionNotFound,
)
from opencode_nexus.chat.feeds import Feeds
from opencode_nexus.chat.history import page
from opencode_nexus.chat.inbox.waiting import Entry, Inbox, Waiting, detail_of
from opencode_nexus.chat.servers import ServerDirectory
from opencode_nexus.chat.sessions import Counts, SessionSummary, checked_id
from opencode_nexus.chat.stopping import AbortResult, stop
from opencode_nexus.chat.written import Written
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import UnknownToOpenCode
from opencode_nexus.opencode.state import Message, Permission, Question, Status
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.sent import SentMessages

# Conversations kept although nobody looks: a page is loaded, then its stream is opened. Each may hold 4 MB of text.
UNWATCHED = 4


class Chat:
    """All conversations. Methods with a server id raise the directory's own error for an unknown server,
    ServerNotRunning for one that does not run, and an OpenCodeError when OpenCode fails.
    """

    def __init__(
        self,
        *,
        servers: ServerDirectory,
        journal: Journal,
        sent: SentMessages,
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        activity: Activity,
    ) -> None:
        self.journal = journal
        self.inbox = Inbox(clock)
        self.outbox = Outbox(sent, clock, client=self._client, changed=self._untaken)
        self.feeds = Feeds(servers, journal, self.inbox, self.outbox, bus, activity)
        self._servers, self._bus, self._tasks = servers, bus, tasks
        self.offers = offers = Offers(
            client=self.client, busy=self.busy, folder=lambda server_id: self._project(server_id, None), tasks=tasks,
            running=lambda: [server.id for server in servers.list() if self.feeds.connection(server.id)],
        )  # fmt: skip
        self.sender = Sender(
            client=self.client, feeds=self.feeds, outbox=self.outbox, choices=offers.choices, bus=bus, tasks=tasks
        )
        self.models, self.agents, self.providers = offers.models, offers.agents, offers.providers
        self.set_key, self.add_compatible, self.own_servers = offers.set_key, offers.add_compatible, offers.own_servers
        self.change_own, self.remove_own = offers.change_own, offers.remove_own
        self._unlisten: Callable[[], None] | None = None

    async def open(self) -> None:
        """Take up what was open when the hub last ran, and follow the servers from now on."""
        await self.journal.open()
        self.outbox.open()
        self._unlisten = self._bus.listen(self.offers.heard, "session")
        self.feeds.open()

    async def close(self) -> None:
        """Let go of the servers; they and their sessions go on."""
        if self._unlisten is not None:
            self._unlisten()
        await self.feeds.close()
        await self.outbox.close()

    def client(self, server_id: str) -> Client:
        """The client of a running server; raises ServerNotRunning."""
        server = self._servers.get(server_id)
        client = self._client(server_id)
        if client is None:
            raise ServerNotRunning(f"Its name is {server.name}.")
        return client

    def _client(self, server_id: str) -> Client | None:
        connection = self.feeds.connection(server_id)
        return connection.client if connection is not None else None

    # Conversations

    async def conversation(self, server_id: str, session_id: str) -> Conversation:
        """The window of a session, loaded and kept up to date; raises SessionNotFound."""
        self.client(server_id)
        conversations = self.feeds.conversations.setdefault(server_id, {})
        await self.feeds.settled(server_id)
        conversation = conversations.pop(checked_id(session_id), None)
        if conversation is None:
            conversation = Conversation(server_id, session_id, self._around(server_id))
        conversations[session_id] = conversation  # at the end: the one used last
        try:
            await conversation.open()
        except NexusError:
            if not conversation.watchers:
                conversations.pop(session_id, None)
            raise
        idle = [key for key, one in conversations.items() if not one.watchers]
        for key in idle[:-UNWATCHED]:
            del conversations[key]
        return conversation

    def _around(self, server_id: str) -> Around:
        return Around(server_id, self.feeds, self.journal, self.outbox, self.client)

    def _untaken(self, session_id: str) -> None:
        for conversations in self.feeds.conversations.values():
            if (conversation := conversations.get(session_id)) is not None:
                conversation.refresh_untaken()

    async def messages(
        self, server_id: str, session_id: str, limit: int = 50, before: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of messages, oldest first, and the cursor of the one before it (None: there is none).

        After the newest ones comes what OpenCode did not take, with the error "NotTaken".
        """
        client = self.client(server_id)
        await self.feeds.settled(server_id)
        with _found():
            where = (checked_id(session_id), limit, before)
            return await page(client, self.journal, self.outbox, *where, status=self.status)

    async def send(
        self,
        server_id: str,
        session_id: str,
        text: str,
        model: str | None = None,
        agent: str | None = None,
        *,
        again: str = "",
        files: tuple[str, ...] = (),
        variant: str | None = None,
    ) -> None:
        """Say something to the agent, as it is; while it is busy, OpenCode takes it up afterwards.

        `again`: the id of what it did not take, which this is; `files`: ids of attachments. Raises what `Sender.send`
        does. What a person types goes through `composer.Composer`, which knows its own keys and queue.
        """
        written = Written(text, model, agent, variant, files)
        with _found():
            await self.sender.send(server_id, session_id, written, again=again)

    async def send_again(self, server_id: str, session_id: str, message_id: str) -> None:
        """Say once more what OpenCode did not take; raises SentUnknown, and what `send` raises."""
        self.client(server_id)
        await self.feeds.settled(server_id)
        lost = self.outbox.lost(session_id, message_id)
        written = Written(lost.text, lost.model, lost.agent, lost.variant, lost.files, lost.kind)
        with _found():
            await self.sender.send(server_id, session_id, written, again=lost.id)

    async def abort(self, server_id: str, session_id: str) -> AbortResult:
        """End what a session and its sub-agents do now."""
        client, feed = self.client(server_id), self.feeds.feed(server_id)
        with _found():
            directory = str((await client.session(checked_id(session_id))).get("directory") or "")
            feed.announce("stopping", session_id)
            return await stop(client, feed, session_id, directory)

    # Sessions

    async def sessions(self, server_id: str) -> list[SessionSummary]:
        """The newest sessions of all the server's folders, the one used last first."""
        client = self.client(server_id)
        await self.feeds.settled(server_id)
        projects = self._servers.get(server_id).projects
        return await listed.sessions(client, self.feeds.feed(server_id), projects)

    async def session_page(
        self, server_id: str, limit: int, before: str | None = None
    ) -> tuple[list[SessionSummary], str | None]:
        """A page of all sessions, the one used last first, and the cursor of the page after it (None: no more).

        Raises CursorUnknown for a `before` that no page gave.
        """
        client = self.client(server_id)
        await self.feeds.settled(server_id)
        projects = self._servers.get(server_id).projects
        return await listed.page(client, self.feeds.feed(server_id), projects, limit, before)

    def unlisted(self, server_id: str) -> Mapping[str, str]:
        """The folders of a server whose sessions could not be listed when they were last asked for, and why."""
        return self.feeds.feed(server_id).unlisted

    async def session(self, server_id: str, session_id: str) -> SessionSummary:
        """One session, however long unused; raises SessionNotFound."""
        client = self.client(server_id)
        await self.feeds.settled(server_id)
        with _found():
            info = await client.session(checked_id(session_id))
        return listed.summary(self.feeds.feed(server_id), info)

    async def create(self, server_id: str, title: str = "", project: str | None = None) -> str:
        """Begin a session in a folder of the server (its first one); returns its id."""
        client = self.client(server_id)
        directory = self._project(server_id, project)
        info = await client.create(directory, title)
        feed = self.feeds.feed(server_id)
        feed.heads.learn(info)
        feed.directories.add(directory)
        return str(info["id"])

    async def rename(self, server_id: str, session_id: str, title: str) -> None:
        """Give a session another title."""
        client = self.client(server_id)
        with _found():
            await client.rename(checked_id(session_id), title)

    async def delete(self, server_id: str, session_id: str) -> None:
        """Delete a session and all that was said in it."""
        client = self.client(server_id)
        with _found():
            await client.delete(checked_id(session_id))
        self.journal.forget_session(session_id)
        self.outbox.forget_session(session_id)

    def title(self, server_id: str, session_id: str) -> str:
        """A session's title, "" while it is not known. Asks nobody."""
        return self.feeds.feed(server_id).title(session_id)

    def status(self, session_id: str) -> Status:
        """What a session does, whichever server runs it."""
        return self.feeds.status(session_id)

    def busy(self, server_id: str) -> list[str]:
        """The sessions that run, sub-agents' too."""
        feed = self.feeds.feeds.get(server_id)
        return sorted(feed.statuses) if feed else []

    def counts(self, server_id: str) -> Counts:
        """How many chats run and how many wait."""
        feed = self.feeds.feeds.get(server_id)
        if feed is None:
            return Counts(0, 0)
        waiting = {feed.root(entry.request.session_id) for entry in self.inbox.of(server_id)}
        return Counts(len({feed.root(session_id) for session_id in feed.statuses}), len(waiting))

    # What waits

    def waiting(self, server_id: str | None = None) -> list[Waiting]:
        """What waits for a person, on one server or on all, oldest first."""
        return [self._waiting(entry) for entry in self.inbox.of(server_id)]

    def _waiting(self, entry: Entry) -> Waiting:
        feed, request = self.feeds.feed(entry.server_id), entry.request
        root = feed.root(request.session_id)
        return Waiting(
            id=request.id,
            kind="permission" if isinstance(request, Permission) else "question",
            server_id=entry.server_id,
            session_id=request.session_id,
            root_id=root,
            title=feed.title(root),
            detail=detail_of(request),
            at=entry.at,
            request=request,
        )

    async def reply_permission(self, server_id: str, request_id: str, reply: str, message: str = "") -> None:
        """Answer "once", "always" or "reject" (with a message the agent goes on, told why); or NotWaiting."""
        entry = self._entry(server_id, request_id, Permission)
        client = self.client(server_id)
        with self._answered(request_id):
            await client.reply_permission(entry.directory, request_id, reply, message)

    async def reply_question(self, server_id: str, request_id: str, answers: list[list[str]] | None) -> None:
        """Answer each part with its labels or own words; None turns the question down. Or NotWaiting."""
        entry = self._entry(server_id, request_id, Question)
        client = self.client(server_id)
        with self._answered(request_id):
            await client.reply_question(entry.directory, request_id, answers)

    def _entry(self, server_id: str, request_id: str, kind: type[Permission | Question]) -> Entry:
        entry = self.inbox.get(request_id)
        if entry is None or entry.server_id != server_id or not isinstance(entry.request, kind):
            raise NotWaiting(f"Asked for: {request_id[:80]!r}.")
        return entry

    @contextlib.contextmanager
    def _answered(self, request_id: str) -> Iterator[None]:
        try:
            yield
        except UnknownToOpenCode as error:
            self.inbox.drop(request_id)
            raise NotWaiting(error.detail) from error

    def _project(self, server_id: str, project: str | None) -> str:
        projects = self._servers.get(server_id).projects
        if project is None and projects:
            return projects[0]
        if project is None or project not in projects:
            raise ProjectUnknown(f"Asked for: {project!r}.")
        return project


@contextlib.contextmanager
def _found() -> Iterator[None]:
    """Say SessionNotFound where OpenCode knows no such session."""
    try:
        yield
    except UnknownToOpenCode as error:
        raise SessionNotFound(error.detail) from error
