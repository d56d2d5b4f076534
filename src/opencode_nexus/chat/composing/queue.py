# SPDX-License-Identifier: MIT
"""Messages that wait until the agent is done: in their order, each editable, each sent exactly once.

OpenCode 1.18.33 takes a message while it is busy and answers it in the same run, but shows nobody what waits and gives
nothing back. So what waits is kept here, and goes when the session is idle.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from opencode_nexus.chat.composing.sender import Sender
from opencode_nexus.chat.errors import QueuedUnknown
from opencode_nexus.chat.feeds import Feeds
from opencode_nexus.chat.written import Written, understood
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.events import Event
from opencode_nexus.opencode.wire import child
from opencode_nexus.store.queue import QueuedMessage, QueuedMessages, take

log = logging.getLogger(__name__)

STOPPED = "The agent was stopped."
FAILED = "The turn before ended with an error."
CUT = "OpenCode stopped while the agent was working."
TURNED_DOWN = "The message before could not be sent."


class Queue:
    """What waits in all sessions. Tells of each change on the bus topic "queue". Is a `listener.Listener`."""

    def __init__(self, rows: QueuedMessages, sender: Sender, feeds: Feeds, bus: Bus, tasks: Tasks) -> None:
        self._rows, self._sender, self._feeds, self._bus, self._tasks = rows, sender, feeds, bus, tasks
        self._waiting: dict[str, list[QueuedMessage]] = {}  # by session
        self._moving: dict[str, str] = {}  # by session: the message that is on its way, which nobody changes any more
        self._unlisten: Callable[[], None] | None = None

    def open(self) -> None:
        """Take up what waited when the hub last ran."""
        for one in self._rows.all():
            self._waiting.setdefault(one.session_id, []).append(one)
        self._unlisten = self._bus.listen(self._told, "session")
        self._feeds.listeners.add(self)

    def close(self) -> None:
        """Send nothing more; what waits is kept."""
        if self._unlisten is not None:
            self._unlisten()

    def of(self, session_id: str) -> list[QueuedMessage]:
        """Return what waits in a session, in its order."""
        return list(self._waiting.get(session_id, ()))

    def due(self, server_id: str) -> bool:
        """Whether something waits on a server that goes by itself as soon as its session is idle."""
        return any(
            waiting and waiting[0].server_id == server_id and not waiting[0].held for waiting in self._waiting.values()
        )

    async def add(self, one: QueuedMessage, also: Callable[..., None]) -> None:
        """Put a message at the end; `also` is written in the same transaction."""
        held = next((other.held for other in self.of(one.session_id)), "")
        one = replace(one, held=held)
        await self._rows.add(one, also)
        self._waiting.setdefault(one.session_id, []).append(one)
        self._tell(one.session_id)
        if not self._sender.busy(one.server_id, one.session_id):  # the turn has ended meanwhile
            self._begin(one.session_id)

    async def change(self, session_id: str, message_id: str, text: str) -> None:
        """Give a message that waits another text; raises QueuedUnknown."""
        self._get(session_id, message_id)
        self._waiting[session_id] = [
            replace(one, text=text) if one.id == message_id else one for one in self.of(session_id)
        ]
        await self._rows.change(message_id, text)  # it may go meanwhile, with what it says now
        self._tell(session_id)

    def drop(self, session_id: str, message_id: str) -> None:
        """Take a message out of the queue; raises QueuedUnknown."""
        self._get(session_id, message_id)
        self._rows.drop(message_id)
        self._forget(session_id, message_id)

    async def send_now(self, session_id: str, message_id: str) -> None:
        """Send one at once, before all others: OpenCode takes it up as soon as it can. The rest is held no longer.

        Raises QueuedUnknown, and what `Sender.send` raises; then it still waits.
        """
        one = self._get(session_id, message_id)
        if session_id in self._moving:
            raise QueuedUnknown
        await self._move(one)
        self.hold(session_id, "")

    def hold(self, session_id: str, why: str) -> None:
        """Say why a session's messages are not sent by themselves; "" when they are."""
        if any(one.held != why for one in self.of(session_id)):
            self._rows.hold(session_id, why)
            self._waiting[session_id] = [replace(one, held=why) for one in self.of(session_id)]
            self._tell(session_id)

    # When

    def _told(self, record: Record) -> None:
        data = record.data
        if not isinstance(data, dict) or (session_id := str(data.get("session_id"))) not in self._waiting:
            return
        match data.get("what"):
            case "idle":
                if error := self._feeds.feed(str(data["server_id"])).errors.get(session_id):
                    self.hold(session_id, STOPPED if error.get("name") == "MessageAbortedError" else FAILED)
                else:
                    self._begin(session_id)
            case "stopping":
                self.hold(session_id, STOPPED)
            case "interrupted":
                self.hold(session_id, CUT)
            case "deleted":
                self._rows.forget_session(session_id)
                self._waiting.pop(session_id, None)

    def heard(self, server_id: str, directory: str, event: Event) -> None:
        """Is told on the bus."""

    def connected(self, server_id: str, client: Client) -> None:
        """See what became of the turns that were waited for while the hub was away."""
        for session_id, waiting in self._waiting.items():
            if waiting and waiting[0].server_id == server_id and not waiting[0].held:
                self._tasks.spawn(self._look(client, session_id), f"queue of {session_id}")

    def died(self, server_id: str) -> None:
        """Is told on the bus, once it is known which sessions it cut off."""

    async def _look(self, client: Client, session_id: str) -> None:
        if self._feeds.status(session_id).kind != "idle":
            return
        try:
            newest, _ = await client.messages(session_id, 1)
        except NexusError as error:
            log.info("session %s was not asked how it ended: %s", session_id, error)
            return
        info = child(newest[0], "info") if newest else {}
        if error_ := child(info, "error"):
            self.hold(session_id, STOPPED if error_.get("name") == "MessageAbortedError" else FAILED)
        elif info.get("role") == "assistant" and "completed" not in child(info, "time"):
            self.hold(session_id, CUT)
        else:
            self._begin(session_id)

    # Sending

    def _begin(self, session_id: str) -> None:
        if session_id not in self._moving and self.of(session_id):
            self._tasks.spawn(self._next(session_id), f"queue of {session_id}")

    async def _next(self, session_id: str) -> None:
        """Send the first that waits, if it may be."""
        one = next(iter(self.of(session_id)), None)
        if one is None or one.held or session_id in self._moving:
            return
        connection = self._feeds.connection(one.server_id)
        if connection is None or self._sender.busy(one.server_id, session_id):
            return
        if self._feeds.feed(one.server_id).asking(session_id):
            return
        try:
            await self._move(one)
        except NexusError as error:
            log.warning("what waited in %s was not sent: %s", session_id, error)
            self.hold(session_id, " ".join(filter(None, (TURNED_DOWN, error.title, error.detail))))

    async def _move(self, one: QueuedMessage) -> None:
        """From the queue into the outbox, in one transaction, and to OpenCode."""
        session_id = one.session_id
        moved: list[str] = []

        def also(connection: object, message_id: str) -> None:
            take(connection, one.id)  # type: ignore[arg-type]
            moved.append(message_id)

        self._moving[session_id] = one.id
        try:
            connection = self._feeds.connection(one.server_id)
            written = Written(one.text, one.model, one.agent, one.variant, one.files)
            if connection is not None:
                folder = await self._sender.folder(one.server_id, session_id)
                written = await understood(connection.client, folder, written)
            await self._sender.send(one.server_id, session_id, written, also=also, keep=True)
            if not moved:  # the disk took nothing: it is sent all the same, and must not be once more
                self._rows.drop(one.id)
        finally:
            self._moving.pop(session_id, None)
            if moved:
                self._forget(session_id, one.id)
        self._forget(session_id, one.id)

    def _get(self, session_id: str, message_id: str) -> QueuedMessage:
        found = next((one for one in self.of(session_id) if one.id == message_id), None)
        if found is None or self._moving.get(session_id) == message_id:
            raise QueuedUnknown
        return found

    def _forget(self, session_id: str, message_id: str) -> None:
        left = [one for one in self.of(session_id) if one.id != message_id]
        if len(left) != len(self.of(session_id)):
            self._waiting[session_id] = left
            if not left:
                del self._waiting[session_id]
            self._tell(session_id)

    def _tell(self, session_id: str) -> None:
        self._bus.publish("queue", {"session_id": session_id})
