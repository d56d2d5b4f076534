# SPDX-License-Identifier: MIT
"""What feeds a chat's pages: the list beside it, the words for a reader who does not look, models at hand."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live.channel import Channel, Viewer
from opencode_nexus.web import chat_choices
from opencode_nexus.web.chat_source import ChatSources
from tests.fakes.chat_app import Application
from tests.fakes.chat_records import SERVER, Model, Server

pytestmark = pytest.mark.anyio


class Pages:
    """One chat with somebody who looks at it; keeps what it is told."""

    def __init__(self) -> None:
        self.app = Application()
        self.hub: Any = self.app.hub
        self.hub.live.register("chat", ChatSources(self.hub))  # type: ignore[arg-type]

    async def open(self, title: str) -> tuple[str, Channel]:
        session_id = self.hub.chat.make(title)
        channel = await self.hub.live.open(f"chat:{SERVER}:{session_id}")
        channel.join(Viewer(channel, channel.seq), packed=False)
        return session_id, channel

    async def close(self) -> None:
        await self.hub.live.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def test_the_list_follows_what_happens_to_other_chats() -> None:
    pages = Pages()
    session_id, channel = await pages.open("Here")
    assert "Elsewhere" not in channel.snapshot()[1]
    await pages.hub.chat.rename(SERVER, session_id, "Here still")
    other = pages.hub.chat.make("Elsewhere")
    pages.hub.bus.publish("session", {"server_id": SERVER, "session_id": other})
    await until(lambda: "Elsewhere" in channel.snapshot()[1])
    second, beside = await pages.open("Third")
    assert "Elsewhere" in beside.snapshot()[1]
    await until(lambda: "Third" in beside.snapshot()[1].partition("chats-foot")[0])
    assert second in beside.snapshot()[1]
    await pages.close()


async def test_what_a_reader_who_does_not_look_is_told() -> None:
    pages = Pages()
    session_id, channel = await pages.open("Words")
    ask = {"do": "permission", "kind": "bash", "patterns": ["ls"], "metadata": {"command": "ls -A"}}
    for steps in (
        [{"do": "busy"}, {"do": "begin"}, {"do": "say", "text": "many words that nobody reads out"}],
        [ask],
        [{"do": "end"}, {"do": "idle"}],
    ):
        await pages.hub.chat.run(session_id, steps)
        channel.flush()
    data = channel.since(0) or b""
    told = [line for line in data.decode().split('["') if line.startswith("announce")]
    assert len(told) == 2, told
    assert "The agent asks for permission: bash ls -A" in told[0]
    assert "The agent has answered." in told[1]
    await pages.hub.chat.rename(SERVER, session_id, "Better words")
    channel.flush()
    assert b'["title","Better words' in (channel.since(0) or b"")
    await pages.close()


async def test_what_the_inbox_learned_of_a_call_is_shown_in_the_chat_too() -> None:
    """OpenCode says of an MCP tool only that it is to run; the inbox asks it for the call a moment later."""
    pages = Pages()
    session_id, channel = await pages.open("Asks")
    await pages.hub.chat.run(session_id, [{"do": "permission", "kind": "shop_pay", "patterns": ["*"], "metadata": {}}])
    (asked,) = pages.hub.chat.sessions_[session_id].state.permissions.values()
    channel.flush()
    assert "shop_pay" in channel.snapshot()[1] and "<dt>" not in channel.snapshot()[1]
    whole = replace(asked, metadata={"input": {"to": "b\u202eob", "amount": 5}})
    pages.hub.inbox_desk.learned[asked.id] = whole
    pages.hub.bus.publish("inbox", {"what": "changed", "id": asked.id, "count": 1})
    channel.flush()
    shown = channel.snapshot()[1]
    assert "<dt>to</dt>" in shown and "⟨U+202E⟩" in shown and "<dd>5</dd>" in shown
    assert "to" in (channel.since(0) or b"").decode().partition("<dt>")[2]  # an open page is sent it
    await pages.hub.live.close()
    pages.hub.live = type(pages.hub.live)(pages.hub.bus.boot, Tasks())
    pages.hub.live.register("chat", ChatSources(pages.hub))
    again = await pages.hub.live.open(f"chat:{SERVER}:{session_id}")  # and one that is opened later has it
    assert "<dt>to</dt>" in again.snapshot()[1]
    await pages.close()


async def test_a_turn_that_was_stopped_is_not_called_answered() -> None:
    pages = Pages()
    session_id, channel = await pages.open("Stopped")
    await pages.hub.chat.run(session_id, [{"do": "busy"}, {"do": "begin"}, {"do": "say", "text": "half"}])
    channel.flush()
    await pages.hub.chat.abort(SERVER, session_id)
    channel.flush()
    data = (channel.since(0) or b"").decode()
    assert "Stopped. What the agent said before is kept." in data
    assert "The agent has answered." not in data
    await pages.close()


async def test_what_opencode_did_not_take_is_told_once() -> None:
    pages = Pages()
    session_id, channel = await pages.open("Untaken")
    for sure in (False, True):
        await pages.hub.chat.run(session_id, [{"do": "untaken", "text": "typed <b>", "sure": sure}])
        channel.flush()
    channel.flush()
    data = (channel.since(0) or b"").decode()
    assert data.count("OpenCode did not take your message.") == 1
    html = channel.snapshot()[1]
    assert html.count("typed &lt;b&gt;") == 2
    assert html.count("Send again") == 1
    await pages.close()


async def test_a_server_that_stops_is_told() -> None:
    pages = Pages()
    _, channel = await pages.open("Off")
    pages.hub.bus.publish("server", Server(state="failed"))
    assert "OpenCode is not running." in channel.snapshot()[1]
    pages.hub.bus.publish("server", Server(state="running"))
    assert "OpenCode is not running." not in channel.snapshot()[1]
    await pages.close()


async def test_models_are_at_hand_and_asked_for_again_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    hub: Any = Application().hub
    clock = ManualClock()
    hub.clock = clock
    first = await chat_choices.choices(hub, SERVER, "/home/ada/shop")
    assert [model.name for model in first.models] == ["Claude Sonnet", "Practice model"]
    hub.chat.models_ = [Model("a/b", "Another", "A", False)]
    assert await chat_choices.choices(hub, SERVER, "/home/ada/shop") is first
    clock.advance(chat_choices.FRESH + 1)
    assert await chat_choices.choices(hub, SERVER, "/home/ada/shop") is first, "nobody waits"
    await asyncio.sleep(0.05)
    assert [model.name for model in (await chat_choices.choices(hub, SERVER, "/home/ada/shop")).models] == ["Another"]
    hub.chat.models_ = []
    chat_choices.forget(hub)
    assert (await chat_choices.choices(hub, SERVER, "/home/ada/shop")).models == []
