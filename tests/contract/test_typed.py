# SPDX-License-Identifier: MIT
"""OpenCode or the hub killed right after a message was accepted: what was typed is there, once."""

import asyncio
import time

import pytest

from opencode_nexus.chat.composing import outbox
from opencode_nexus.chat.errors import SentUnknown
from tests.contract.conftest import Hub, text
from tests.fakes.one_server import SERVER

pytestmark = pytest.mark.anyio

MOMENTS = (0, 5, 20, 100)  # milliseconds after the answer: OpenCode stores the message between the last two


async def typed(hub: Hub, session: str, words: str) -> list[str | None]:
    """What the API says of the messages with these words, each time they are there: None, or the error's name."""
    messages, _ = await hub.chat.messages(SERVER, session)
    return [m.error["name"] if m.error else None for m in messages if any(p.text == words for p in m.parts.values())]


async def shown(hub: Hub, session: str, words: str) -> list[str | None]:
    """The same of the page."""
    state = (await hub.look(session)).state
    real = [m for m in state.messages.values() if any(p.text == words for p in m.parts.values())]
    return [None for _ in real] + ["NotTaken" for one in state.untaken if one.text == words and one.sure]


def strike(hub: Hub, moment: int) -> None:
    """Kill OpenCode so many milliseconds later. The loop stands meanwhile: the hub hears nothing before."""
    time.sleep(moment / 1000)
    hub.opencode.kill()


async def begin_again(hub: Hub) -> None:
    await asyncio.to_thread(hub.opencode.start)
    hub.server_runs()
    await hub.settled()


async def test_a_typed_message_outlives_a_kill_of_opencode(own: Hub) -> None:
    hub = own
    fates: dict[str, tuple[str, str | None]] = {}
    for moment in MOMENTS:
        session, words = await hub.session(f"{moment} ms"), f"typed {moment}"
        await hub.look(session)
        await hub.chat.send(SERVER, session, words)
        strike(hub, moment)
        hub.servers.tell("failed")
        await begin_again(hub)
        (fate,) = await typed(hub, session, words)
        assert await shown(hub, session, words) == [fate]
        fates[session] = (words, fate)
    assert "NotTaken" in {fate for _, fate in fates.values()}, "no kill came early enough to prove anything"

    await hub.stop()
    hub.opencode.kill()
    await asyncio.to_thread(hub.opencode.start)
    await hub.start(adopted=False)
    for session, (words, fate) in fates.items():
        assert await typed(hub, session, words) == [fate], "and over restarts of both"
        assert await shown(hub, session, words) == [fate]

    session, (words, _) = next(item for item in fates.items() if item[1][1])
    ((message_id,),) = ([one.id for one in (await hub.look(session)).state.untaken],)
    await hub.chat.send_again(SERVER, session, message_id)
    talk = await hub.look(session)
    await hub.until(lambda: text(talk) == f"echo: {words}", "the answer")
    assert await typed(hub, session, words) == [None]
    assert await shown(hub, session, words) == [None]
    with pytest.raises(SentUnknown):
        await hub.chat.send_again(SERVER, session, message_id)


async def test_both_killed_after_a_message_was_accepted(own: Hub) -> None:
    hub = own
    for moment in MOMENTS:
        session, words = await hub.session(f"both, {moment} ms"), f"typed for both {moment}"
        await hub.chat.send(SERVER, session, words)
        strike(hub, moment)
        await hub.stop()
        await asyncio.to_thread(hub.opencode.start)
        await hub.start(adopted=False)
        (fate,) = await typed(hub, session, words)
        assert await shown(hub, session, words) == [fate]


async def test_a_hub_killed_after_it_sent_a_message_finds_it(hub: Hub) -> None:
    session = await hub.session("The hub alone")
    await hub.chat.send(SERVER, session, "hello")
    await hub.stop()
    await hub.start()
    talk = await hub.look(session)
    await hub.until(lambda: text(talk) == "echo: hello", "the answer")
    await hub.until(lambda: not hub.chat.outbox._sent, "that OpenCode has it")
    assert await typed(hub, session, "hello") == [None]


async def test_a_message_that_opencode_accepts_and_never_stores(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LOOK", 0.5)
    session = await hub.session("An agent that is gone")
    async with hub.chat.outbox.sending(SERVER, session, "anybody?", None, "gone") as part:
        await hub.chat.client(SERVER).prompt(session, "anybody?", None, "gone", part)
    await hub.until(lambda: hub.chat.outbox.untaken(session), "that it was not taken")
    assert await typed(hub, session, "anybody?") == ["NotTaken"]
