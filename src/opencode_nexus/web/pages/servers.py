# SPDX-License-Identifier: MIT
"""A server's own page, and the forms that start, stop and restart it and give it projects."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError, NotFound
from opencode_nexus.fleet.errors import StartFailed
from opencode_nexus.fleet.state import When
from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import server_folders, server_form, server_list
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.resources_view import resources
from opencode_nexus.web.pages.server_card import server_card

LINES = 200  # of output shown on the page
PIECES = ("now", "projects", "wanted")


class ServerSource(Pieces):
    """Feeds the topic `server:<id>` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub, server_id: str) -> None:
        macros = {name: hub.pages.macro("server_page_parts.html", name) for name in (*PIECES, "cut", "region")}
        brief = hub.pages.macro("resources_parts.html", "brief")
        base = hub.settings.base_path

        def url(path: str) -> str:
            return base + path

        def make() -> Html:
            try:
                card = server_card(hub, hub.fleet.get(server_id))
            except NotFound:  # removed while the page was open
                return {}
            others = [(other.id, other.name) for other in hub.fleet.list() if other.id != server_id]
            pieces = {f"srv-{name}": macros[name](card, url, others) for name in PIECES}
            cut = [(row.session_id, row.title, row.at, row.detail) for row in hub.turns.interrupted(server_id)]
            pieces["srv-cut"] = macros["cut"](card, url, cut)
            return pieces | {"srv-resources": brief(resources(hub, server_id), url)}

        super().__init__(hub.bus, ("server", "session", "usage", "inbox"), make, macros["region"], hub.usage.watch)


async def show(request: Request) -> Response:
    """GET /servers/{id}"""
    return await _page(request)


async def _page(request: Request, folder: str = "", error: NexusError | None = None) -> Response:
    hub: Hub = request.state.hub
    server = hub.fleet.get(request.path_params["id"])
    topic = f"server:{server.id}"
    channel = await hub.live.open(topic)
    cursor, region = channel.snapshot()
    return hub.pages.response(
        request,
        "server.html",
        status=200 if error is None else error.status,
        server=server,
        topic=topic,
        cursor=cursor,
        region=region,
        log=await hub.fleet.logs(server.id, LINES),
        folder=folder,
        errors={} if error is None else {"folder": f"{error.detail or error.title} {error.hint}"},
    )


async def ask_stop(request: Request) -> Response:
    """GET /servers/{id}/stop: asks before the stop, where no script can."""
    hub: Hub = request.state.hub
    card = server_card(hub, hub.fleet.get(request.path_params["id"]))
    back = own_path(request.query_params.get("back", ""), f"/servers/{card.server.id}")
    return hub.pages.response(request, "server_stop.html", card=card, back=back)


async def start(request: Request) -> Response:
    """POST /servers/{id}/start"""
    hub, back = request.state.hub, await _back(request)
    try:
        await hub.fleet.start(request.path_params["id"])
    except StartFailed:
        pass  # the card says why, with its last lines
    return back


async def stop(request: Request) -> Response:
    """POST /servers/{id}/stop"""
    hub, back = request.state.hub, await _back(request)
    await hub.fleet.stop(request.path_params["id"])
    return back


async def restart(request: Request) -> Response:
    """POST /servers/{id}/restart: with "idle" it waits for agents that work, which the page shows."""
    hub, back = request.state.hub, await _back(request)
    when: When = "idle" if (await request.form()).get("when") == "idle" else "now"
    try:
        await hub.fleet.restart(request.path_params["id"], when=when)
    except StartFailed:
        pass  # as in start
    return back


async def ask_restart(request: Request) -> Response:
    """GET /servers/{id}/restart: asks whether to wait for the agents that work."""
    hub: Hub = request.state.hub
    card = server_card(hub, hub.fleet.get(request.path_params["id"]))
    back = own_path(request.query_params.get("back", ""), f"/servers/{card.server.id}")
    return hub.pages.response(request, "server_restart.html", card=card, back=back)


async def keep_running(request: Request) -> Response:
    """POST /servers/{id}/keep-running: takes back a restart that waits."""
    hub, back = request.state.hub, await _back(request)
    hub.fleet.keep_running(request.path_params["id"])
    return back


async def add_project(request: Request) -> Response:
    """POST /servers/{id}/projects"""
    hub: Hub = request.state.hub
    server_id = request.path_params["id"]
    folder = str((await request.form()).get("folder", "")).strip()
    try:
        await hub.fleet.add_project(server_id, folder)
    except NexusError as error:
        if error.status >= 500:
            raise
        return await _page(request, folder, error)
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server_id}", 303)


async def _back(request: Request) -> Response:
    # made before the work, which takes seconds: a page that is closed meanwhile takes its form with it
    hub: Hub = request.state.hub
    back = own_path(str((await request.form()).get("back", "")), f"/servers/{request.path_params['id']}")
    return RedirectResponse(hub.settings.base_path + back, 303)


routes: list[BaseRoute] = [
    *server_list.routes,
    *server_form.routes,
    *server_folders.routes,
    Route("/servers/{id}", show, methods=["GET"]),
    Route("/servers/{id}/stop", ask_stop, methods=["GET"]),
    Route("/servers/{id}/stop", stop, methods=["POST"]),
    Route("/servers/{id}/start", start, methods=["POST"]),
    Route("/servers/{id}/restart", ask_restart, methods=["GET"]),
    Route("/servers/{id}/restart", restart, methods=["POST"]),
    Route("/servers/{id}/keep-running", keep_running, methods=["POST"]),
    Route("/servers/{id}/projects", add_project, methods=["POST"]),
]
