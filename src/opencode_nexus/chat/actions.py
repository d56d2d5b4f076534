# SPDX-License-Identifier: MIT
"""What is done with a session as a whole, and with one of its messages."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opencode_nexus.chat import commands_run
from opencode_nexus.chat.backwards import after
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.errors import (
    ChatDeleted,
    NoModelToCompact,
    NothingUndone,
    SessionNotFound,
)
from opencode_nexus.chat.family import Family, family
from opencode_nexus.chat.marked import Marked
from opencode_nexus.chat.notices import Notice, Notices
from opencode_nexus.chat.servers import ServerDirectory
from opencode_nexus.chat.sessions import SessionSummary, checked_id, summary
from opencode_nexus.chat.stop_words import stop_words
from opencode_nexus.chat.stopping import AbortResult
from opencode_nexus.chat.trash import FRESH, KEEP, Trash
from opencode_nexus.chat.undoing import Spoken, Undoing, coming_back, undoing
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode import session_changes
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import SessionBusy, UnknownToOpenCode
from opencode_nexus.opencode.wire import child, seconds
from opencode_nexus.store.marks import Marks, Trashed

COMPACTING = "Compacting: a model sums up what was said, and the agent goes on from that."


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stop did, and the same in words; `commands` are those that ran."""

    result: AbortResult
    words: str
    commands: tuple[commands_run.Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known here of a session, for its page. `due`: it was deleted and goes for good then (epoch seconds).

    `origin` is (session, title) that it was forked from, `parent` that of the one it works for; `agents` are (id,
    title, whether it works) of its own sub-agents that were heard of, oldest first. `put_back`: files that an undo
    changed; None: not known.
    """

    pinned: bool = False
    archived: bool = False
    due: float | None = None
    origin: tuple[str, str] | None = None
    parent: tuple[str, str] | None = None
    agents: tuple[tuple[str, str, bool], ...] = ()
    put_back: tuple[str, ...] | None = None
    notice: Notice | None = None


class Actions:
    """Methods raise what `Chat` raises for servers and sessions that are not there. Is a `chat.listener.Listener`.

    `queued` says how many messages of ours wait to be sent in a session.
    """

    def __init__(
        self,
        *,
        chat: Chat,
        servers: ServerDirectory,
        marks: Marks,
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        queued: Callable[[str], int] = lambda session_id: 0,
    ) -> None:
        self._chat, self._servers, self._bus, self._clock, self._tasks = chat, servers, bus, clock, tasks
        self._marks, self._queued = marks, queued
        self.marked = Marked(marks, clock)
        self.trash = Trash(marks, clock, chat.delete, self._known)
        self.notices = Notices(bus, clock)
        self._compacting: set[str] = set()
        self._told: set[str] = set()  # sessions of which an archive or an undo was told
        chat.feeds.hidden = self.trash
        chat.feeds.listeners.add(self)
        chat.feeds.guards.add(self._guard)

    def open(self) -> None:
        """Read what is kept; before the chat is opened, whose lists ask for it."""
        self.marked.open()
        self.trash.open()

    async def close(self) -> None:
        """Leave the trash for the next hub."""
        await self.trash.close()

    # What is known

    def facts(self, server_id: str, session_id: str) -> Facts:
        """Return what is known of a session now. Asks nobody."""
        feed = self._chat.feeds.feed(server_id)
        head, mark = feed.heads.get(session_id), self.marked.get(session_id)
        if head is None:
            self._tasks.spawn(self._learn(server_id, session_id), "head of a session")
        trashed = self.trash.entries.get(session_id)
        parent_id = head.parent_id if head is not None else None
        return Facts(
            pinned=session_id in self.marked.pinned,
            archived=head is not None and head.archived is not None,
            due=trashed.due if trashed is not None else None,
            origin=(mark.from_session, mark.from_title) if mark is not None and mark.from_session else None,
            parent=(parent_id, feed.title(parent_id)) if parent_id else None,
            agents=tuple(
                (one.id, one.title, feed.status(one.id).kind != "idle") for one in feed.heads.children(session_id)
            ),
            put_back=head.put_back if head is not None else None,
            notice=self.notices.get(session_id),
        )

    async def _learn(self, server_id: str, session_id: str) -> None:
        with contextlib.suppress(NexusError):
            await self._chat.session(server_id, session_id)
            self._tell(server_id, session_id)

    async def family(self, server_id: str, session_id: str) -> Family:
        """Return a session's parent, siblings and sub-agents."""
        with _found():
            return await family(self._client(server_id), self._chat.feeds.feed(server_id), checked_id(session_id))

    # Undo

    async def undoing(self, server_id: str, session_id: str, message_id: str) -> Undoing:
        """Return what undoing from a message on would do; raises MessageNotFound."""
        client = self._client(server_id)
        with _found():
            info = await client.session(checked_id(session_id))
            return await undoing(client, session_id, message_id, str(info.get("directory") or ""))

    async def revert(self, server_id: str, session_id: str, message_id: str) -> Undoing:
        """Undo a message and all after it, and put files back; an answer goes with its question.

        Raises SessionBusy while it runs, MessageNotFound, ChatDeleted.
        """
        self._idle(server_id, session_id)
        what = await self.undoing(server_id, session_id, message_id)
        with _found():
            info = await session_changes.revert(self._client(server_id), session_id, what.message_id)
        self._took(server_id, info)
        return what

    async def restoring(self, server_id: str, session_id: str) -> tuple[tuple[Spoken, ...], tuple[str, ...]]:
        """Return the messages and the files that a restore brings back; raises NothingUndone."""
        client = self._client(server_id)
        with _found():
            info = await client.session(checked_id(session_id))
            message_id = child(info, "revert").get("messageID")
            if not message_id:
                raise NothingUndone
            head = self._chat.feeds.feed(server_id).learn(info)
            return await coming_back(client, session_id, str(message_id)), head.put_back or ()

    async def restore(self, server_id: str, session_id: str) -> None:
        """Bring back what was undone; raises NothingUndone, SessionBusy."""
        self._idle(server_id, session_id)
        client = self._client(server_id)
        with _found():
            info = await client.session(checked_id(session_id))
            if not child(info, "revert").get("messageID"):
                raise NothingUndone
            self._took(server_id, await session_changes.unrevert(client, session_id))

    # Fork and compact

    async def fork(
        self, server_id: str, session_id: str, message_id: str | None = None, *, included: bool = True
    ) -> SessionSummary:
        """Copy a session up to a message, with it or without; without a message all of it. Raises MessageNotFound."""
        client = self._client(server_id)
        with _found():
            before = message_id
            if message_id is not None and included:
                before = await after(client, checked_id(session_id), message_id)
            origin = await client.session(checked_id(session_id))
            info = await session_changes.fork(client, session_id, before)
        title = str(origin.get("title") or "")
        await self.marked.forked(server_id, str(info["id"]), session_id, message_id or "", title)
        feed = self._chat.feeds.feed(server_id)
        made = summary(feed, info)
        feed.announce("created", made.id, title=made.title)
        return made

    async def compact(self, server_id: str, session_id: str, model: str | None = None) -> None:
        """Let a model (that of the last turn) sum the session up, behind the scenes; the chat tells how it goes.

        Raises SessionBusy, NoModelToCompact, or what a guard says against it.
        """
        self._chat.feeds.guards.check(server_id, session_id)
        self._idle(server_id, session_id)
        client = self._client(server_id)
        with _found():
            model = model or await self._model(client, checked_id(session_id))
        if model is None:
            raise NoModelToCompact
        self._compacting.add(session_id)
        self.notices.put(server_id, session_id, Notice("busy", COMPACTING))
        self._tasks.spawn(self._compact(client, server_id, session_id, model), "compacting")

    async def _compact(self, client: Client, server_id: str, session_id: str, model: str) -> None:
        try:
            await session_changes.summarize(client, session_id, model)
            error = self._chat.feeds.feed(server_id).errors.get(session_id)
            words = str(child(error, "data").get("message") or error.get("name")) if error else ""
            notice = (
                Notice("bad", f"It was not compacted: {words}") if error else Notice("ok", "The chat was compacted.")
            )
        except NexusError as error:
            notice = Notice("bad", f"It was not compacted. {error} {error.hint}")
        finally:
            self._compacting.discard(session_id)
        self.notices.put(server_id, session_id, notice)

    @staticmethod
    async def _model(client: Client, session_id: str) -> str | None:
        page, _ = await client.messages(session_id, 20)
        for item in reversed(page):
            info = child(item, "info")
            told = child(info, "model") or info
            if told.get("providerID") and told.get("modelID"):
                return f"{told['providerID']}/{told['modelID']}"
        return None

    # Stop

    async def stop(self, server_id: str, session_id: str) -> Stopped:
        """End what a session and its sub-agents do, and tell all who look what that did."""
        client, feed = self._client(server_id), self._chat.feeds.feed(server_id)
        commands: list[commands_run.Running] = []
        with contextlib.suppress(NexusError):  # to stop is what counts; to tell of it is not worth a failure
            waiting = {entry.request.call_id for entry in feed.asking(session_id)}  # these do not run yet
            pid = self._servers.get(server_id).pid
            commands = await commands_run.running(client, feed.running(session_id), waiting, pid)
        result = await self._chat.abort(server_id, session_id)
        told = tuple(await commands_run.ended(commands))
        kind, words = stop_words(result, session_id, told, self._queued(session_id))
        self.notices.put(server_id, session_id, Notice(kind, words))
        return Stopped(result, words, told)

    # Marks

    async def pin(self, server_id: str, session_id: str, *, pinned: bool) -> None:
        """Let a session stand first in the list, or end that."""
        await self._chat.session(server_id, session_id)
        await self.marked.pin(server_id, session_id, pinned=pinned)
        self._tell(server_id, session_id, "pinned")

    async def archive(self, server_id: str, session_id: str, *, archived: bool) -> None:
        """Take a session out of the list, or bring it back into it."""
        client = self._client(server_id)
        with _found():
            at = self._clock.now() if archived else None
            self._took(server_id, await session_changes.archive(client, checked_id(session_id), at))
        self._tell(server_id, session_id, "archived")

    async def delete(self, server_id: str, session_id: str, keep: float = KEEP) -> Trashed:
        """Stop a session and hide it; it is deleted for good in `keep` seconds unless it is taken back."""
        found = await self._chat.session(server_id, session_id)
        feed = self._chat.feeds.feed(server_id)
        entry = await self.trash.put(server_id, session_id, found.title, keep)
        self._tell(server_id, session_id, "trashed")
        # the offer to take it back goes from the other chats' pages by itself
        asyncio.get_running_loop().call_later(FRESH + 1, self._tell_all, server_id)
        if feed.running(session_id) or feed.asking(session_id):
            with contextlib.suppress(NexusError):
                await self._chat.abort(server_id, session_id)
        return entry

    async def undelete(self, server_id: str, session_id: str) -> None:
        """Take a deletion back; raises NotDeleted."""
        self._servers.get(server_id)
        entry = await self.trash.take_back(session_id)
        self._tell(entry.server_id, session_id, "created")

    def present(self, server_id: str, session_id: str) -> None:
        """Raise SessionNotFound for one that was deleted, though it can be taken back."""
        if self._chat.feeds.feed(server_id).hides(session_id):
            raise SessionNotFound("It was deleted, and can be brought back for a while.")

    # A listener of what servers tell

    def heard(self, server_id: str, directory: str, event: ev.Event) -> None:
        """Forget what is gone, and take a notice away when the next message is there."""
        match event:
            case ev.SessionDeleted():
                self.marked.forget(event.session_id)
                self.trash.forget(event.session_id)
            case ev.MessageUpdated() if event.info.get("role") == "user" and event.session_id not in self._compacting:
                self.notices.said(server_id, event.session_id, seconds(child(event.info, "time").get("created")) or 0.0)
            case ev.SessionUpdated():
                self._updated(server_id, event.session_id)

    def connected(self, server_id: str, client: Client) -> None:
        """What is due is deleted by the next look."""

    def died(self, server_id: str) -> None:
        """Nothing of ours ends with a process."""

    def _updated(self, server_id: str, session_id: str) -> None:
        """Tell the pages, if it is archived or undone, or was: a session is updated with every step."""
        head = self._chat.feeds.feed(server_id).heads.get(session_id)
        told = head is not None and (head.archived is not None or head.put_back is not None)
        if told or session_id in self._told:
            (self._told.add if told else self._told.discard)(session_id)
            self._tell(server_id, session_id)

    # Small things

    def _client(self, server_id: str) -> Client:
        return self._chat.client(server_id)

    def _known(self, server_id: str) -> bool:
        return any(server.id == server_id for server in self._servers.list())

    def _idle(self, server_id: str, session_id: str) -> None:
        self._guard(server_id, session_id)
        if self._chat.status(session_id).kind != "idle":
            raise SessionBusy

    def _guard(self, server_id: str, session_id: str) -> None:
        if self._chat.feeds.feed(server_id).hides(session_id):
            raise ChatDeleted

    def _took(self, server_id: str, info: dict[str, object]) -> None:
        """Take over a session object that a change gave back: the event of it may come after the next page."""
        self._chat.feeds.feed(server_id).learn(info)
        conversation = self._chat.feeds.conversations.get(server_id, {}).get(str(info.get("id")))
        if conversation is not None:
            conversation.apply(ev.SessionUpdated(session_id=conversation.session_id, info=info))
            conversation.notify()
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": str(info.get("id"))})

    def _tell_all(self, server_id: str) -> None:
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": None})

    def _tell(self, server_id: str, session_id: str, what: str = "") -> None:
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": session_id})
        if what:
            self._chat.feeds.feed(server_id).announce(what, session_id)


@contextlib.contextmanager
def _found() -> Iterator[None]:
    """Say SessionNotFound where OpenCode knows no such session."""
    try:
        yield
    except UnknownToOpenCode as error:
        raise SessionNotFound(error.detail) from error
