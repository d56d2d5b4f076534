# SPDX-License-Identifier: MIT
"""What waits is edited and removed only as long as that counts."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opencode_nexus.chat.composing.queue import Queue
from opencode_nexus.chat.errors import QueuedUnknown
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.store.db import Database
from opencode_nexus.store.queue import QueuedMessage, QueuedMessages

pytestmark = pytest.mark.anyio

S = "ses_1"


class Sender:
    """Takes a message, and has it only when the test lets go of it."""

    def __init__(self) -> None:
        self.begun, self.go, self.sent = asyncio.Event(), asyncio.Event(), list[str]()

    def busy(self, server_id: str, session_id: str) -> bool:
        return False

    async def folder(self, server_id: str, session_id: str) -> str:
        return "/p"

    async def send(self, server_id: str, session_id: str, written: Any, *, also: Any, keep: bool) -> None:
        self.begun.set()
        await self.go.wait()
        self.sent.append(written.text)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "nexus.db")
    await database.open()
    yield database
    await database.close()


def waiting(number: int) -> QueuedMessage:
    return QueuedMessage(f"que_{number}", "usr_1", "srv_1", S, f"text {number}", None, None, None, (), 1.0)


async def test_what_is_on_its_way_is_neither_edited_nor_removed(db: Database) -> None:
    """Both were answered with yes, and the former text was sent all the same."""
    sender, tasks, bus = Sender(), Tasks(), Bus(ManualClock())
    feeds: Any = SimpleNamespace(
        listeners=set(), connection=lambda one: SimpleNamespace(client=None),
        feed=lambda one: SimpleNamespace(asking=lambda session: False),
    )  # fmt: skip
    queue = Queue(QueuedMessages(db), sender, feeds, bus, tasks)  # type: ignore[arg-type]
    queue.open()

    def also(connection: sqlite3.Connection) -> None:
        pass

    await queue.add(waiting(1), also)
    await queue.add(waiting(2), also)
    await sender.begun.wait()
    with pytest.raises(QueuedUnknown):
        await queue.change(S, "que_1", "new")
    with pytest.raises(QueuedUnknown):
        queue.drop(S, "que_1")
    await queue.change(S, "que_2", "the next one waits still")
    sender.go.set()
    async with asyncio.timeout(10):
        while queue.of(S) and queue.of(S)[0].id == "que_1":
            await asyncio.sleep(0)
    assert sender.sent == ["text 1"]
    assert [one.text for one in queue.of(S)] == ["the next one waits still"]
    await tasks.close()


async def test_a_server_is_not_idle_while_something_waits_that_goes_by_itself(db: Database) -> None:
    tasks, bus = Tasks(), Bus(ManualClock())
    feeds: Any = SimpleNamespace(listeners=set(), connection=lambda one: None)
    queue = Queue(QueuedMessages(db), Sender(), feeds, bus, tasks)  # type: ignore[arg-type]
    queue.open()
    assert not queue.due("srv_1")
    await queue.add(waiting(1), lambda connection: None)
    assert queue.due("srv_1") and not queue.due("srv_2")
    queue.hold(S, "The agent was stopped.")  # a person decides
    assert not queue.due("srv_1")
    queue.close()
    await tasks.close()
