# SPDX-License-Identifier: MIT
"""Kills and cuts in the middle of a stream, with a real OpenCode: every word that was heard is kept."""

import asyncio
from pathlib import Path

import pytest

from opencode_nexus.chat.errors import ServerNotRunning
from opencode_nexus.chat.reconcile import ask
from opencode_nexus.opencode.errors import OpenCodeBadRequest
from tests.contract.conftest import Hub, parts, text
from tests.fakes.one_server import SERVER
from tests.fakes.proxy import Proxy

pytestmark = pytest.mark.anyio

HEAD = "".join(f"a{i} " for i in range(15))
MISSED = "".join(f"b{i} " for i in range(15))
TAIL = "".join(f"c{i} " for i in range(15))


def script(name: str) -> list[dict[str, object]]:
    """Three times fifteen words, with a gate after each."""
    return [
        {"text": "a{i} ", "n": 15},
        {"wait": f"{name}-1"},
        {"text": "b{i} ", "n": 15},
        {"wait": f"{name}-2"},
        {"text": "c{i} ", "n": 15},
        {"wait": f"{name}-3"},
    ]


async def said(hub: Hub, words: str) -> None:
    """Until the provider has said that; what is missed must have been said."""
    await hub.until(lambda: hub.provider.said().endswith(words), f"the provider's {words[:3]}")


async def test_a_killed_hub_shows_its_words_then_a_gap_that_heals(hub: Hub) -> None:
    session = await hub.session("Hub killed")
    await hub.say(session, script("hub"))
    await hub.until(lambda: any(p.text == HEAD for p in hub.chat.journal.open_parts(session_id=session)))
    await hub.stop()
    hub.provider.release("hub-1")
    await said(hub, MISSED)
    await hub.start()
    talk = await hub.look(session)
    part = parts(talk, "text")[0]
    assert (part.text, part.gaps, part.closed) == (HEAD, [len(HEAD)], False)
    assert talk.state.status.kind == "busy"
    hub.provider.release("hub-2")
    await hub.until(lambda: text(talk) == HEAD + TAIL, "the words after the gap")
    assert parts(talk, "text")[0].gaps == [len(HEAD)]
    hub.provider.release("hub-3")
    await hub.until(lambda: text(talk) == HEAD + MISSED + TAIL, "the whole")
    assert (parts(talk, "text")[0].gaps, parts(talk, "text")[0].closed) == ([], True)
    await hub.until(lambda: not hub.chat.journal.open_parts())


async def test_a_turn_that_ended_while_the_hub_was_dead_is_whole(hub: Hub) -> None:
    session = await hub.session("Ended meanwhile")
    await hub.say(session, script("meanwhile"))
    await hub.until(lambda: any(p.text == HEAD for p in hub.chat.journal.open_parts(session_id=session)))
    await hub.stop()
    for gate in (1, 2, 3):
        hub.provider.release(f"meanwhile-{gate}")
    folder = f"?directory={hub.opencode.project}"
    await hub.until(lambda: session not in hub.opencode.call("/session/status" + folder))
    await hub.start()
    talk = await hub.look(session)
    assert text(talk) == HEAD + MISSED + TAIL
    assert (talk.state.interrupted, talk.state.status.kind) == (False, "idle")
    assert hub.chat.journal.open_parts() == []
    assert hub.activity.recent() == []


async def test_a_permission_asked_while_the_hub_was_dead_waits_for_it(hub: Hub) -> None:
    session = await hub.session("Asked meanwhile")
    await hub.say(
        session,
        [{"wait": "asked"}, {"tool": "bash", "args": {"command": "touch -c m", "description": "x"}}],
        [{"text": "done"}],
    )
    await hub.until(lambda: "asked" in hub.provider.waiting())
    await hub.stop()
    hub.provider.release("asked")
    folder = f"?directory={hub.opencode.project}"
    await hub.until(lambda: hub.opencode.call("/permission" + folder))
    await hub.start()
    (waiting,) = hub.chat.waiting()
    assert (waiting.session_id, waiting.title) == (session, "Asked meanwhile")
    talk = await hub.look(session)
    assert list(talk.state.permissions) == [waiting.id]
    await hub.chat.reply_permission(SERVER, waiting.id, "once")
    await hub.until(lambda: text(talk) == "done")


