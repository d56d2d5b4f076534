# SPDX-License-Identifier: MIT
"""What a server offers, and what may be added to it."""

from collections.abc import Callable
from typing import Any

import pytest

from opencode_nexus.chat.errors import (
    OwnServerUnknown,
    ProviderExists,
    ProviderInvalid,
    ServerNotRunning,
    SessionsRunning,
)
from opencode_nexus.chat.models import (
    COMPATIBLE,
    AgentChoice,
    ModelChoice,
    ProviderChoice,
    checked_provider_id,
    compatible,
)
from opencode_nexus.chat.own_servers import OwnServer
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import World

pytestmark = pytest.mark.anyio


def provider(name: str, *models: str) -> dict[str, Any]:
    return {"id": name, "name": name.title(), "models": {model: {"name": model.upper()} for model in models}}


async def test_models_by_provider_with_practice_last(world: World) -> None:
    offered = [provider("practice", "p1"), provider("zeta", "b", "a"), {"id": "bare", "models": {"m": {}}}]
    world.fake.routes["GET /config/providers"] = {"providers": offered, "default": {}}
    world.fake.routes["GET /config"] = {"model": "zeta/a"}
    assert await world.chat.models(SERVER) == (
        [
            ModelChoice("bare/m", "m", "bare", False),
            ModelChoice("zeta/a", "A", "Zeta", False),
            ModelChoice("zeta/b", "B", "Zeta", False),
            ModelChoice("practice/p1", "P1", "Practice", True),
        ],
        "zeta/a",
    )
    world.fake.routes["GET /config"] = {"model": "gone/x"}
    assert (await world.chat.models(SERVER))[1] is None
    world.fake.routes["GET /config/providers"] = {"providers": [provider("one", "only")]}
    assert (await world.chat.models(SERVER))[1] == "one/only"
    assert world.fake.asked[-1][1] == "/config?directory=%2Fproject"
    await world.chat.models(SERVER, "/elsewhere")  # the folder of an old session may be none of the server's now
    assert world.fake.asked[-1][1] == "/config?directory=%2Felsewhere"


async def test_models_that_opencode_offers_without_a_key_say_where_words_go_and_are_no_default(world: World) -> None:
    zen: dict[str, Any] = provider("opencode", "big-pickle") | {"source": "custom", "options": {"apiKey": "public"}}
    zen["models"]["big-pickle"]["api"] = {"url": "https://opencode.ai/zen/v1"}
    world.fake.routes["GET /config"] = {}
    world.fake.routes["GET /config/providers"] = {"providers": [zen]}
    free = ModelChoice("opencode/big-pickle", "BIG-PICKLE", "Opencode", False, "opencode.ai")
    assert await world.chat.models(SERVER) == ([free], None)
    # after those that a person gave a key or an address, before practice
    world.fake.routes["GET /config/providers"] = {"providers": [provider("practice", "p"), zen, provider("zeta", "a")]}
    assert [choice.id for choice in (await world.chat.models(SERVER))[0]] == ["zeta/a", free.id, "practice/p"]
    for own in ({"key": "sk-1", "source": "api"}, {"options": {"apiKey": "sk-2"}, "source": "config"}):
        world.fake.routes["GET /config/providers"] = {"providers": [zen | {"options": {}} | own]}
        ((choice,), default) = await world.chat.models(SERVER)
        assert (choice.keyless, default) == ("", free.id)


async def test_agents_that_a_person_can_choose(world: World) -> None:
    world.fake.routes["GET /agent"] = [
        {"name": "build", "mode": "primary", "description": "Does it."},
        {"name": "compaction", "mode": "primary", "hidden": True},
        {"name": "explore", "mode": "subagent"},
        {"name": "plan", "mode": "all"},
    ]
    assert await world.chat.agents(SERVER, "/other") == [AgentChoice("build", "Does it."), AgentChoice("plan", "")]
    assert world.fake.asked[-1][1] == "/agent?directory=%2Fother"


async def test_the_catalogue_by_name(world: World) -> None:
    everyone = [{"id": "z", "name": "Zed", "models": {"m": {"x": 1}}}, {"id": "a"}]
    world.fake.routes["GET /provider"] = {"all": everyone, "default": {}, "connected": ["z"]}
    assert await world.chat.providers(SERVER) == [ProviderChoice("a", "a", False), ProviderChoice("z", "Zed", True)]


