# SPDX-License-Identifier: MIT
"""What is done with a chat as a whole: the pages that say what will happen, and the forms that do it.

Each form works without script (303) and for wire.js (204, or JSON with what to say or where to go).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.composing.continuing import go_on
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.composing import user_of
from opencode_nexus.web.context import Hub


def links_of(request: Request) -> Links:
    """Return the addresses of the session that the request names; raises what `fleet.get` raises for its server."""
    hub: Hub = request.state.hub
    server_id = request.path_params["server"]
    hub.fleet.get(server_id)
    return Links(request.scope.get("root_path", ""), server_id, request.path_params.get("session", ""))


def live(request: Request) -> bool:
    """Whether wire.js sent the form."""
    return request.headers.get("x-nexus") == "live"


def done(request: Request, address: str) -> Response:
    """Nothing more to say: the live page shows the rest itself, another is sent back to `address`."""
    return Response(status_code=204) if live(request) else RedirectResponse(address, 303)


def went(request: Request, address: str) -> Response:
    """On to another page."""
    return JSONResponse({"go": address}) if live(request) else RedirectResponse(address, 303)


async def title_of(hub: Hub, links: Links) -> str:
    """Return a session's title; raises SessionNotFound or ServerNotRunning."""
    return (await hub.chat.session(links.server_id, links.session_id)).title or "New chat"


async def mark(request: Request) -> Response:
    """POST /chat/{server}/{session}/pin, /unpin, /archive or /unarchive"""
    hub: Hub = request.state.hub
    links, what = links_of(request), request.scope["path"].rpartition("/")[2]
    if what in ("pin", "unpin"):
        await hub.actions.pin(links.server_id, links.session_id, pinned=what == "pin")
    else:
        await hub.actions.archive(links.server_id, links.session_id, archived=what == "archive")
    return done(request, links.session)


async def delete(request: Request) -> Response:
    """POST /chat/{server}/{session}/delete: hides it at once; it goes for good in ten minutes."""
    hub: Hub = request.state.hub
    links = links_of(request)
    await hub.actions.delete(links.server_id, links.session_id)
    others = any(one.parent_id is None and one.archived is None for one in await hub.chat.sessions(links.server_id))
    return went(request, links.server if others else links.server + "/deleted")  # both offer to take it back


async def undelete(request: Request) -> Response:
    """POST /chat/{server}/{session}/undelete: takes a deletion back."""
    hub: Hub = request.state.hub
    links = links_of(request)
    await hub.actions.undelete(links.server_id, links.session_id)
    return went(request, links.session)


async def drop_notice(request: Request) -> Response:
    """POST /chat/{server}/{session}/notice: it was read."""
    hub: Hub = request.state.hub
    links = links_of(request)
    hub.actions.notices.drop(links.server_id, links.session_id)
    return done(request, links.session)


async def abort(request: Request) -> Response:
    """POST /chat/{server}/{session}/abort: the chat tells all who look what that did."""
    hub: Hub = request.state.hub
    links = links_of(request)
    stopped = await hub.actions.stop(links.server_id, links.session_id)
    return JSONResponse({"say": stopped.words}) if live(request) else RedirectResponse(links.session, 303)


async def go_on_with(request: Request) -> Response:
    """POST /chat/{server}/{session}/continue: a turn that was cut off goes on; `back` is where the form stands."""
    hub: Hub = request.state.hub
    links = links_of(request)
    back = own_path(str((await request.form()).get("back", "")), "")
    await go_on(hub.chat, hub.composer, user_of(request), links.server_id, links.session_id)
    return done(request, hub.settings.base_path + back if back else links.session)


async def fork_page(request: Request) -> Response:
    """GET /chat/{server}/{session}/fork"""
    hub: Hub = request.state.hub
    links = links_of(request)
    return hub.pages.response(request, "chat_fork.html", links=links, title=await title_of(hub, links))


