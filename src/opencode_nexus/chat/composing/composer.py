# SPDX-License-Identifier: MIT
"""Takes what a person submits exactly once, and decides where it goes: to OpenCode, or into the queue."""

import asyncio
import hashlib
import sqlite3
from functools import partial
from pathlib import Path
from typing import Literal

from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.composing.attachments import Attachments
from opencode_nexus.chat.composing.completion import Completion
from opencode_nexus.chat.composing.drafts import Drafts, Picked
from opencode_nexus.chat.composing.queue import Queue
from opencode_nexus.chat.errors import KeyReused, MessageEmpty, SessionNotFound
from opencode_nexus.chat.sessions import checked_id
from opencode_nexus.chat.written import Written, understood
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import UnknownToOpenCode
from opencode_nexus.opencode.events import Event, PartUpdated
from opencode_nexus.store.attachments import AttachmentFiles, use
from opencode_nexus.store.db import Database
from opencode_nexus.store.drafts import DraftRows, Picks
from opencode_nexus.store.queue import QueuedMessage, QueuedMessages, Submits, SubmittedRow, remember

KEYS = 7 * 86400.0  # seconds that the key of a submit is remembered

Taken = Literal["sent", "queued"]


class Composer:
    """Everything that belongs to writing a message. Is a `listener.Listener`."""

    def __init__(self, *, home: Path, db: Database, chat: Chat, bus: Bus, clock: Clock, tasks: Tasks) -> None:
        self.drafts = Drafts(DraftRows(db), clock)
        self.picked = Picked(Picks(db), clock)
        self.attachments = Attachments(AttachmentFiles(db, home / "attachments"), clock)
        self.queue = Queue(QueuedMessages(db), chat.sender, chat.feeds, bus, tasks)
        self.completion = Completion(chat.client)
        self._submits = Submits(db)
        self._chat, self._clock, self._tasks = chat, clock, tasks
        self._under_way: dict[tuple[str, str], tuple[asyncio.Future[Taken], str]] = {}
        chat.sender.files = self.attachments.named

    def open(self) -> None:
        """Take up what the hub had when it last ran; before the chat opens."""
        self._submits.end(self._clock.now() - KEYS)
        self._chat.feeds.listeners.add(self)
        self.queue.open()
        self.attachments.open()
        self._tasks.spawn(self.attachments.sweep(), "attachments")

    def close(self) -> None:
        """Send nothing more by itself."""
        self.queue.close()

    # Submitting

    async def submit(
        self, user_id: str, server_id: str, session_id: str, written: Written, key: str = "", *, typed: bool = True
    ) -> Taken:
        """Take a message: "sent" to OpenCode, or "queued".

        `typed`: by a person in the chat, so that it waits while the session works, and `/`, `!` and `@` are understood;
        else it goes to OpenCode as it is. The same `key` again sends nothing twice, however often, also after a kill of
        the hub, for KEYS seconds; "" stands for none. What OpenCode was found not to have taken is sent again under it.
        Raises KeyReused for another message of the same key, and what `Sender.send` raises: then it was not taken, and
        the key is free.
        """
        if not written.text.strip() and not written.files:
            raise MessageEmpty
        slot, digest = (user_id, key or new_id("key")), _digest(session_id, written)
        known = self._under_way.get(slot)
        if known is None:
            work = self._submit(user_id, server_id, checked_id(session_id), written, slot[1], typed=typed)
            known = self._under_way[slot] = (asyncio.ensure_future(work), digest)
            known[0].add_done_callback(lambda _: self._under_way.pop(slot, None))
        elif known[1] != digest:
            raise KeyReused
        return await asyncio.shield(known[0])

    async def _submit(
        self, user_id: str, server_id: str, session_id: str, written: Written, key: str, *, typed: bool
    ) -> Taken:
        digest, now = _digest(session_id, written), self._clock.now()
        known = self._submits.get(user_id, key)
        if known is not None:
            return await self._again(server_id, known, digest)
        self._submits.end(now - KEYS)
        client = self._chat.client(server_id)
        await self._chat.feeds.settled(server_id)

        def taken(what: Taken, connection: sqlite3.Connection, row_id: str) -> None:
            remember(connection, user_id, key, SubmittedRow(digest, what, session_id, row_id), now)
            use(connection, written.files, now)

        try:
            folder = await self._chat.sender.folder(server_id, session_id)
            if typed and self._chat.sender.busy(server_id, session_id):
                one = QueuedMessage(
                    new_id("que"), user_id, server_id, session_id, written.text, written.model, written.agent,
                    written.variant, written.files, now,
                )  # fmt: skip
                await self._chat.offers.choices.check(client, folder, written.model, written.agent, written.variant)
                await self.queue.add(one, lambda connection: taken("queued", connection, one.id))
                return "queued"
            meant = await understood(client, folder, written) if typed else written
            await self._chat.sender.send(server_id, session_id, meant, also=partial(taken, "sent"))
        except BaseException as error:
            self._submits.forget(user_id, key)
            if isinstance(error, UnknownToOpenCode):
                raise SessionNotFound(error.detail) from error
            raise
        if written.files:
            self._tasks.spawn(self.attachments.sweep(), "attachments")
        return "sent"

    async def _again(self, server_id: str, known: SubmittedRow, digest: str) -> Taken:
        if known.digest != digest:
            raise KeyReused
        if known.what == "sent" and self._chat.outbox.has(known.id):
            await self._chat.send_again(server_id, known.session_id, known.id)
        return "queued" if known.what == "queued" else "sent"

    # What OpenCode tells

    def heard(self, server_id: str, directory: str, event: Event) -> None:
        """A message without text is known again by the id of its first file."""
        if isinstance(event, PartUpdated) and event.part.get("type") == "file":
            self._chat.outbox.taken(str(event.part.get("id")))

    def connected(self, server_id: str, client: Client) -> None:
        """Nothing to catch up with: the outbox has looked."""

    def died(self, server_id: str) -> None:
        """The outbox was told."""


def form_key(key: str, session_id: str, written: Written) -> str:
    """Return the key of a form's submit: what was changed and sent again from the same page is another message."""
    return f"{key[:64]}.{_digest(session_id, written)[:16]}" if key else ""


def _digest(session_id: str, written: Written) -> str:
    told = "\0".join((session_id, written.text, *written.files))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