async def test_a_key_counts_once_nothing_runs(world: World) -> None:
    world.fake.routes |= {"PUT /auth/openai": True, "POST /global/dispose": True, "GET /config": {}}
    await world.chat.set_key(SERVER, "openai", "sk-1")
    writes = [asked for asked in world.fake.asked if asked[0] != "GET"][-2:]
    assert [asked[:2] for asked in writes] == [("PUT", "/auth/openai"), ("POST", "/global/dispose")]
    assert writes[0][2] == {"type": "api", "key": "sk-1"}
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    asked = len(world.fake.asked)
    await world.chat.set_key(SERVER, "openai", "sk-2")
    assert "/global/dispose" not in [one[1] for one in world.fake.asked[asked:]]
    world.idle()
    await world.until(lambda: "/global/dispose" in [one[1] for one in world.fake.asked[asked:]])
    with pytest.raises(ProviderInvalid):
        await world.chat.set_key(SERVER, "../config", "x")


async def test_a_real_key_takes_the_place_of_the_practice_model(world: World) -> None:
    world.fake.routes |= {"PUT /auth/openai": True, "POST /global/dispose": True, "PATCH /global/config": {}}
    world.fake.routes["GET /config/providers"] = {"providers": [], "default": {"openai": "gpt-x"}}
    world.fake.routes["GET /config"] = {"model": "practice/practice"}
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    await world.chat.set_key(SERVER, "openai", "sk-1")
    assert not any(asked[0] == "PATCH" for asked in world.fake.asked)  # not while something runs
    world.idle()
    await world.until(lambda: world.fake.asked[-1][:2] == ("PATCH", "/global/config"))
    assert world.fake.asked[-1][2] == {"model": "openai/gpt-x"}


@pytest.mark.parametrize(("default", "model"), [({"openai": "gpt-x"}, "zeta/a"), ({}, "practice/practice")])
async def test_a_default_that_somebody_chose_stays(world: World, default: dict[str, str], model: str) -> None:
    world.fake.routes |= {"PUT /auth/openai": True, "POST /global/dispose": True, "PATCH /global/config": {}}
    world.fake.routes["GET /config/providers"] = {"providers": [], "default": default}
    world.fake.routes["GET /config"] = {"model": model}
    await world.chat.set_key(SERVER, "openai", "sk-2")
    assert not any(asked[0] == "PATCH" for asked in world.fake.asked)


CATALOGUE = {"all": [{"id": "openai", "name": "OpenAI"}], "default": {}, "connected": []}


async def test_an_own_address_never_takes_the_place_of_another_provider(world: World) -> None:
    world.fake.routes["GET /provider"] = CATALOGUE
    with pytest.raises(ProviderExists):
        await world.chat.add_compatible(SERVER, "OpenAI", "http://x/v1", "k", ["m"])
    assert not any(method in ("PATCH", "PUT") for method, *_ in world.fake.asked)


async def test_an_own_address_goes_into_the_global_configuration(world: World) -> None:
    world.fake.routes["GET /global/config"] = {}
    world.fake.routes |= {"PATCH /global/config": {}, "PUT /auth/my-ollama": True, "POST /global/dispose": True}
    world.fake.routes["GET /config"] = {"model": "zeta/a"}
    world.fake.routes["GET /provider"] = CATALOGUE
    made = await world.chat.add_compatible(SERVER, "My Ollama!", "http://127.0.0.1:11434/v1/", " k ", ["llama3", " "])
    assert made == "my-ollama"
    writes = [asked for asked in world.fake.asked if asked[0] != "GET"]
    assert writes[-3][2] == {
        "provider": {
            "my-ollama": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "My Ollama!",
                "options": {"baseURL": "http://127.0.0.1:11434/v1"},
                "models": {"llama3": {"name": "llama3"}},
            }
        }
    }
    assert writes[-2][2] == {"type": "api", "key": "k"}
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    with pytest.raises(SessionsRunning):
        await world.chat.add_compatible(SERVER, "X", "http://x/v1", "", ["m"])
    world.servers.tell("stopped")
    with pytest.raises(ServerNotRunning):
        await world.chat.add_compatible(SERVER, "X", "http://x/v1", "", ["m"])


def configured(name: str, *models: str, **more: Any) -> dict[str, Any]:
    own = {model: {"name": model} for model in models}
    address = f"http://127.0.0.1/{name}"
    return {"npm": COMPATIBLE, "name": name.title(), "options": {"baseURL": address}, "models": own, **more}


OWN = {
    "provider": {
        "zed": configured("zed", "a", "b", whitelist=["b"]),
        "practice": configured("practice", "p"),
        "gone": configured("gone", "g"),
        "openai": {"options": {"timeout": 5}},
        "ada": configured("ada", "m"),
    },
    "disabled_providers": ["gone"],
    "model": "zed/b",
}