async def test_a_killed_opencode_leaves_the_hubs_copy(own: Hub) -> None:
    hub = own
    session = await hub.session("OpenCode killed")
    talk = await hub.look(session)
    await hub.say(session, [{"reasoning": "hm "}, *script("killed")])
    await hub.until(lambda: text(talk) == HEAD)
    hub.opencode.kill()
    hub.servers.tell("failed")
    part = parts(talk, "text")[0]
    assert (part.text, part.closed, part.interrupted) == (HEAD, True, True)
    assert (talk.state.status.kind, talk.state.interrupted) == ("idle", True)
    assert hub.chat.busy(SERVER) == []
    await hub.until(hub.activity.recent)
    assert "“OpenCode killed” was cut off" in hub.activity.recent()[0].text
    with pytest.raises(ServerNotRunning):
        await hub.chat.send(SERVER, session, "hello?")
    # It comes back as another process: the same words, and the conversation goes on.
    await asyncio.to_thread(hub.opencode.start)
    hub.server_runs()
    await hub.settled()
    assert (text(talk), talk.state.interrupted) == (HEAD, True)
    assert len(hub.activity.recent()) == 1
    assert "".join(p.text for m in (await hub.chat.messages(SERVER, session))[0][1:] for p in m.parts.values()) == (
        "hm " + HEAD
    )
    await hub.chat.send(SERVER, session, "go on")
    await hub.until(lambda: text(talk) == HEAD + "echo: go on")
    assert (talk.state.interrupted, parts(talk, "text")[0].interrupted) == (False, True)
    # And after the hub's own restart too.
    await hub.until(lambda: not hub.chat.busy(SERVER))
    await hub.stop()
    await hub.start()
    talk = await hub.look(session)
    assert (text(talk), parts(talk, "text")[0].interrupted) == (HEAD + "echo: go on", True)


async def test_hub_and_opencode_killed_together(own: Hub) -> None:
    hub = own
    session = await hub.session("Both killed")
    await hub.say(session, [{"text": "half a "}, {"tool": "bash", "args": {"command": "sleep 60"}}])
    await hub.until(lambda: session in hub.chat.busy(SERVER))
    talk = await hub.look(session)
    await hub.until(lambda: any(p.data["state"]["status"] == "running" for p in parts(talk, "tool")))
    await hub.stop()
    hub.opencode.kill()
    await asyncio.to_thread(hub.opencode.start)
    await hub.start(adopted=False)
    await hub.until(hub.activity.recent)
    assert "“Both killed” was cut off" in hub.activity.recent()[0].text
    talk = await hub.look(session)
    assert (talk.state.interrupted, talk.state.status.kind) == (True, "idle")
    assert [(p.closed, p.interrupted) for p in parts(talk, "tool")] == [(True, True)]
    assert text(talk) == "half a "


@pytest.mark.parametrize("fault", ["cut", "freeze"])
async def test_a_lost_stream_heals(hub: Hub, fault: str) -> None:
    async with Proxy(hub.opencode.base_url) as proxy:
        hub.chat.feeds.silence = 1.0
        hub.servers.tell("stopped")
        hub.servers.running(proxy.url, hub.opencode.password, hub.opencode.pid, 1.0, adopted=True)
        await hub.settled()
        session = await hub.session("Stream lost")
        talk = await hub.look(session)
        await hub.say(session, script(fault))
        await hub.until(lambda: text(talk) == HEAD)
        proxy.block()
        if fault == "cut":
            proxy.cut()
        hub.provider.release(f"{fault}-1")
        await said(hub, MISSED)
        connection = hub.chat.feeds.connection(SERVER)
        assert connection is not None
        await hub.until(lambda: not connection.connected, "the loss")
        assert text(talk) == HEAD
        proxy.unblock()
        await hub.settled()
        await hub.until(lambda: parts(talk, "text")[0].gaps == [len(HEAD)], "the gap")
        hub.provider.release(f"{fault}-2")
        await hub.until(lambda: text(talk) == HEAD + TAIL)
        hub.provider.release(f"{fault}-3")
        await hub.until(lambda: text(talk) == HEAD + MISSED + TAIL)
        assert parts(talk, "text")[0].gaps == []


async def test_a_folder_with_a_mistake_in_its_configuration_is_silent_and_no_other(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "opencode.json").write_text('{"model": "scripted/m1",, }')
    connection = hub.chat.feeds.connection(SERVER)
    assert connection is not None
    truth = await ask(connection.client, [str(tmp_path), str(hub.opencode.project)], ())
    assert truth.silent == {str(tmp_path)}
    page = await connection.client.sessions(str(hub.opencode.project))
    with pytest.raises(OpenCodeBadRequest):  # so a list of all folders must do without this one
        await connection.client.sessions(str(tmp_path))
    assert isinstance(page, list)
