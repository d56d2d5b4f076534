# SPDX-License-Identifier: MIT
"""Keys and own addresses, with a real OpenCode that is not held to one provider."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.errors import AgentUnknown, ModelUnknown, ProviderExists, SessionsRunning
from opencode_nexus.chat.own_servers import OwnServer
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


async def test_an_own_server_is_changed_removed_and_added_again(free: Hub) -> None:
    chat, address = free.chat, free.provider.url
    bare = {"id": "mine", "name": "Mine"}

    async def offered() -> set[str]:
        return {choice.id for choice in (await chat.models(SERVER))[0] if choice.id.startswith("mine/")}

    await chat.add_compatible(SERVER, "Mine", "http://127.0.0.1:9/v1", "a-key", ["wrong", "m1"])
    assert await chat.own_servers(SERVER) == [
        OwnServer(**bare, address="http://127.0.0.1:9/v1", models=("wrong", "m1")),
    ]
    await chat.change_own(SERVER, "mine", "Mine", address, "", ["m1"])
    assert await offered() == {"mine/m1"}
    assert await chat.own_servers(SERVER) == [OwnServer(**bare, address=address, models=("m1",))]
    session = await free.session("Own")
    await chat.send(SERVER, session, "hello there", "mine/m1", "build")
    talk = await free.look(session)
    await free.until(lambda: "echo: hello there" in text(talk))
    await free.until(lambda: not chat.busy(SERVER))
    await chat.remove_own(SERVER, "mine")
    assert (await offered(), await chat.own_servers(SERVER)) == (set(), [])
    assert "mine" not in (free.opencode.root / "data/opencode/auth.json").read_text()
    await chat.add_compatible(SERVER, "Mine", address, "", ["m2"])
    assert await offered() == {"mine/m2"}


async def test_what_opencode_offers_without_a_key_is_known_and_a_folder_may_offer_more(
    free: Hub, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    provider = {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": free.provider.url}, "models": {"m": {}}}
    (folder / "opencode.json").write_text(json.dumps({"provider": {"here": provider}, "model": "here/m"}))
    first, second = await free.chat.models(SERVER), await free.chat.models(SERVER, str(folder))
    assert {choice.keyless for choice in first[0] if choice.id.startswith("opencode/")} == {"opencode.ai"}
    assert {choice.keyless for choice in first[0] if not choice.id.startswith("opencode/")} == {""}
    assert "here/m" in {choice.id for choice in second[0]} - {choice.id for choice in first[0]}
    await free.chat.set_key(SERVER, "opencode", "sk-not-real")
    assert {choice.keyless for choice in (await free.chat.models(SERVER))[0]} == {""}
