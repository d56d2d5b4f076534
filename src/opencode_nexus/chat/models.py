# SPDX-License-Identifier: MIT
"""Which models and agents a server offers, and adding to them.

OpenCode keeps keys itself (PUT /auth). An own address goes into its global configuration, which lies in
the hub's home (PATCH /global/config; PATCH /config would write into the user's project). Both count only
after OpenCode has loaded its configuration anew, which aborts what runs (measured on OpenCode 1.18.33).
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from opencode_nexus.chat.choices import variants_of
from opencode_nexus.chat.errors import ProviderInvalid
from opencode_nexus.opencode.api import Client

PRACTICE = "practice"  # the provider id of the hub's own practice model
ZEN = "opencode"  # the provider id of OpenCode's maker; without a key it has "public" for one (measured on 1.18.33)
COMPATIBLE = "@ai-sdk/openai-compatible"  # comes with OpenCode: nothing is installed for it
_PROVIDER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that can be chosen. `id` is "provider/model"; `practice`: scripted, for trying things out.

    `keyless`: the host that words go to, when OpenCode offers the model without anybody having given a key.
    `variants`: how it can be asked to think ("low", "high", …).
    """

    id: str
    name: str
    provider_name: str
    practice: bool
    keyless: str = ""
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """An agent that a person can talk to."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """A provider of OpenCode's catalogue. `connected`: it can be used now."""

    id: str
    name: str
    connected: bool


async def models(client: Client, directory: str) -> tuple[list[ModelChoice], str | None]:
    """The models that can be used in a folder, by provider, and the one that is used when none is chosen.

    The second is None when OpenCode decides by itself (by what was used last). Those without a key come after those
    of a key or an address that somebody gave, and are never the default by themselves.
    """
    usable, config = await client.usable_providers(directory), await client.config(directory)
    choices = [
        ModelChoice(
            id=f"{provider['id']}/{model_id}",
            name=str(model.get("name") or model_id),
            provider_name=str(provider.get("name") or provider["id"]),
            practice=provider["id"] == PRACTICE,
            keyless=_goes_to(model) if _keyless(provider) else "",
            variants=() if provider["id"] == PRACTICE else variants_of(model),
        )
        for provider in usable.get("providers") or ()
        for model_id, model in (provider.get("models") or {}).items()
    ]
    choices.sort(
        key=lambda choice: (choice.practice, bool(choice.keyless), choice.provider_name.lower(), choice.name.lower())
    )
    default = config.get("model")
    if default not in {choice.id for choice in choices}:
        default = choices[0].id if len(choices) == 1 and not choices[0].keyless else None
    return choices, default


def _keyless(provider: dict[str, Any]) -> bool:
    given = provider.get("key") or (provider.get("options") or {}).get("apiKey")
    return provider["id"] == ZEN and given in (None, "", "public")


def _goes_to(model: dict[str, Any]) -> str:
    return urlsplit(str((model.get("api") or {}).get("url") or "")).hostname or "opencode.ai"


async def leave_practice(client: Client, directory: str, provider_id: str) -> None:
    """Make the provider's own default the default, if the practice model is that now.

    Asked for once the provider can be used: before, OpenCode 1.18.33 names one that it does not offer then (measured).
    """
    if str((await client.config(directory)).get("model", "")).startswith(f"{PRACTICE}/"):
        model = (await client.usable_providers(directory)).get("default", {}).get(provider_id)
        if model:
            await client.patch_global_config({"model": f"{provider_id}/{model}"})


async def agents(client: Client, directory: str) -> list[AgentChoice]:
    """The agents of a folder that a person can choose, the default first."""
    return [
        AgentChoice(str(agent.get("name", "")), str(agent.get("description") or ""))
        for agent in await client.agents(directory)
        if agent.get("mode") != "subagent" and not agent.get("hidden")
    ]


async def providers(client: Client, directory: str) -> list[ProviderChoice]:
    """Every provider that OpenCode knows, by name."""
    catalogue = await client.catalogue(directory)
    connected = set(catalogue.connected)
    found = [ProviderChoice(head.id, head.name or head.id, head.id in connected) for head in catalogue.all]
    return sorted(found, key=lambda provider: provider.name.lower())


def checked_provider_id(provider_id: str) -> str:
    """Return the id if it can be one; raises ProviderInvalid."""
    if not _PROVIDER_ID.fullmatch(provider_id):
        raise ProviderInvalid(f"{provider_id!r} is no provider's id, such as anthropic.")
    return provider_id


def compatible(name: str, base_url: str, model_ids: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the id and the configuration of an own provider; raises ProviderInvalid.

    `base_url` ends where `/chat/completions` begins, as in http://127.0.0.1:11434/v1.
    """
    provider_id = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64]
    if not provider_id:
        raise ProviderInvalid("Its name needs a letter from a to z or a digit.")
    address = base_url.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - it raises for one that is no port
    except ValueError as error:
        raise ProviderInvalid(f"{base_url!r} is no address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ProviderInvalid(f"{base_url!r} is no address that begins with http:// or https://.")
    named = [model_id.strip() for model_id in model_ids if model_id.strip()]
    if not named:
        raise ProviderInvalid("It needs the name of at least one model.")
    provider = {
        "npm": COMPATIBLE,
        "name": name.strip(),
        "options": {"baseURL": address},
        "models": {model_id: {"name": model_id} for model_id in named},
    }
    return provider_id, {"provider": {provider_id: provider}}
