# SPDX-License-Identifier: MIT
"""The forms that take a folder from a server, move it to another, and close it to free its memory."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.web.context import Hub


async def remove(request: Request) -> Response:
    """POST /servers/{id}/projects/remove"""
    hub: Hub = request.state.hub
    server_id, folder, _ = await _asked(request)
    await hub.fleet.remove_project(server_id, folder)
    return _back(hub, server_id)


async def move(request: Request) -> Response:
    """POST /servers/{id}/projects/move"""
    hub: Hub = request.state.hub
    server_id, folder, to = await _asked(request)
    await hub.fleet.move_project(server_id, folder, to)
    return _back(hub, server_id)


async def free(request: Request) -> Response:
    """POST /servers/{id}/projects/free"""
    hub: Hub = request.state.hub
    server_id, folder, _ = await _asked(request)
    await hub.fleet.free_project(server_id, folder)
    return _back(hub, server_id)


async def _asked(request: Request) -> tuple[str, str, str]:
    async with request.form() as form:
        return request.path_params["id"], str(form.get("folder", "")), str(form.get("to", ""))


def _back(hub: Hub, server_id: str) -> Response:
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server_id}", 303)


routes: list[BaseRoute] = [
    Route("/servers/{id}/projects/remove", remove, methods=["POST"]),
    Route("/servers/{id}/projects/move", move, methods=["POST"]),
    Route("/servers/{id}/projects/free", free, methods=["POST"]),
]
