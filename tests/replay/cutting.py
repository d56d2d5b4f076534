# SPDX-License-Identifier: MIT
"""A hub that dies at a point of a recorded stream, and what the next one makes of OpenCode and the journal."""

import itertools
from collections.abc import Container, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from opencode_nexus.chat import reconcile
from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.conversation import Conversation
from opencode_nexus.chat.feed import Feed
from opencode_nexus.chat.inbox.waiting import Inbox
from opencode_nexus.chat.listener import Listeners
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.events import Event, PartUpdated
from opencode_nexus.opencode.fold import fold
from opencode_nexus.opencode.state import Permission, Question, SessionState, Status, Untaken
from opencode_nexus.opencode.wire import part_of
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.conversation import Conversation as Page
from opencode_nexus.store.db import Database
from opencode_nexus.store.journal import Journal, OpenPart
from opencode_nexus.store.sent import SentMessages
from tests.replay.model import ModelServer

SERVER = "srv_replay"
Batch = list[tuple[str, Event]]


class Uncut:
    """What one hub that is never cut folds the events to: each session's own, and its descendants' requests."""

    def __init__(self) -> None:
        self.states: dict[str, SessionState] = {}

    def tell(self, event: Event) -> None:
        """Fold one event into its session and those above it."""
        session_id: str | None = event.session_id
        for _ in range(20):
            if not session_id:
                return
            state = self.states.setdefault(session_id, SessionState(session_id))
            fold(state, event)
            session_id = state.parent_id


class Hub:
    """The part of a hub that follows a server: a feed, the journal on its file, and conversations."""

    def __init__(self, path: Path, model: ModelServer) -> None:
        self.model, self.db = model, Database(path)
        self.conversations: dict[str, Conversation] = {}

    async def open(self) -> None:
        """Open the journal, and begin with what it has."""
        await self.db.open()
        clock = ManualClock()
        self.journal, self.inbox = Journal(self.db), Inbox(clock)
        await self.journal.open()
        outbox = Outbox(SentMessages(self.db), clock, client=lambda _: None, changed=lambda _: None)
        around = (self.journal, self.inbox, outbox, Bus(clock), self.conversations, Listeners())
        self.feed = Feed(SERVER, *around)

    async def reconcile(self, backlog: Batch | None = None, *, gaps: bool) -> None:
        """Ask OpenCode what is so, as at each connect, load what is looked at, and take in what came meanwhile."""
        client = cast("Client", self.model)
        running = self.journal.running(SERVER)
        copies = self.journal.open_parts(server_id=SERVER)
        sessions = {*running, *(copy.session_id for copy in copies), *self.conversations}
        truth = await reconcile.ask(client, {"/project"}, sessions)
        said = [part_of(event.part) for _, event in backlog or () if isinstance(event, PartUpdated)]
        opened = {part.id for part in said if not part.closed}
        reconcile.settle(truth, self.feed, self.journal, self.inbox, opened, gaps=gaps)
        for info in self.model.sessions.values():
            self.feed.heads.learn(info)
        for session_id in set(self.conversations) & set(self.model.sessions):
            await self.conversations[session_id].load()
        self.feed.take(backlog or [])

    async def close(self) -> None:
        """Close its file."""
        await self.db.close()

    async def look(self, session_id: str) -> SessionState:
        """A session as this hub shows it."""
        conversation = self.conversations.get(session_id)
        if conversation is None:
            conversation = self.conversations[session_id] = Conversation(SERVER, session_id, _Around(self))
        await conversation.open()
        return conversation.state


class _Around:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def client(self) -> Client:
        return cast("Client", self._hub.model)

    def status(self, session_id: str) -> Status:
        return self._hub.feed.status(session_id)

    def waiting(self, session_id: str) -> list[Permission | Question]:
        return [entry.request for entry in self._hub.feed.asking(session_id)]

    def error(self, session_id: str) -> dict[str, Any] | None:
        return self._hub.feed.errors.get(session_id)

    async def interrupted(self, session_id: str) -> Mapping[str, OpenPart]:
        return await self._hub.journal.interrupted(session_id)

    def open_parts(self, session_id: str) -> list[OpenPart]:
        return self._hub.journal.open_parts(session_id=session_id)

    def untaken(self, session_id: str, parts: Container[str]) -> list[Untaken]:
        return []


def shape(state: SessionState) -> dict[str, Any]:
    """A state as plain data in which the order of things counts."""
    made = asdict(state)
    for message in made["messages"].values():
        message["parts"] = list(message["parts"].items())
    made["messages"] = list(made["messages"].items())
    return made


def html(state: SessionState) -> str:
    """A state's page."""
    return Page(state, Links("", SERVER, state.id)).tree().html()


def differences(mine: Any, theirs: Any, at: str = "") -> list[str]:
    """Where two pieces of plain data differ, in words."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return [
            line for key in {**mine, **theirs} for line in differences(mine.get(key), theirs.get(key), f"{at}/{key}")
        ]
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        pairs = itertools.zip_longest(mine, theirs)
        return [line for n, (a, b) in enumerate(pairs) for line in differences(a, b, f"{at}[{n}]")]
    return [] if mine == theirs else [f"{at}: {str(mine)[:200]!r} is not {str(theirs)[:200]!r}"]
