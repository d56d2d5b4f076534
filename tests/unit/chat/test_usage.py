# SPDX-License-Identifier: MIT
"""What odd messages say of themselves is kept, and keeps nobody else's figures out; chats are listed by their names."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opencode_nexus.chat.heads import Heads
from opencode_nexus.chat.usage.usage import MOST, TokenUsage, _answer, _Told
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.events import MessageUpdated, SessionUpdated
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.usage import UsageStore
from opencode_nexus.store.usage_reports import UsageReports

pytestmark = pytest.mark.anyio


async def test_an_imported_answer_of_no_calendar_and_of_more_tokens_than_there_are_is_kept(tmp_path: Path) -> None:
    """One such stopped the counting of all that came after it, at each start again."""
    info = {
        "id": "msg_1", "sessionID": "ses_1", "role": "assistant", "time": {"created": 8.7e15, "completed": 8.7e15},
        "tokens": {"input": 1e308, "output": -5, "cache": {"read": float("inf")}},
    }  # fmt: skip
    db = Database(tmp_path / "nexus.db")
    await db.open()
    store = UsageStore(db)
    kept = await store.put([_answer(_Told("srv_1", None, "/p", info), "ses_1")])
    assert [(one.created, one.output) for one in kept] == [(0, 0)]
    await store.put([_answer(_Told("srv_1", None, "/p", {**info, "id": f"msg_{n}"}), "ses_1") for n in range(2, 9)])
    assert store.total("session", "ses_1").input == 8 * MOST
    await db.close()


async def test_a_chat_is_never_counted_without_its_name_not_even_while_only_its_sub_agent_has_answered(
    tmp_path: Path,
) -> None:
    """The name came 50 ms after the figures, and a chat's not before its own first step had ended."""
    db, heads, tasks = Database(tmp_path / "nexus.db"), Heads(), Tasks()
    await db.open()
    feeds: Any = SimpleNamespace(feed=lambda server_id: SimpleNamespace(heads=heads), connection=lambda server_id: None)
    reports, clock = UsageReports(db), SystemClock()
    usage = TokenUsage(
        store=UsageStore(db), reports=reports, feeds=feeds, projects=lambda server_id: ["/p"], kv=Kv(db),
        bus=Bus(clock), clock=clock, tasks=tasks,
    )  # fmt: skip
    heads.learn({"id": "ses_a", "title": "Plans"})
    heads.learn({"id": "ses_b", "title": "Look", "parentID": "ses_a"})
    info = {
        "id": "msg_1", "sessionID": "ses_b", "role": "assistant", "time": {"created": 1.8e12, "completed": 1.8e12},
        "tokens": {"input": 5, "output": 1},
    }  # fmt: skip
    usage.heard("srv_1", "/p", MessageUpdated(session_id="ses_b", info=info))
    async with asyncio.timeout(60):
        while not usage.spent("ses_a").answers:
            await asyncio.sleep(0)
    (chat,) = await reports.groups("session", "0000-00-00", "9999-99-99")
    (agent,) = await reports.sessions("ses_a")
    assert [(one.key, one.title, one.server_id) for one in (chat, agent)] == [
        ("ses_a", "Plans", "srv_1"),
        ("ses_b", "Look", "srv_1"),
    ]
    usage.heard("srv_1", "/p", SessionUpdated(session_id="ses_a", info={"id": "ses_a", "title": "Other plans"}))
    await db.flush()
    (chat,) = await reports.groups("session", "0000-00-00", "9999-99-99")
    assert chat.title == "Other plans"
    await tasks.close()
    await db.close()
