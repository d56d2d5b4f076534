# SPDX-License-Identifier: MIT
"""The timeline: what happened on servers, tunnels and accounts, live, filtered, and page by page."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.kinds import GROUPS
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.events_view import (
    PAGE,
    EventsUnusable,
    LineNodes,
    Wanted,
    cursor_of,
    find,
    region,
    wanted_of,
)


async def show(request: Request) -> Response:
    """GET /events: `q`, `level`, `kind` (a group of them), `server` or tunnel; `before` what an older page ends at."""
    hub: Hub = request.state.hub
    given = request.query_params
    before, wanted = given.get("before") or None, Wanted()
    values: dict[str, Any] = {"topic": "", "cursor": "", "region": "", "problem": ""}
    status = 200
    try:
        wanted = wanted_of(list(given.items()))
        if before is None:
            channel = await hub.live.open(wanted.topic)
            values["topic"] = wanted.topic
            values["cursor"], values["region"] = channel.snapshot()
        else:
            found, following = find(hub, wanted, PAGE, cursor_of(before))
            values["region"] = region(hub, wanted, [*map(LineNodes(hub).node, found)], following).html()
    except EventsUnusable as error:
        status, values["problem"] = error.status, f"{error.title} {error.detail} {error.hint}"
    about = [(server.id, server.name) for server in hub.fleet.list()]
    about += [(tunnel.id, f"Tunnel {tunnel.config.name}") for tunnel in hub.tunnels.list()]
    return hub.pages.response(
        request, "events.html", status, asked=wanted, older=before is not None, groups=list(GROUPS.items()),
        servers=about, **values,
    )  # fmt: skip


routes: list[BaseRoute] = [Route("/events", show, methods=["GET"])]
