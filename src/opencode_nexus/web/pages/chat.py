# SPDX-License-Identifier: MIT
"""The chat: a server's list of chats, one conversation, and the composer. Writing is in `chat_forms`."""

import asyncio
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import ServerNotRunning
from opencode_nexus.core.errors import NotFound
from opencode_nexus.opencode.api import cursor_before
from opencode_nexus.opencode.state import Message, SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.whole import whole
from opencode_nexus.render.conversation import WINDOW, older_page
from opencode_nexus.render.highlight import Highlighter
from opencode_nexus.web.chat_choices import choices
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import chat_forms
from opencode_nexus.web.pages.chat_forms import CHOSEN, SAID

ALL_PAGE = 100  # chats on a page of all


class PartNotFound(NotFound):
    """The message or the part is not there."""

    code = "part-not-found"
    title = "There is no such part of a message."
    hint = "Go back to the chat and open it again."


def links_of(request: Request) -> Links:
    """Return the addresses of the session that the request names."""
    base = request.scope.get("root_path", "")
    return Links(base, request.path_params["server"], request.path_params.get("session", ""))


async def first(request: Request) -> Response:
    """GET /chat: on to the first server that runs, or to what to do without one."""
    hub: Hub = request.state.hub
    servers = hub.fleet.list()
    running = [server for server in servers if server.state == "running"]
    if len(servers) == 1 or running:
        chosen = (running or list(servers))[0]
        return RedirectResponse(f"{request.scope.get('root_path', '')}/chat/{chosen.id}", 303)
    return hub.pages.response(request, "chat_none.html", server=None, servers=servers)


async def newest(request: Request) -> Response:
    """GET /chat/{server}: on to its newest chat, or to the form that makes the first one."""
    hub: Hub = request.state.hub
    links = links_of(request)
    server = hub.fleet.get(links.server_id)
    if server.state != "running":
        return off(request, links)
    sessions = [item for item in await hub.chat.sessions(server.id) if item.parent_id is None]
    said = request.query_params.get("said", "")
    if not sessions:  # a GET makes none: any link or picture on another site can cause one
        return hub.pages.response(request, "chat_none.html", server=server, links=links, none=True, said=SAID.get(said))
    newest_id = max(sessions, key=lambda item: item.updated).id
    return RedirectResponse(links.of(newest_id) + (f"?said={said}" if said in SAID else ""), 303)


async def new(request: Request) -> Response:
    """GET /chat/{server}/new: the form for a new chat, with the folders that the agent may work in."""
    hub: Hub = request.state.hub
    links = links_of(request)
    server = hub.fleet.get(links.server_id)
    if server.state != "running":
        return off(request, links)
    return hub.pages.response(request, "chat_none.html", server=server, links=links, none=False, said="")


async def every(request: Request) -> Response:
    """GET /chat/{server}/all: every chat, a page at a time; `before` is where the page begins."""
    hub: Hub = request.state.hub
    links = links_of(request)
    server = hub.fleet.get(links.server_id)
    try:
        found, more = await hub.chat.session_page(server.id, ALL_PAGE, request.query_params.get("before"))
    except ServerNotRunning:
        return off(request, links)
    chats = [item for item in found if item.parent_id is None]
    return hub.pages.response(request, "chat_all.html", server=server, links=links, chats=chats, more=more)


def off(request: Request, links: Links) -> Response:
    """Return the page that stands for a chat whose server does not run."""
    hub: Hub = request.state.hub
    server = hub.fleet.get(links.server_id)
    back = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    # on its way up: look again by itself, with and without script; nothing is typed here that could be lost
    coming = server.state in ("starting", "stopping") or server.retry_at is not None
    headers = {"Refresh": "2"} if coming else None
    return hub.pages.response(request, "chat_off.html", headers=headers, server=server, back=back, coming=coming)


async def show(request: Request) -> Response:
    """GET /chat/{server}/{session}: the conversation, or with `before` what was said before a message."""
    hub: Hub = request.state.hub
    links = links_of(request)
    hub.fleet.get(links.server_id)
    try:
        if "before" in request.query_params:
            return await _older(request, links)
        return await page(request, links)
    except ServerNotRunning:
        return off(request, links)


