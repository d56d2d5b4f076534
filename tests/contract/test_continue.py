# SPDX-License-Identifier: MIT
"""Going on with a chat that was cut off, with the real OpenCode: by whom was at work, and once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.composing.continuing import WORDS, go_on
from opencode_nexus.chat.errors import AtWork
from tests.contract.test_composer import ME, Desk
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(tmp_path: Path, opencode: OpenCode, provider: Provider) -> AsyncIterator[Desk]:
    running = Desk(tmp_path / "nexus.db", opencode, provider)
    await running.start()
    yield running
    await running.stop()


async def test_whoever_was_at_work_goes_on_once(desk: Desk) -> None:
    session = await desk.session()
    script = '#script [[{"text": "Half a "}, {"wait": "never-continued"}]]'
    await desk.write(session, script, agent="plan", model="scripted/m1")
    await desk.until(lambda: "never-continued" in desk.provider.waiting(), "the agent is at work")
    with pytest.raises(AtWork):
        await go_on(desk.chat, desk.composer, ME, SERVER, session)
    await desk.chat.abort(SERVER, session)
    await desk.until(lambda: desk.chat.status(session).kind == "idle", "idle")
    twice = await asyncio.gather(
        *(go_on(desk.chat, desk.composer, ME, SERVER, session) for _ in range(2)), return_exceptions=True
    )
    assert "sent" in twice, twice
    async with asyncio.timeout(60):
        while (await desk.said(session)).count(WORDS) != 1:
            await asyncio.sleep(0.05)
    page, _ = await desk.chat.client(SERVER).messages(session, 100)
    (asked,) = [item["info"] for item in page if any(part.get("text") == WORDS for part in item["parts"])]
    assert asked["agent"] == "plan"
    assert (asked["model"]["providerID"], asked["model"]["modelID"]) == ("scripted", "m1")
