# SPDX-License-Identifier: MIT
"""One session as it is looked at: a bounded window of messages that follows the events."""

import asyncio
import logging
from collections.abc import Callable, Container, Mapping
from typing import Any, Protocol

from opencode_nexus.chat.errors import SessionNotFound
from opencode_nexus.chat.transcript import cut_off, transcript
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.bounds import bound, bound_all, weight
from opencode_nexus.opencode.errors import UnknownToOpenCode
from opencode_nexus.opencode.events import Event
from opencode_nexus.opencode.fold import ALL_KINDS, drop_waiting, fold, interrupt, read_session, trim
from opencode_nexus.opencode.state import Change, Message, Permission, Question, SessionState, Status, Untaken
from opencode_nexus.opencode.wire import child, message_of
from opencode_nexus.store.journal import OpenPart

log = logging.getLogger(__name__)

JSON = dict[str, Any]
Watcher = Callable[[list[Change]], None]

# Messages; 87 kB and 6 ms for 50 of them, whatever the length of the session. With 40 a long chat took 24 % longer to
# open than one of 30 (123 and 99 ms): what a page shows first is what it waits for.
PAGE = 30
MOST = 400  # messages held; some 2 kB each
WEIGHT = 4_000_000  # characters held, unless the newest PAGE messages have more


class Surroundings(Protocol):
    """What a conversation asks of the rest of the hub."""

    def client(self) -> Client:
        """The server's client; raises ServerNotRunning."""
        ...

    def status(self, session_id: str) -> Status:
        """What the session does, as last heard."""
        ...

    def waiting(self, session_id: str) -> list[Permission | Question]:
        """What the session and its descendants wait for."""
        ...

    def error(self, session_id: str) -> JSON | None:
        """Why its last turn failed, as OpenCode said it when it did; None: it did not, or nobody heard it."""
        ...

    async def interrupted(self, session_id: str) -> Mapping[str, OpenPart]:
        """The journal's copies of the session's parts that will never be closed, by part id."""
        ...

    def open_parts(self, session_id: str) -> list[OpenPart]:
        """The journal's copies of those that are open, with every word heard until now."""
        ...

    def untaken(self, session_id: str, parts: Container[str]) -> list[Untaken]:
        """What was sent to the session and OpenCode did not take; it has taken what is among these `parts`."""
        ...


