# SPDX-License-Identifier: MIT
"""What answers: models, keys of their providers, own model servers, the practice model.

Keys and own servers are common to all OpenCode servers, so any that runs can tell and keep them.
"""

from fastapi import APIRouter, Response

from opencode_nexus.chat.errors import OwnServerUnknown, ServerNotRunning
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.provider import (
    Model,
    NewOwnServer,
    OwnServer,
    Practice,
    PracticeSwitch,
    ProviderKey,
)
from opencode_nexus.web.chat_choices import forget
from opencode_nexus.web.context import Hub

router = APIRouter(tags=["models"])


def _running(hub: Hub) -> str:
    for server in hub.fleet.list():
        if server.state == "running":
            return server.id
    raise ServerNotRunning("OpenCode keeps keys and model servers itself, and none of its servers runs.")


@router.get("/servers/{server_id}/models")
async def list_models(hub: HubDep, server_id: str, project: str = "") -> Items[Model]:
    """List the models that can be chosen on a server, in one of its folders or its first."""
    hub.fleet.get(server_id)
    found, default = await hub.chat.offers.models(server_id, project)
    return Items(
        items=[
            Model(
                id=one.id,
                name=one.name,
                provider=one.provider_name,
                default=one.id == default,
                variants=list(one.variants),
                practice=one.practice,
                keyless=one.keyless,
            )
            for one in found
        ]
    )


@router.put("/providers/{provider_id}/key", status_code=204)
async def set_provider_key(hub: HubDep, provider_id: str, new: ProviderKey) -> None:
    """Hand a provider's key, such as that of anthropic, to OpenCode."""
    await hub.chat.set_key(_running(hub), provider_id, new.key)
    forget(hub)


@router.get("/model-servers")
async def list_model_servers(hub: HubDep) -> Items[OwnServer]:
    """List the OpenAI-compatible addresses that were added."""
    return Items(items=await _own(hub))


@router.post("/model-servers", status_code=201)
async def add_model_server(hub: HubDep, new: NewOwnServer, response: Response) -> OwnServer:
    """Add an OpenAI-compatible address; 409 while an agent works."""
    made = await hub.chat.add_compatible(_running(hub), new.name, new.address, new.key, new.models)
    forget(hub)
    response.headers["location"] = made
    return await _one(hub, made)


@router.put("/model-servers/{provider_id}")
async def change_model_server(hub: HubDep, provider_id: str, new: NewOwnServer) -> OwnServer:
    """Change an own model server; 409 while an agent works."""
    await hub.chat.change_own(_running(hub), provider_id, new.name, new.address, new.key, new.models)
    forget(hub)
    return await _one(hub, provider_id)


@router.delete("/model-servers/{provider_id}", status_code=204)
async def remove_model_server(hub: HubDep, provider_id: str) -> None:
    """Take an own model server out of use, and forget its key; 409 while an agent works."""
    await hub.chat.remove_own(_running(hub), provider_id)
    forget(hub)


@router.get("/practice")
async def get_practice(hub: HubDep) -> Practice:
    """Tell whether the practice model is on."""
    return Practice(on=hub.practice.enabled, problem=hub.practice.problem)


@router.put("/practice")
async def switch_practice(hub: HubDep, wanted: PracticeSwitch) -> Practice:
    """Switch the practice model on or off. A server that runs finds it after its next start."""
    await (hub.practice.enable() if wanted.on else hub.practice.disable())
    return await get_practice(hub)


async def _own(hub: Hub) -> list[OwnServer]:
    found = await hub.chat.own_servers(_running(hub))
    return [OwnServer(id=one.id, name=one.name, address=one.address, models=list(one.models)) for one in found]


async def _one(hub: Hub, provider_id: str) -> OwnServer:
    for one in await _own(hub):
        if one.id == provider_id:
            return one
    raise OwnServerUnknown(f"Asked for: {provider_id[:80]!r}.")
