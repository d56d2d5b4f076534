# SPDX-License-Identifier: MIT
"""The pages that attach a server which runs elsewhere, or one found on this machine, and that change its address."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.attached_errors import NotAttached
from opencode_nexus.fleet.attaching import Attachment
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.web.context import Hub

FIELDS = {
    "bad-server-name": "name", "bad-server-address": "address", "own-address": "address", "already-attached": "address",
    "server-unreachable": "address", "not-opencode": "address", "server-password-refused": "password",
    "bad-server-login": "username", "bad-project": "folders",
}  # fmt: skip
"""Code of an error → the field that it is about."""
NAMES = ("address", "name", "username", "folders")


async def show(request: Request) -> Response:
    """GET /servers/attach: the form, and what runs on this machine."""
    return await _form(request, {})


async def attach(request: Request) -> Response:
    """POST /servers/attach: asks the server, and adds it when it answers."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        typed = {name: str(form.get(name, "")).strip() for name in NAMES}
        password = str(form.get("password", ""))
    wanted = Attachment(address=typed["address"], username=typed["username"], password=password)
    folders = [line for line in typed["folders"].splitlines() if line.strip()]
    try:
        server = await hub.fleet.attach(typed["name"], wanted, folders)
    except NexusError as error:
        return await _form(request, typed, error)
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server.id}", 303)


async def show_address(request: Request) -> Response:
    """GET /servers/{id}/address"""
    server = _attached(request)
    return await _form(request, {"address": server.address}, server=server)


async def change_address(request: Request) -> Response:
    """POST /servers/{id}/address: without a password, the one that is kept stays."""
    hub: Hub = request.state.hub
    server = _attached(request)
    async with request.form() as form:
        typed = {name: str(form.get(name, "")).strip() for name in NAMES}
        password = str(form.get("password", ""))
    wanted = Attachment(
        address=typed["address"], username=typed["username"] or None, password=password or None
    )  # fmt: skip
    try:
        await hub.fleet.reattach(server.id, wanted)
    except NexusError as error:
        return await _form(request, typed, error, server)
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server.id}", 303)


def _attached(request: Request) -> ServerState:
    hub: Hub = request.state.hub
    server = hub.fleet.get(request.path_params["id"])
    if server.kind != "attached":
        raise NotAttached(f"{server.name}.")
    return server


async def _form(
    request: Request, typed: dict[str, str], error: NexusError | None = None, server: ServerState | None = None
) -> Response:
    hub: Hub = request.state.hub
    errors: dict[str, str] = {}
    if error is not None:
        if error.code not in FIELDS and error.status >= 500:
            raise error
        said = " ".join(part for part in (error.title, error.detail, error.hint) if part)
        errors[FIELDS.get(error.code, "")] = said
    values: dict[str, Any] = {"typed": dict.fromkeys(NAMES, "") | typed, "errors": errors, "server": server}
    values["found"] = [] if server is not None else await hub.fleet.found()
    return hub.pages.response(request, "server_attach.html", 200 if error is None else 422, **values)


routes: list[BaseRoute] = [
    Route("/servers/attach", show, methods=["GET"]),
    Route("/servers/attach", attach, methods=["POST"]),
    Route("/servers/{id}/address", show_address, methods=["GET"]),
    Route("/servers/{id}/address", change_address, methods=["POST"]),
]
