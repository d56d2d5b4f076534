# SPDX-License-Identifier: MIT
"""Own model servers: the OpenAI-compatible addresses in OpenCode's global configuration.

What OpenCode is told is merged into its file, and nothing can be taken out of it (a null is refused; measured on
1.18.33). So a model that is no longer named is left out by its provider's `whitelist`, and a server that is removed is
switched off by `disabled_providers`: its entry stays in the file. A folder whose own configuration has such a list
goes by that one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opencode_nexus.chat.errors import OwnServerUnknown
from opencode_nexus.chat.models import COMPATIBLE, PRACTICE, compatible, models
from opencode_nexus.opencode.api import Client

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnServer:
    """One of them; `id` is its provider id, `models` what it is asked for."""

    id: str
    name: str
    address: str
    models: tuple[str, ...]


def listed(config: Mapping[str, Any]) -> list[OwnServer]:
    """Those in the global configuration that are not switched off, by name."""
    off = config.get("disabled_providers") or ()
    servers = [
        OwnServer(
            provider_id,
            str(entry.get("name") or provider_id),
            str((entry.get("options") or {}).get("baseURL") or ""),
            tuple(name for name in entry.get("models") or {} if name in entry.get("whitelist", (name,))),
        )
        for provider_id, entry in (config.get("provider") or {}).items()
        if entry.get("npm") == COMPATIBLE and provider_id != PRACTICE and provider_id not in off
    ]
    return sorted(servers, key=lambda server: server.name.lower())


def found(config: Mapping[str, Any], provider_id: str) -> OwnServer:
    """The one with that id; raises OwnServerUnknown."""
    for server in listed(config):
        if server.id == provider_id:
            return server
    raise OwnServerUnknown(f"Asked for: {provider_id[:80]!r}.")


async def add(client: Client, provider_id: str, patch: JSON, key: str) -> None:
    """Add a server by what `models.compatible` made of it, also where one of that name was removed before."""
    config = await client.global_config()
    if provider_id in (config.get("provider") or {}):
        off = [name for name in config.get("disabled_providers") or () if name != provider_id]
        patch = {"provider": {provider_id: _only(patch["provider"][provider_id])}, "disabled_providers": off}
    await _write(client, provider_id, patch, key)


async def change(client: Client, provider_id: str, name: str, base_url: str, key: str, model_ids: list[str]) -> None:
    """Give a server another name, address or models; its id stays, as chats and the default name it.

    Raises OwnServerUnknown or ProviderInvalid.
    """
    config = await client.global_config()
    found(config, provider_id)
    made_id, made = compatible(name, base_url, model_ids)
    provider = _only(made["provider"][made_id])
    patch: JSON = {"provider": {provider_id: provider}}
    default_provider, _, default = str(config.get("model") or "").partition("/")
    if default_provider == provider_id and default not in provider["whitelist"]:
        patch["model"] = f"{provider_id}/{provider['whitelist'][0]}"
    await _write(client, provider_id, patch, key)


async def remove(client: Client, provider_id: str, directory: str) -> None:
    """Switch a server off and forget its key; raises OwnServerUnknown.

    A default that was one of its models becomes another that somebody gave a key or an address. Where there is none it
    stays, and OpenCode answers no message that names no model: better than words that go where nobody sent them.
    """
    config = await client.global_config()
    found(config, provider_id)
    await client.patch_global_config({"disabled_providers": [*(config.get("disabled_providers") or ()), provider_id]})
    await client.remove_key(provider_id)
    if str(config.get("model") or "").startswith(f"{provider_id}/"):
        other = next((choice.id for choice in (await models(client, directory))[0] if not choice.keyless), None)
        if other is not None:
            await client.patch_global_config({"model": other})


def _only(provider: JSON) -> JSON:
    return provider | {"whitelist": list(provider["models"])}


async def _write(client: Client, provider_id: str, patch: JSON, key: str) -> None:
    await client.patch_global_config(patch)
    if key:
        await client.set_key(provider_id, key)
