# SPDX-License-Identifier: MIT
"""The own model servers that were added: looked at, changed, removed. Adding one is in `models` and in the chat."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import OwnServerUnknown, ServerNotRunning
from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.chat_choices import forget
from opencode_nexus.web.context import Hub

SAID = {
    "changed": "The model server is changed.",
    "removed": "The model server is removed, and its key with it.",
}


async def show(request: Request) -> Response:
    """GET /settings/models: all of them. Every OpenCode server shares them, so any that runs can tell."""
    hub: Hub = request.state.hub
    try:
        servers = await hub.chat.own_servers(_running(hub))
    except ServerNotRunning:
        servers = None
    said = SAID.get(request.query_params.get("said", ""), "")
    return hub.pages.response(request, "settings_models.html", servers=servers, said=said)


async def edit(request: Request) -> Response:
    """GET /settings/models/{provider}: its form."""
    return await _form(request)


async def _form(request: Request, error: NexusError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    hub: Hub = request.state.hub
    provider_id = request.path_params["provider"]
    for server in await hub.chat.own_servers(_running(hub)):
        if server.id == provider_id:
            break
    else:
        raise OwnServerUnknown(f"Asked for: {provider_id[:80]!r}.")
    words = "" if error is None else " ".join(filter(None, (error.title, error.detail, error.hint)))
    values = {"name": server.name, "address": server.address, "models": ", ".join(server.models), **(typed or {})}
    status = 200 if error is None else error.status
    errors = {"": words} if words else {}
    return hub.pages.response(request, "settings_model.html", status, server=server, values=values, errors=errors)


async def change(request: Request) -> Response:
    """POST /settings/models/{provider}: `name`, `address`, `models` with commas between, `key` if it is another."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        typed = {name: str(form.get(name, "")).strip() for name in ("name", "address", "models", "key")}
    key = typed.pop("key")
    models = [name.strip() for name in typed["models"].split(",") if name.strip()]
    provider_id = request.path_params["provider"]
    try:
        await hub.chat.change_own(_running(hub), provider_id, typed["name"], typed["address"], key, models)
    except NexusError as error:
        if error.status >= 500 or error.status == 404:
            raise
        return await _form(request, error, typed)
    return _back(request, "changed")


async def remove(request: Request) -> Response:
    """POST /settings/models/{provider}/remove"""
    hub: Hub = request.state.hub
    try:
        await hub.chat.remove_own(_running(hub), request.path_params["provider"])
    except NexusError as error:
        if error.status >= 500 or error.status == 404:
            raise
        return await _form(request, error)
    return _back(request, "removed")


def _back(request: Request, said: str) -> Response:
    forget(request.state.hub)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/settings/models?said={said}", 303)


def _running(hub: Hub) -> str:
    """The id of a server that runs; raises ServerNotRunning."""
    for server in hub.fleet.list():
        if server.state == "running":
            return server.id
    raise ServerNotRunning("OpenCode keeps its model servers itself, and none of its servers runs.")


routes: list[BaseRoute] = [
    Route("/settings/models", show, methods=["GET"]),
    Route("/settings/models/{provider}", edit, methods=["GET"]),
    Route("/settings/models/{provider}", change, methods=["POST"]),
    Route("/settings/models/{provider}/remove", remove, methods=["POST"]),
]
