# SPDX-License-Identifier: MIT
"""What can be done with a message that OpenCode did not take."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.render.components.links import Links
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.answers import ReplyUnknown


async def sent(request: Request) -> Response:
    """POST /chat/{server}/{session}/sent/{id}: `do`, again or drop. 303 back to the chat, 204 for wire.js."""
    hub: Hub = request.state.hub
    links = Links(request.scope.get("root_path", ""), request.path_params["server"], request.path_params["session"])
    hub.fleet.get(links.server_id)
    message_id = request.path_params["id"]
    match (await request.form()).get("do"):
        case "again":
            await hub.chat.send_again(links.server_id, links.session_id, message_id)
        case "drop":
            hub.chat.outbox.drop(links.session_id, message_id)
        case other:
            raise ReplyUnknown(f"It was {str(other)[:40]!r}.")
    if request.headers.get("x-nexus") == "live":
        return Response(status_code=204)
    return RedirectResponse(links.session, 303)


routes: list[BaseRoute] = [Route("/chat/{server}/{session}/sent/{id}", sent, methods=["POST"])]
