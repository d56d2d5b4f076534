# SPDX-License-Identifier: MIT
"""/servers/{id}/disk: what a server's OpenCode keeps, what of it may go, and the form that deletes it."""

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError
from opencode_nexus.observe.disk_errors import CleanFailed
from opencode_nexus.web.context import Hub

PATIENCE = 5.0  # seconds that a page waits: OpenCode may keep millions of files
KIND_WORDS = {
    "database": "Database: every conversation",
    "snapshots": "Snapshots, for undoing what agents changed",
    "outputs": "Full outputs of commands",
    "logs": "Logs",
    "cache": "Downloads",
    "other": "All else",
}


async def show(request: Request) -> Response:
    """GET /servers/{id}/disk"""
    return await _page(request)


async def _page(request: Request, chosen: list[str] | None = None, error: NexusError | None = None) -> Response:
    hub: Hub = request.state.hub
    server = hub.fleet.get(request.path_params["id"])
    freed = request.query_params.get("freed", "")
    use, items = hub.disk.of(server.id), None
    try:
        async with asyncio.timeout(PATIENCE):
            use = await hub.disk.look(server.id)
            items = await hub.disk.offered(server.id)
    except TimeoutError:
        pass  # it goes on, and the page says so
    return hub.pages.response(
        request, "disk.html", status=200 if error is None else error.status,
        server=server, use=use, kinds=KIND_WORDS, items=items,
        users=hub.disk.users(server.id), sharing=hub.disk.sharing(server.id), chosen=chosen or [],
        freed=int(freed) if freed.isdecimal() and len(freed) < 16 else None,
        errors={} if error is None else {"": f"{error} {error.hint}"},
    )  # fmt: skip


async def clean(request: Request) -> Response:
    """POST /servers/{id}/disk"""
    hub: Hub = request.state.hub
    server_id = request.path_params["id"]
    hub.fleet.get(server_id)
    ids = [str(value) for value in (await request.form()).getlist("item")]
    try:
        gone = await hub.disk.clean(server_id, ids)
    except NexusError as error:
        if error.status >= 500 and not isinstance(error, CleanFailed):
            raise
        return await _page(request, ids, error)
    freed = sum(item.bytes for item in gone)
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server_id}/disk?freed={freed}", 303)


routes: list[BaseRoute] = [
    Route("/servers/{id}/disk", show, methods=["GET"]),
    Route("/servers/{id}/disk", clean, methods=["POST"]),
]
