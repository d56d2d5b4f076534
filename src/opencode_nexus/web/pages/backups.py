# SPDX-License-Identifier: MIT
"""The backups page: made now, listed, taken away as a file, removed, and the passphrase of those by the clock."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError
from opencode_nexus.observe.backup.sealed import SHORTEST
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import remote_password

SAID = {
    "made": "The backup is made.",
    "removed": "The backup is removed.",
    "passphrase": "Backups to come are sealed with the passphrase.",
    "no-passphrase": "Backups to come are not sealed.",
}


async def show(request: Request) -> Response:
    """GET /settings/backups"""
    return await _page(request)


async def _page(request: Request, error: NexusError | None = None, field: str = "", status: int = 200) -> Response:
    hub: Hub = request.state.hub
    words = "" if error is None else " ".join(part for part in (error.title, error.detail, error.hint) if part)
    return hub.pages.response(
        request,
        "backups.html",
        status if error is None else error.status,
        backups=await hub.backups.list(),
        folder=hub.backups.folder,
        settings=hub.settings,
        sealed=await hub.backups.has_passphrase(),
        problem=hub.backups.problem,
        asks=remote_password.asks(request),
        shortest=SHORTEST,
        errors={field: words} if words else {},
        said=SAID.get(request.query_params.get("said", ""), "") if error is None else "",
    )


def _back(request: Request, said: str) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/settings/backups?said={said}", 303)


async def make(request: Request) -> Response:
    """POST /settings/backups: `passphrase` (empty: the one that is kept, if any), `sessions`."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        passphrase, sessions = str(form.get("passphrase", "")), bool(form.get("sessions"))
    try:
        await hub.backups.make(passphrase or None, sessions=sessions)
    except NexusError as error:
        return await _page(request, error, "passphrase" if error.code == "passphrase-weak" else "")
    return _back(request, "made")


async def keep_passphrase(request: Request) -> Response:
    """POST /settings/backups/passphrase: `kept`, and `password` when it was given too long ago."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        kept = str(form.get("kept", ""))
        if error := await remote_password.refusal(request, form):
            return await _page(request, error, "password")
    try:
        await hub.backups.keep_passphrase(kept)
    except NexusError as error:
        return await _page(request, error, "kept")
    return _back(request, "passphrase" if kept else "no-passphrase")


async def ask(request: Request) -> Response:
    """GET /settings/backups/{name}: take it away as a file, or remove it."""
    return await _one(request)


async def _one(request: Request, error: NexusError | None = None) -> Response:
    hub: Hub = request.state.hub
    name = request.path_params["name"]
    hub.backups.path(name)
    found = next((one for one in await hub.backups.list() if one.name == name), None)
    errors = {} if error is None else {"password": f"{error.title} {error.detail}".strip()}
    values = {"name": name, "found": found, "asks": remote_password.asks(request), "errors": errors}
    return hub.pages.response(request, "backup.html", 200 if error is None else error.status, **values)


async def download(request: Request) -> Response:
    """POST /settings/backups/{name}/download: the file; it holds all accounts, so it asks who is there."""
    hub: Hub = request.state.hub
    form: FormData
    async with request.form() as form:
        if error := await remote_password.refusal(request, form):
            return await _one(request, error)
    path = hub.backups.path(request.path_params["name"])
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


async def remove(request: Request) -> Response:
    """POST /settings/backups/{name}/remove"""
    hub: Hub = request.state.hub
    await hub.backups.remove(request.path_params["name"])
    return _back(request, "removed")


routes: list[BaseRoute] = [
    Route("/settings/backups", show, methods=["GET"]),
    Route("/settings/backups", make, methods=["POST"]),
    Route("/settings/backups/passphrase", keep_passphrase, methods=["POST"]),
    Route("/settings/backups/{name}", ask, methods=["GET"]),
    Route("/settings/backups/{name}/download", download, methods=["POST"]),
    Route("/settings/backups/{name}/remove", remove, methods=["POST"]),
]
