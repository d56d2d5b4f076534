# SPDX-License-Identifier: MIT
"""/servers/{id}/resources: what a server takes, now and before, and of what its tree consists."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NotFound
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.resources_view import NOW, PERIODS, resources

PIECES = ("figures", "about", "members")


class ResourcesSource(Pieces):
    """Feeds the topic `resources:<id>` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub, server_id: str) -> None:
        macros = {name: hub.pages.macro("resources_parts.html", name) for name in (*PIECES, "region")}
        base = hub.settings.base_path

        def url(path: str) -> str:
            return base + path

        def make() -> Html:
            try:
                view = resources(hub, server_id)
            except NotFound:  # removed while the page was open
                return {}
            return {f"res-{name}": macros[name](view, url) for name in PIECES}

        super().__init__(hub.bus, ("server", "usage", "limit"), make, macros["region"], hub.usage.watch)


async def show(request: Request) -> Response:
    """GET /servers/{id}/resources"""
    hub: Hub = request.state.hub
    period = PERIODS.get(request.query_params.get("period", ""), NOW)
    server = hub.fleet.get(request.path_params["id"])
    if period is not NOW:  # what is long past does not change while one looks
        view = resources(hub, server.id, period)
        return hub.pages.response(request, "resources.html", server=server, periods=PERIODS, view=view, period=period)
    topic = f"resources:{server.id}"
    channel = await hub.live.open(topic)
    cursor, region = channel.snapshot()
    return hub.pages.response(
        request, "resources.html", server=server, periods=PERIODS, view=None, period=period,
        topic=topic, cursor=cursor, region=region,
    )  # fmt: skip


routes: list[BaseRoute] = [Route("/servers/{id}/resources", show, methods=["GET"])]
