# SPDX-License-Identifier: MIT
"""What is done with one message: its menu, its page without script, undo and fork from it."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import MessageNotFound
from opencode_nexus.opencode.api import cursor_before
from opencode_nexus.opencode.state import Message
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import created_ms
from opencode_nexus.web.composing import user_of
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.chat_actions import links_of, title_of, went


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as its menu and its page show it; `place` is its address in the chat, from the root of the site."""

    id: str
    role: str
    at: float
    text: str
    address: str
    place: str


async def _shown(request: Request, hub: Hub, links: Links) -> Shown:
    message_id, stamp = request.path_params["message"], request.query_params.get("at", "")
    item = (await hub.chat.conversation(links.server_id, links.session_id)).state.messages.get(message_id)
    if item is None and stamp.isascii() and stamp.isdigit() and len(stamp) < 16:
        cursor = cursor_before(message_id + "~", int(stamp))
        found, _ = await hub.chat.messages(links.server_id, links.session_id, 1, cursor)
        item = next((one for one in found if one.id == message_id), None)
    if item is None:
        raise MessageNotFound(f"Asked for: {message_id[:80]!r}.")
    address = f"{links.session}/message/{item.id}"
    return Shown(item.id, item.role, item.created, _text(item), address, links.message(item.id, created_ms(item)))


def _text(item: Message) -> str:
    parts = [part for part in item.parts.values() if part.kind == "text" and not part.data.get("synthetic")]
    return "\n\n".join(part.text for part in parts if part.text)


async def message(request: Request) -> Response:
    """GET /chat/{server}/{session}/message/{message}: its page, or for actions.js the inside of its menu."""
    hub: Hub = request.state.hub
    links = links_of(request)
    shown = await _shown(request, hub, links)
    if request.headers.get("x-nexus") == "part":
        return hub.pages.response(request, "chat_message_menu.html", links=links, message=shown)
    title = await title_of(hub, links)
    return hub.pages.response(request, "chat_message.html", links=links, title=title, message=shown)


async def revert_page(request: Request) -> Response:
    """GET /chat/{server}/{session}/message/{message}/revert: what will change; `edit`: the text is written anew."""
    hub: Hub = request.state.hub
    links = links_of(request)
    message_id = request.path_params["message"]
    what = await hub.actions.undoing(links.server_id, links.session_id, message_id)
    values: dict[str, Any] = {
        "links": links,
        "title": await title_of(hub, links),
        "what": what,
        "busy": hub.chat.status(links.session_id).kind != "idle",
        "edit": "edit" in request.query_params,
        "address": f"{links.session}/message/{what.message_id}/revert",
    }
    return hub.pages.response(request, "chat_revert.html", **values)


async def revert(request: Request) -> Response:
    """POST /chat/{server}/{session}/message/{message}/revert: undoes it and all after it; `edit`: its text comes back
    into the composer, before what was begun there.
    """
    hub: Hub = request.state.hub
    links = links_of(request)
    edit = bool((await request.form()).get("edit"))
    what = await hub.actions.revert(links.server_id, links.session_id, request.path_params["message"])
    if edit:
        user, drafts = user_of(request), hub.composer.drafts
        begun = drafts.get(user, links.session_id)
        text = "\n\n".join(filter(None, (what.text, begun.text)))
        await drafts.save(user, links.session_id, text, begun.version)
    return went(request, links.session)


async def fork(request: Request) -> Response:
    """POST /chat/{server}/{session}/message/{message}/fork: a copy up to this message, with it."""
    hub: Hub = request.state.hub
    links = links_of(request)
    made = await hub.actions.fork(links.server_id, links.session_id, request.path_params["message"])
    return went(request, links.of(made.id))


async def stop_first(request: Request) -> Response:
    """POST /chat/{server}/{session}/message/{message}/stop: stops the chat, then back to what an undo would change."""
    hub: Hub = request.state.hub
    links = links_of(request)
    await hub.actions.stop(links.server_id, links.session_id)
    return RedirectResponse(f"{links.session}/message/{request.path_params['message']}/revert", 303)


_MESSAGE = "/chat/{server}/{session}/message/{message}"

routes: list[BaseRoute] = [
    Route(_MESSAGE, message, methods=["GET"]),
    Route(_MESSAGE + "/revert", revert_page, methods=["GET"]),
    Route(_MESSAGE + "/revert", revert, methods=["POST"]),
    Route(_MESSAGE + "/fork", fork, methods=["POST"]),
    Route(_MESSAGE + "/stop", stop_first, methods=["POST"]),
]
