# SPDX-License-Identifier: MIT
"""Conversations on a fake OpenCode: quick, and with every fault at hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat import connection
from opencode_nexus.chat.chat import Chat
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.state import Part
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.sent import SentMessages
from tests.fakes.fake_opencode import PASSWORD, FakeOpenCode, event
from tests.fakes.one_server import SERVER, OneServer

S = "ses_1"


class World:
    """A fake server with one session, and the hub's conversation side on it."""

    def __init__(self, path: Path, fake: FakeOpenCode) -> None:
        self.fake, self.path = fake, path
        self.messages: dict[str, list[dict[str, Any]]] = {S: []}
        self.infos: dict[str, dict[str, Any]] = {}
        self.session(S, "The chat")

    def session(self, session_id: str, title: str = "", parent: str | None = None) -> None:
        """A session that the fake has."""
        info = {"id": session_id, "title": title, "directory": "/project", "time": {"created": 1000, "updated": 2000}}
        self.infos[session_id] = info | ({"parentID": parent} if parent else {})
        self.messages.setdefault(session_id, [])
        at = f"/session/{session_id}"
        self.fake.routes |= {
            f"GET {at}": lambda path, body: self.infos[session_id],
            f"GET {at}/message": lambda path, body: self.messages[session_id],
            f"GET {at}/todo": [],
            f"POST {at}/abort": True,
            f"POST {at}/prompt_async": (204, "text/plain", b""),
            "GET /session": lambda path, body: list(self.infos.values()),
        }

    def says(self, session_id: str, message: str, *parts: dict[str, Any], **info: Any) -> None:
        """A message of the assistant that the fake has."""
        head = {"id": message, "role": "assistant", "sessionID": session_id, "time": {"created": 1000}} | info
        known = [{"messageID": message, "sessionID": session_id, **part} for part in parts]
        kept = [one for one in self.messages[session_id] if one["info"]["id"] != message]
        self.messages[session_id] = [*kept, {"info": head, "parts": known}]

    async def start(self) -> None:
        self.bus, self.tasks, self.clock = Bus(ManualClock()), Tasks(), ManualClock()
        self.db = Database(self.path)
        await self.db.open()
        self.activity = Activity(self.db, self.bus, self.clock)
        self.journal = Journal(self.db)
        self.servers = OneServer(self.bus, "/project", "/other")
        self.chat = Chat(
            servers=self.servers,
            journal=self.journal,
            sent=SentMessages(self.db),
            bus=self.bus,
            clock=self.clock,
            tasks=self.tasks,
            activity=self.activity,
        )
        await self.chat.open()

    async def run(self, pid: int = 1, *, adopted: bool = False) -> None:
        """The server runs, and what was missed is mended."""
        self.servers.running(self.fake.url, PASSWORD, pid, float(pid), adopted=adopted)
        await self.settled()

    async def settled(self) -> None:
        live = self.chat.feeds.connection(SERVER)
        assert live is not None
        async with asyncio.timeout(20):
            await live.reconciled.wait()

    async def stop(self) -> None:
        await self.chat.close()
        await self.tasks.close()
        await self.db.close()

    def tell(self, kind: str, session_id: str = S, **properties: Any) -> None:
        """Send an event."""
        self.fake.say(event(kind, sessionID=session_id, **properties))

    def busy(self, session_id: str = S) -> None:
        """The session runs, in events and when asked."""
        statuses = self.fake.routes["GET /session/status"]
        self.fake.routes["GET /session/status"] = statuses | {session_id: {"type": "busy"}}
        self.tell("session.status", session_id, status={"type": "busy"})

    def idle(self, session_id: str = S) -> None:
        statuses = dict(self.fake.routes["GET /session/status"])
        statuses.pop(session_id, None)
        self.fake.routes["GET /session/status"] = statuses
        self.tell("session.idle", session_id)

    def begin(self, message: str = "msg_1", part: str = "prt_1", session_id: str = S) -> None:
        """An answer begins with an open text part."""
        open_part = {"id": part, "type": "text", "text": "", "time": {"start": 1}}
        self.says(session_id, message, open_part)
        self.tell("message.updated", session_id, info=self.messages[session_id][-1]["info"])
        self.tell("message.part.updated", session_id, part={"messageID": message, **open_part})

    def delta(self, text: str, message: str = "msg_1", part: str = "prt_1", session_id: str = S) -> None:
        self.tell("message.part.delta", session_id, messageID=message, partID=part, field="text", delta=text)

    async def until(self, what: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not what():
            assert time.monotonic() < deadline, "it never came"
            await asyncio.sleep(0.002)

    def whats(self) -> list[str]:
        """What was published of sessions, in order."""
        records = [r.data for r in self.bus.since(0) or [] if r.topic == "session"]
        return [data["what"] for data in records if isinstance(data, dict)]


def part(world: World, name: str = "prt_1", message: str = "msg_1") -> Part:
    return world.chat.feeds.conversations[SERVER][S].state.messages[message].parts[name]


async def lose(world: World, *, meanwhile: Any = None) -> None:
    """Cut the stream, let something happen, and wait until what was missed is mended."""
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    world.fake.cut()
    await world.until(lambda: not connection.connected)
    if meanwhile is not None:
        meanwhile()
    await world.settled()


async def talking(world: World, *, text: str = "one ") -> None:
    """A session that runs and has said `text`, looked at."""
    talk = await world.chat.conversation(SERVER, S)
    talk.watch(lambda changes: None)
    world.busy()
    world.begin()
    world.delta(text)
    await world.until(lambda: talk.state.messages and part(world).text == text)


class Gate:
    """Holds the answer to "who is busy?" back."""

    def __init__(self, world: World) -> None:
        self.world, self.statuses = world, world.fake.routes["GET /session/status"]
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        world.fake.routes["GET /session/status"] = self.answer

    async def answer(self, path: str, body: Any) -> Any:
        self.asked.set()
        await self.open.wait()
        return self.statuses


@pytest.fixture(autouse=True)
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that are not about the second look do without it."""
    monkeypatch.setattr(connection, "SECOND_LOOK", 3600.0)
    monkeypatch.setattr(connection, "SURE", 0.0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with FakeOpenCode() as fake:
        made = World(tmp_path / "nexus.db", fake)
        await made.start()
        await made.run()
        yield made
        await made.stop()