async def fork(request: Request) -> Response:
    """POST /chat/{server}/{session}/fork: all of it."""
    hub: Hub = request.state.hub
    links = links_of(request)
    made = await hub.actions.fork(links.server_id, links.session_id)
    return went(request, links.of(made.id))


async def compact_page(request: Request) -> Response:
    """GET /chat/{server}/{session}/compact"""
    hub: Hub = request.state.hub
    links = links_of(request)
    return hub.pages.response(request, "chat_compact.html", links=links, title=await title_of(hub, links))


async def compact(request: Request) -> Response:
    """POST /chat/{server}/{session}/compact: goes on behind the scenes, and the chat tells how."""
    hub: Hub = request.state.hub
    links = links_of(request)
    await hub.actions.compact(links.server_id, links.session_id)
    return went(request, links.session)


async def restore_page(request: Request) -> Response:
    """GET /chat/{server}/{session}/restore: what comes back."""
    hub: Hub = request.state.hub
    links = links_of(request)
    messages, files = await hub.actions.restoring(links.server_id, links.session_id)
    values: dict[str, Any] = {"links": links, "title": await title_of(hub, links), "messages": messages, "files": files}
    return hub.pages.response(request, "chat_restore.html", **values)


async def restore(request: Request) -> Response:
    """POST /chat/{server}/{session}/restore"""
    hub: Hub = request.state.hub
    links = links_of(request)
    await hub.actions.restore(links.server_id, links.session_id)
    return went(request, links.session)


async def agents(request: Request) -> Response:
    """GET /chat/{server}/{session}/agents: the sub-agents of a chat, and whom it works for."""
    hub: Hub = request.state.hub
    links = links_of(request)
    family = await hub.actions.family(links.server_id, links.session_id)
    title = await title_of(hub, links)
    return hub.pages.response(request, "chat_agents.html", links=links, title=title, family=family)


async def archived(request: Request) -> Response:
    """GET /chat/{server}/archived"""
    hub: Hub = request.state.hub
    links = links_of(request)
    found = [one for one in await hub.chat.sessions(links.server_id) if one.archived is not None]
    found.sort(key=lambda one: -(one.archived or 0.0))
    server = hub.fleet.get(links.server_id)
    return hub.pages.response(request, "chat_archived.html", links=links, server=server, chats=found)


async def deleted(request: Request) -> Response:
    """GET /chat/{server}/deleted: what can be brought back."""
    hub: Hub = request.state.hub
    links = links_of(request)
    server, entries = hub.fleet.get(links.server_id), hub.actions.trash.of(links.server_id)
    return hub.pages.response(request, "chat_deleted.html", links=links, server=server, entries=entries)


_SESSION = "/chat/{server}/{session}"

routes: list[BaseRoute] = [
    Route("/chat/{server}/archived", archived, methods=["GET"]),
    Route("/chat/{server}/deleted", deleted, methods=["GET"]),
    *(Route(f"{_SESSION}/{what}", mark, methods=["POST"]) for what in ("pin", "unpin", "archive", "unarchive")),
    Route(_SESSION + "/delete", delete, methods=["POST"]),
    Route(_SESSION + "/undelete", undelete, methods=["POST"]),
    Route(_SESSION + "/notice", drop_notice, methods=["POST"]),
    Route(_SESSION + "/abort", abort, methods=["POST"]),
    Route(_SESSION + "/continue", go_on_with, methods=["POST"]),
    Route(_SESSION + "/fork", fork_page, methods=["GET"]),
    Route(_SESSION + "/fork", fork, methods=["POST"]),
    Route(_SESSION + "/compact", compact_page, methods=["GET"]),
    Route(_SESSION + "/compact", compact, methods=["POST"]),
    Route(_SESSION + "/restore", restore_page, methods=["GET"]),
    Route(_SESSION + "/restore", restore, methods=["POST"]),
    Route(_SESSION + "/agents", agents, methods=["GET"]),
]
