# SPDX-License-Identifier: MIT
"""A real OpenCode against the scripted provider, and conversations on it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat.actions import Actions
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.conversation import Conversation
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.state import Part
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.marks import Marks
from opencode_nexus.store.sent import SentMessages
from tests.fakes.one_server import SERVER, OneServer
from tests.fakes.real import OpenCode, Provider

PATIENCE = 60.0  # seconds; only ends a test that waits for something that never comes


@pytest.fixture(scope="package")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    running = Provider(tmp_path_factory.mktemp("provider") / "said.jsonl")
    yield running
    running.close()


@pytest.fixture(scope="package")
def opencode(provider: Provider, opencode_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenCode]:
    """Shared by all tests that do not kill it."""
    server = OpenCode(opencode_binary, tmp_path_factory.mktemp("shared"), provider.config())
    server.start()
    yield server
    server.kill()


class Hub:
    """The hub's conversation side, which can be ended like a crash and begun again on the same file."""

    def __init__(self, path: Path, opencode: OpenCode, provider: Provider) -> None:
        self.path, self.opencode, self.provider = path, opencode, provider
        self.turns: dict[str, int] = {}

    async def start(self, *, adopted: bool = True) -> None:
        """Begin: with `adopted`, OpenCode is taken for a process that was there before."""
        self.bus, self.tasks, clock = Bus(SystemClock()), Tasks(), SystemClock()
        self.db = Database(self.path)
        await self.db.open()
        self.activity = Activity(self.db, self.bus, clock)
        self.servers = OneServer(self.bus, str(self.opencode.project))
        self.chat = Chat(
            servers=self.servers,
            journal=Journal(self.db),
            sent=SentMessages(self.db),
            bus=self.bus,
            clock=clock,
            tasks=self.tasks,
            activity=self.activity,
        )
        self.prepare()
        marks = Marks(self.db)
        self.actions = Actions(
            chat=self.chat, servers=self.servers, marks=marks, bus=self.bus, clock=clock, tasks=self.tasks
        )
        self.actions.open()
        await self.chat.open()
        self.server_runs(adopted=adopted)
        await self.settled()
        await self.heard()

    def prepare(self) -> None:
        """What listens beside the conversations is made here, before they begin."""

    async def heard(self) -> None:
        """Until OpenCode's stream listens: it says "connected" up to 60 ms before (measured on 1.18.33)."""
        folder = f"/session?directory={self.opencode.project}"
        for _ in range(30):
            made = self.opencode.call(folder, {"title": "Is anybody there?"})["id"]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self.until(partial(self._told, made))
                    return
        raise AssertionError("OpenCode's stream never said anything")

    def server_runs(self, *, adopted: bool = False) -> None:
        oc = self.opencode
        self.servers.running(oc.base_url, oc.password, oc.pid, oc.started, adopted=adopted)

    async def settled(self) -> None:
        """Until what was missed is mended."""
        connection = self.chat.feeds.connection(SERVER)
        assert connection is not None
        async with asyncio.timeout(PATIENCE):
            await connection.reconciled.wait()

    def _told(self, session_id: str) -> bool:
        return any(session_id in str(record.data) for record in self.bus.since(0) or [])

    async def stop(self) -> None:
        await self.actions.close()
        await self.chat.close()
        await self.tasks.close()
        await self.db.close()

    async def session(self, title: str = "A test") -> str:
        return await self.chat.create(SERVER, title)

    async def say(self, session_id: str, *steps: list[dict[str, Any]]) -> None:
        await self.chat.send(SERVER, session_id, "#script " + json.dumps(steps))

    async def look(self, session_id: str) -> Conversation:
        return await self.chat.conversation(SERVER, session_id)

    async def until(self, what: Callable[[], object], why: str = "") -> None:
        """Wait until `what()` is true; each thing on the bus, and each delta, is a chance."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            if time.monotonic() > deadline:
                raise AssertionError(f"never came: {why}")
            await asyncio.sleep(0.01)

    async def until_idle(self, session_id: str) -> None:
        """Until one more turn of the session has begun and ended."""
        self.turns[session_id] = turns = self.turns.get(session_id, 0) + 1

        def ended() -> bool:
            mine = [record.data for record in self.bus.since(0) or [] if record.topic == "session"]
            whats = [data["what"] for data in mine if isinstance(data, dict) and data["session_id"] == session_id]
            return whats.count("busy") >= turns and whats[-1] == "idle"

        await self.until(ended, "idle")


@pytest.fixture
async def hub(tmp_path: Path, opencode: OpenCode, provider: Provider) -> AsyncIterator[Hub]:
    """A hub on the shared OpenCode."""
    running = Hub(tmp_path / "nexus.db", opencode, provider)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def own(tmp_path: Path, provider: Provider, opencode_binary: Path) -> AsyncIterator[Hub]:
    """A hub with an OpenCode of its own, to be killed."""
    opencode = OpenCode(opencode_binary, tmp_path / "own", provider.config())
    await asyncio.to_thread(opencode.start)
    running = Hub(tmp_path / "nexus.db", opencode, provider)
    await running.start(adopted=False)
    yield running
    await running.stop()
    opencode.kill()


def parts(conversation: Conversation, kind: str) -> list[Part]:
    """The assistant's parts of a kind, oldest first."""
    messages = conversation.state.messages.values()
    return [p for m in messages if m.role == "assistant" for p in m.parts.values() if p.kind == kind]


def text(conversation: Conversation) -> str:
    """All that the assistant said."""
    return "".join(part.text for part in parts(conversation, "text"))