@pytest.fixture
def writes(world: World) -> Callable[[], list[tuple[str, str, Any]]]:
    """What OpenCode, which has OWN, was told since."""
    world.fake.routes |= {"GET /global/config": OWN, "PATCH /global/config": {}, "POST /global/dispose": True}
    world.fake.routes |= {"PUT /auth/zed": True, "DELETE /auth/zed": True, "GET /config": {}}
    return lambda: [asked for asked in world.fake.asked if asked[0] != "GET"]


async def test_own_servers_are_those_that_were_added(world: World, writes: object) -> None:
    assert await world.chat.own_servers(SERVER) == [
        OwnServer("ada", "Ada", "http://127.0.0.1/ada", ("m",)),
        OwnServer("zed", "Zed", "http://127.0.0.1/zed", ("b",)),
    ]


async def test_an_own_server_is_changed(world: World, writes: Callable[[], list[tuple[str, str, Any]]]) -> None:
    await world.chat.change_own(SERVER, "zed", "Better", "http://127.0.0.1:9/v1/", "", ["c", "d"])
    patch, load = writes()
    assert patch[:2] == ("PATCH", "/global/config")
    zed = patch[2]["provider"]["zed"]
    assert (zed["name"], zed["options"]) == ("Better", {"baseURL": "http://127.0.0.1:9/v1"})
    assert (zed["whitelist"], patch[2]["model"]) == (["c", "d"], "zed/c")  # the default was one that is gone
    assert load[1] == "/global/dispose"
    await world.chat.change_own(SERVER, "zed", "Better", "http://127.0.0.1:9/v1", "sk-2", ["b"])
    assert "model" not in writes()[2][2]
    assert writes()[3] == ("PUT", "/auth/zed", {"type": "api", "key": "sk-2"})
    for unknown in ("gone", "practice", "openai", "nobody"):
        with pytest.raises(OwnServerUnknown):
            await world.chat.change_own(SERVER, unknown, "X", "http://x/v1", "", ["m"])
    with pytest.raises(ProviderInvalid):
        await world.chat.change_own(SERVER, "zed", "X", "htp:x", "", ["m"])


async def test_an_own_server_is_removed_with_its_key(
    world: World, writes: Callable[[], list[tuple[str, str, Any]]]
) -> None:
    zen = provider("opencode", "big-pickle") | {"options": {"apiKey": "public"}}
    world.fake.routes["GET /config/providers"] = {"providers": [zen, provider("ada", "m")]}
    await world.chat.remove_own(SERVER, "zed")
    assert [asked[:2] for asked in writes()] == [
        ("PATCH", "/global/config"),
        ("DELETE", "/auth/zed"),
        ("PATCH", "/global/config"),
        ("POST", "/global/dispose"),
    ]
    assert writes()[0][2] == {"disabled_providers": ["gone", "zed"]}
    assert writes()[2][2] == {"model": "ada/m"}  # the default was one of its models; nobody chose the keyless one
    with pytest.raises(OwnServerUnknown):
        await world.chat.remove_own(SERVER, "openai")
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    for work in (
        world.chat.remove_own(SERVER, "zed"),
        world.chat.change_own(SERVER, "zed", "X", "http://x/v1", "", ["m"]),
    ):
        with pytest.raises(SessionsRunning):
            await work
    assert len(writes()) == 4


async def test_one_that_was_removed_can_be_added_again(
    world: World, writes: Callable[[], list[tuple[str, str, Any]]]
) -> None:
    world.fake.routes["GET /provider"] = CATALOGUE
    await world.chat.add_compatible(SERVER, "Gone", "http://x/v1", "", ["new"])
    patch = writes()[0][2]
    assert patch["disabled_providers"] == []
    assert patch["provider"]["gone"]["whitelist"] == ["new"]


@pytest.mark.parametrize(
    ("name", "address", "models"),
    [
        ("!!", "http://x/v1", ["m"]),
        ("x", "ftp://x/v1", ["m"]),
        ("x", "http:///v1", ["m"]),
        ("x", "http://[v1", ["m"]),
        ("x", "http://x:port/v1", ["m"]),
        ("x", "http://x/v1?key=1", ["m"]),
        ("x", "http://x/v1", [" "]),
    ],
)
def test_what_cannot_be_a_provider(name: str, address: str, models: list[str]) -> None:
    with pytest.raises(ProviderInvalid):
        compatible(name, address, models)


@pytest.mark.parametrize("name", ["", "a/b", "..", "A", "x" * 65])
def test_what_cannot_be_a_providers_id(name: str) -> None:
    with pytest.raises(ProviderInvalid):
        checked_provider_id(name)