async def page(
    request: Request,
    links: Links,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    text: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    """Return the page of a conversation.

    When a form could not be taken: `errors` by form ("" the composer, "key", "compatible"), `text` the message,
    `typed` what else was chosen and filled in, without secrets.
    """
    hub: Hub = request.state.hub
    topic = f"chat:{links.server_id}:{links.session_id}"
    channel = await hub.live.open(topic)
    state = (await hub.chat.conversation(links.server_id, links.session_id)).state
    offered = await choices(hub, links.server_id, state.directory)
    cursor, region = channel.snapshot()
    model, agent = _last_used(state)
    typed = typed or {}
    agent = typed.get("agent") or agent
    wanted = (typed.get("model"), model, offered.default, hub.stored.get(CHOSEN))
    known = {choice.id for choice in offered.models}
    # nobody's words go to a third party because its models are the only ones there: that is chosen by hand
    unasked = next((choice.id for choice in offered.models if not choice.keyless), "")
    model = next((name for name in wanted if name in known), unasked) or ""
    return hub.pages.response(
        request,
        "chat.html",
        status,
        topic=topic,
        cursor=cursor,
        region=Markup(region),
        links=links,
        title=state.title or "New chat",
        groups=_groups(offered.models),
        model=model,
        practice=any(choice.practice for choice in offered.models),
        keyless=next((choice for choice in offered.models if choice.keyless), None),
        agents=offered.agents,
        agent=agent or "build",
        errors=errors or {},
        text=text,
        typed=typed,
        said=SAID.get(request.query_params.get("said", "")),
    )


def _groups(models: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the models by the name of their provider."""
    groups: dict[str, list[Any]] = {}
    for choice in models:
        groups.setdefault(choice.provider_name, []).append(choice)
    return groups


def _last_used(state: SessionState) -> tuple[str, str]:
    """Return the (model, agent) of the newest message that names them, empty for none."""
    for message in reversed(state.messages.values()):
        model = message.info.get("model")
        found = model if isinstance(model, dict) else message.info
        if found.get("providerID") and found.get("modelID"):
            return f"{found['providerID']}/{found['modelID']}", str(message.info.get("agent") or "")
    return "", ""


def _stamp(text: str) -> int | None:
    """Return the epoch milliseconds in `text`; None when it is no such number (int itself takes more, and less)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


async def _older(request: Request, links: Links) -> Response:
    hub: Hub = request.state.hub
    query = request.query_params
    cursor = cursor_before(query["before"], _stamp(query.get("at", "")) or 0)
    conversation = await hub.chat.conversation(links.server_id, links.session_id)
    messages, more = await hub.chat.messages(links.server_id, links.session_id, WINDOW, cursor)

    def make() -> str:
        return older_page(conversation.state, messages, links, more=more is not None, colours=Highlighter())

    html = await asyncio.to_thread(make)  # a page full of code takes tens of milliseconds to colour
    if request.headers.get("x-nexus") == "part":
        return hub.pages.packed(request, html)
    title = conversation.state.title or "New chat"
    return hub.pages.response(request, "chat_older.html", links=links, title=title, log=Markup(html))


async def part(request: Request) -> Response:
    """GET /chat/{server}/{session}/part/{message}/{part}: one part whole, however long."""
    hub: Hub = request.state.hub
    links = links_of(request)
    conversation = await hub.chat.conversation(links.server_id, links.session_id)
    message = conversation.state.messages.get(request.path_params["message"])
    if message is None:
        message = await _fetch(hub, links, request.path_params["message"], request.query_params.get("at", ""))
    found = message.parts.get(request.path_params["part"]) if message is not None else None
    if found is None:
        raise PartNotFound()

    def make() -> Response:  # megabytes are coloured, written and packed
        return hub.pages.response(request, "chat_part.html", links=links, part=found, body=whole(found))

    return await asyncio.to_thread(make)


async def _fetch(hub: Hub, links: Links, message_id: str, stamp: str) -> Message | None:
    """Return a message that is no longer in the window: the newest one before the millisecond after it."""
    at = _stamp(stamp)
    if at is None:
        return None
    cursor = cursor_before(message_id + "~", at)
    messages, _ = await hub.chat.messages(links.server_id, links.session_id, 1, cursor)
    return next((item for item in messages if item.id == message_id), None)


async def edit(request: Request) -> Response:
    """GET /chat/{server}/{session}/edit: rename or delete."""
    hub: Hub = request.state.hub
    links = links_of(request)
    conversation = await hub.chat.conversation(links.server_id, links.session_id)
    return hub.pages.response(request, "chat_edit.html", links=links, title=conversation.state.title, errors={})


async def ask_delete(request: Request) -> Response:
    """GET /chat/{server}/{session}/delete: asks before the deletion, where no script can."""
    hub: Hub = request.state.hub
    links = links_of(request)
    conversation = await hub.chat.conversation(links.server_id, links.session_id)
    return hub.pages.response(request, "chat_delete.html", links=links, title=conversation.state.title)


_SESSION = "/chat/{server}/{session}"

routes: list[BaseRoute] = [
    Route("/chat", first, methods=["GET"]),
    Route("/chat/{server}", newest, methods=["GET"]),
    Route("/chat/{server}/new", new, methods=["GET"]),
    Route("/chat/{server}/all", every, methods=["GET"]),
    *chat_forms.of_server,
    Route(_SESSION, show, methods=["GET"]),
    Route(_SESSION + "/edit", edit, methods=["GET"]),
    Route(_SESSION + "/delete", ask_delete, methods=["GET"]),
    Route(_SESSION + "/part/{message}/{part}", part, methods=["GET"]),
    *chat_forms.of_session,
]