class Conversation:
    """The window of one session. `state` stays the same object for as long as the conversation lives."""

    def __init__(self, server_id: str, session_id: str, around: Surroundings) -> None:
        self.server_id, self.session_id = server_id, session_id
        self.state = SessionState(session_id)
        self.watchers: list[Watcher] = []
        self._around = around
        self._changes: list[Change] = []
        self._loaded = False
        self._backlog: list[Event] | None = None  # what came while the window was being loaded
        self._lock = asyncio.Lock()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with each batch of changes, after `state` has them; returns a function that ends it."""
        self.watchers.append(watcher)

        def unwatch() -> None:
            if watcher in self.watchers:
                self.watchers.remove(watcher)

        return unwatch

    async def open(self) -> None:
        """Load the window unless that was done before; raises what `load` raises."""
        async with self._lock:
            if not self._loaded:
                await self._load()

    async def load(self) -> None:
        """Read the window from OpenCode anew, and tell the watchers "reset".

        Older pages that join on to it are kept. Raises SessionNotFound, ServerNotRunning or an OpenCodeError.
        """
        async with self._lock:
            await self._load()

    async def _load(self) -> None:
        self._backlog = []
        try:
            client = self._around.client()
            info, page, todos = await asyncio.gather(
                client.session(self.session_id),
                client.messages(self.session_id, PAGE),
                client.todos(self.session_id),
            )
            self._take(info, page, todos, await self._around.interrupted(self.session_id))
            self._loaded = True
        except UnknownToOpenCode as error:
            raise SessionNotFound(error.detail) from error
        finally:
            backlog, self._backlog = self._backlog, None
            for event in backlog:
                self.apply(event)
            # Words that came meanwhile are in the journal's copies already, and may be in the backlog too.
            self._copy_open()
        self.notify()

    def _copy_open(self) -> None:
        for copy in self._around.open_parts(self.session_id):
            message = self.state.messages.get(copy.message_id)
            part = message.parts.get(copy.id) if message else None
            if part is not None and not part.closed:
                part.text, part.gaps = copy.text, list(copy.gaps)
                self._changes.append(Change("part", copy.message_id, copy.id))

    def _take(
        self, info: JSON, page: tuple[list[JSON], str | None], todos: list[JSON], kept: Mapping[str, OpenPart]
    ) -> None:
        state, (raw, cursor) = self.state, page
        state.status = self._around.status(self.session_id)
        state.error = self._around.error(self.session_id)
        running = state.status.kind != "idle"
        copies = {**kept, **{part.id: part for part in self._around.open_parts(self.session_id)}}
        messages = {message.id: bound_all(message) for message in transcript(raw, copies, busy=running)}
        older = _older_than(state.messages, next(iter(messages), None))
        if older is None:
            older, state.has_older = {}, cursor is not None
        state.messages = {**older, **messages}
        read_session(state, info)
        state.todos = todos
        state.interrupted = not running and cut_off(raw)
        self._take_waiting()
        parts = {part_id for message in messages.values() for part_id in message.parts}
        state.untaken = self._around.untaken(self.session_id, parts)
        self._changes.append(Change("reset"))

    def _take_waiting(self) -> None:
        waiting = self._around.waiting(self.session_id)
        self.state.permissions = {item.id: item for item in waiting if isinstance(item, Permission)}
        self.state.questions = {item.id: item for item in waiting if isinstance(item, Question)}

    def refresh_waiting(self) -> None:
        """Take over what waits, when it became known that a session is a descendant of this one."""
        self._take_waiting()
        self._changes += [Change("permission"), Change("question")]
        self.notify()

    def refresh_untaken(self) -> None:
        """Take over what OpenCode did not take, when that changed."""
        self.state.untaken = self._around.untaken(self.session_id, ())
        self._changes.append(Change("untaken"))
        self.notify()

    def agrees(self, raw: list[JSON]) -> bool:
        """Whether OpenCode's newest messages hold nothing that the window lacks."""
        for item in raw:
            fresh = message_of(child(item, "info"), item.get("parts") or ())
            known = self.state.messages.get(fresh.id)
            if known is None or (known.completed, known.error) != (fresh.completed, fresh.error):
                return False
            for part in bound_all(fresh).parts.values():
                mine = known.parts.get(part.id)
                if mine is None or (part.closed and (mine.text, mine.data) != (part.text, part.data)):
                    return False
        return bool(raw) or not self.state.messages

    def apply(self, event: Event) -> None:
        """Fold an event of this session, or of a descendant; the watchers hear of it at `notify`."""
        if self._backlog is not None:
            self._backlog.append(event)
            return
        count = len(self.state.messages)
        changes = fold(self.state, event)
        for change in changes:
            message = self.state.messages.get(change.message_id) if change.kind == "part" else None
            if message is not None and change.part_id in message.parts:
                bound(message.parts[change.part_id])
        if len(self.state.messages) > count:  # weighing 400 messages takes 4 ms
            changes += trim(self.state, self._room())
        self._changes += changes

    def _room(self) -> int:
        """How many messages may be held: fewer, when they are heavy, but always those that a page shows."""
        held = left = 0
        for message in reversed(self.state.messages.values()):
            left += weight(message)
            if held == MOST or (left > WEIGHT and held >= PAGE):
                break
            held += 1
        return held

    def notify(self) -> None:
        """Tell the watchers what changed since the last time, if anything did."""
        if not self._changes or self._backlog is not None:
            return
        changes, self._changes = self._changes, []
        for watcher in tuple(self.watchers):
            try:
                watcher(changes)
            except Exception:  # one viewer's error must not stop the others
                log.exception("a watcher of %s failed", self.session_id)

    def cut(self) -> None:
        """OpenCode died: nothing that is open will end, and nothing waits any more."""
        state = self.state
        for message in state.messages.values():
            self._changes += interrupt(message, ALL_KINDS)
        if state.status.kind != "idle":
            state.status = Status()
            state.interrupted = True
            self._changes.append(Change("status"))
        asking = {item.session_id for item in state.permissions.values()}
        for session_id in asking | {item.session_id for item in state.questions.values()}:
            self._changes += drop_waiting(state, session_id)
        self.notify()


def _older_than(messages: dict[str, Message], first: str | None) -> dict[str, Message] | None:
    """The messages before `first`; None when it is not among them, so that they do not join on."""
    if first is None or first not in messages:
        return None
    before: dict[str, Message] = {}
    for message_id, message in messages.items():
        if message_id == first:
            break
        before[message_id] = message
    return before
