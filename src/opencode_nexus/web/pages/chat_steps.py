# SPDX-License-Identifier: MIT
"""From one chat to the next one of its server's list, or the one before it."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.render.components.chats import in_order
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.chat import links_of

STEPS = {"next": 1, "previous": -1}


async def step(request: Request) -> Response:
    """GET /chat/{server}/{session}/next or /previous: on to that chat; at the end of the list, back to this one."""
    hub: Hub = request.state.hub
    links = links_of(request)
    listed = in_order(await hub.chat.sessions(links.server_id), hub.actions.marked.pinned, links.session_id)
    ids = [item.id for item in listed]
    place = ids.index(links.session_id) if links.session_id in ids else -1
    wanted = place + STEPS[request.url.path.rpartition("/")[2]]
    found = ids[wanted] if place >= 0 and 0 <= wanted < len(ids) else links.session_id
    return RedirectResponse(links.of(found), 303)


routes: list[BaseRoute] = [Route(f"/chat/{{server}}/{{session}}/{name}", step, methods=["GET"]) for name in STEPS]
