# SPDX-License-Identifier: MIT
"""The first page: a card for each server, what waits for a person, what happened, and how the machine is."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.overview import overview
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.resources_view import lines

TOPIC = "dashboard"
PIECES = ("summary", "waiting", "servers", "running", "machine", "remote", "activity")
TOPICS = ("server", "session", "tunnel", "tunnel-removed", "activity", "usage")


class DashboardSource(Pieces):
    """Feeds the topic `dashboard` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub) -> None:
        macros = {name: hub.pages.macro("dashboard_parts.html", name) for name in (*PIECES, "region")}
        table = hub.pages.macro("resources_parts.html", "table")
        base = hub.settings.base_path

        def url(path: str) -> str:
            return base + path

        def make() -> Html:
            view = overview(hub)
            pieces = {f"dash-{name}": macros[name](view, url) for name in PIECES}
            return pieces | {"dash-resources": table(lines(hub), url)}

        super().__init__(hub.bus, TOPICS, make, macros["region"], hub.usage.watch)


async def show(request: Request) -> Response:
    """GET /"""
    hub: Hub = request.state.hub
    channel = await hub.live.open(TOPIC)
    cursor, region = channel.snapshot()
    return hub.pages.response(request, "dashboard.html", topic=TOPIC, cursor=cursor, region=region)


routes: list[BaseRoute] = [Route("/", show, methods=["GET"])]
