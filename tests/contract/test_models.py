# SPDX-License-Identifier: MIT
"""Keys and own addresses, with a real OpenCode that is not held to one provider."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.errors import AgentUnknown, ModelUnknown, ProviderExists, SessionsRunning
from tests.contract.conftest import Hub, text
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio


@pytest.fixture
async def free(tmp_path: Path, provider: Provider, opencode_binary: Path) -> AsyncIterator[Hub]:
    config = provider.config()
    del config["enabled_providers"]
    opencode = OpenCode(opencode_binary, tmp_path / "free", config)
    await asyncio.to_thread(opencode.start)
    running = Hub(tmp_path / "nexus.db", opencode, provider)
    await running.start(adopted=False)
    yield running
    await running.stop()
    opencode.kill()


async def test_models_agents_keys_and_an_own_address(free: Hub) -> None:
    hub, chat = free, free.chat
    choices, default = await chat.models(SERVER)
    assert default == "scripted/m1"
    assert ("scripted/m1", "Scripted M1", "Scripted", False) in [
        (c.id, c.name, c.provider_name, c.practice) for c in choices
    ]
    agents = await chat.agents(SERVER)
    assert agents[0].name == "build"
    assert {"plan", "build"} <= {agent.name for agent in agents}
    assert "general" not in {agent.name for agent in agents}
    # a key makes a provider of the catalogue usable
    connected = {p.id: p.connected for p in await chat.providers(SERVER)}
    assert (len(connected) > 50, connected["openai"], connected["scripted"]) == (True, False, True)
    await chat.set_key(SERVER, "openai", "sk-not-real")
    assert "openai" in {choice.id.partition("/")[0] for choice in (await chat.models(SERVER))[0]}
    # an own address, while nothing runs
    session = await hub.session("Own")
    await hub.say(session, [{"wait": "own"}])
    await hub.until(lambda: chat.busy(SERVER))
    with pytest.raises(SessionsRunning):
        await chat.add_compatible(SERVER, "My own", hub.provider.url, "", ["m1"])
    hub.provider.release("own")
    await hub.until(lambda: not chat.busy(SERVER))
    provider_id = await chat.add_compatible(SERVER, "My own", hub.provider.url, "a-key", ["m1"])
    assert (provider_id, [c.provider_name for c in (await chat.models(SERVER))[0] if c.id == "my-own/m1"]) == (
        "my-own",
        ["My own"],
    )
    with pytest.raises(ProviderExists):
        await chat.add_compatible(SERVER, "My own", hub.provider.url, "", ["m2"])
    for model, agent, error in (("my-own/m2", None, ModelUnknown), ("my-own/m1", "nobody", AgentUnknown)):
        with pytest.raises(error):
            await chat.send(SERVER, session, "lost?", model, agent)
    await chat.send(SERVER, session, "hello there", "my-own/m1", "plan")
    talk = await hub.look(session)
    await hub.until(lambda: "echo: hello there" in text(talk))
    answer = next(reversed(talk.state.messages.values()))
    assert (answer.info["providerID"], answer.info["agent"]) == ("my-own", "plan")
    assert "lost?" not in str(talk.state.messages)
    # a list of every session, in pages
    for number in range(4):
        await hub.session(f"More {number}")
    whole, end = await chat.session_page(SERVER, 200)
    first, cursor = await chat.session_page(SERVER, 2)
    second, _ = await chat.session_page(SERVER, 200, cursor)
    assert (end, [one.id for one in (*first, *second)]) == (None, [one.id for one in whole])
    # nothing of it is in the project
    assert list(hub.opencode.project.iterdir()) == []
