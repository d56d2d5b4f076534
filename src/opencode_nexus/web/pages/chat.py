# SPDX-License-Identifier: MIT
"""The chat: a server's list of chats, one conversation, and the composer. Writing is in `chat_forms`."""

import asyncio
from functools import partial
from typing import Any

from markupsafe import Markup, escape
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import MessageNotFound, ServerNotRunning
from opencode_nexus.chat.neighbours import newer, older, one
from opencode_nexus.core.errors import NotFound
from opencode_nexus.opencode.state import Message
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import created_ms
from opencode_nexus.render.components.whole import patches_of, whole
from opencode_nexus.render.highlight import Highlighter
from opencode_nexus.render.past import AROUND, Past, in_the_past, past_html
from opencode_nexus.web.chat_choices import choices
from opencode_nexus.web.composing import composing
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import chat_forms
from opencode_nexus.web.pages.chat_forms import SAID
from opencode_nexus.web.pages.columns import two_columns

ALL_PAGE = 100  # chats on a page of all


UNDONE = 200  # messages read at once to find the end of what a person has undone
WAYS = ("at_message", "before", "after")  # where a chat may be opened, by a message's id


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
    sessions = [item for item in await hub.chat.sessions(server.id) if item.parent_id is None and not item.archived]
    said = request.query_params.get("said", "")
    if not sessions:  # a GET makes none: any link or picture on another site can cause one
        told: dict[str, Any] = {"none": True, "said": SAID.get(said), "unlisted": hub.chat.unlisted(server.id)}
        return hub.pages.response(request, "chat_none.html", server=server, links=links, **told)
    newest_id = max(sessions, key=lambda item: item.updated).id
    return RedirectResponse(links.of(newest_id) + (f"?said={said}" if said in SAID else ""), 303)


async def new(request: Request) -> Response:
    """GET /chat/{server}/new: the form for a new chat, with the folders that the agent may work in."""
    hub: Hub = request.state.hub
    links = links_of(request)
    server = hub.fleet.get(links.server_id)
    if server.state != "running":
        return off(request, links)
    told: dict[str, Any] = {"none": False, "said": "", "unlisted": {}}
    return hub.pages.response(request, "chat_none.html", server=server, links=links, **told)


async def every(request: Request) -> Response:
    """GET /chat/{server}/all: every chat, a page at a time; `before` is where the page begins."""
    hub: Hub = request.state.hub
    links = links_of(request)
    server = hub.fleet.get(links.server_id)
    try:
        found, more = await hub.chat.session_page(server.id, ALL_PAGE, request.query_params.get("before"))
    except ServerNotRunning:
        return off(request, links)
    chats = [item for item in found if item.parent_id is None and not item.archived]
    told: dict[str, Any] = {"chats": chats, "more": more, "unlisted": hub.chat.unlisted(server.id)}
    return hub.pages.response(request, "chat_all.html", server=server, links=links, **told)


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
    """GET /chat/{server}/{session}: the conversation's newest, or with `at_message`, `before` or `after` its past.

    A page that puts pieces together itself asks for one alone, with the header X-Nexus: part.
    """
    hub: Hub = request.state.hub
    links = links_of(request)
    hub.fleet.get(links.server_id)
    try:
        if request.headers.get("x-nexus") == "part":
            past = await _piece(hub, links, request.query_params)
            if past is None:
                raise MessageNotFound
            return hub.pages.packed(request, await _past(hub, links, past))
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
    said = SAID.get(request.query_params.get("said", ""))
    wished = request.query_params.get("at_message", "")
    if not wished or f' id="{escape(wished)}"' not in region:
        past = await _piece(hub, links, request.query_params)
        if past is not None:
            region = in_the_past(region, await _past(hub, links, past))
        elif wished:
            said = MessageNotFound.title
    return hub.pages.response(
        request,
        "chat.html",
        status,
        topic=topic,
        cursor=cursor,
        region=Markup(region),
        links=links,
        title=state.title or "New chat",
        errors=errors or {},
        models_open="models" in request.query_params,
        typed=typed or {},
        said=said,
        **composing(request, links, state, offered, text, typed or {}),
    )


def _stamp(text: str) -> int | None:
    """Return the epoch milliseconds in `text`; None when it is no such number (int itself takes more, and less)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


async def _piece(hub: Hub, links: Links, query: QueryParams) -> Past | None:
    """Return the piece of the past that an address asks for (`before`, `after` or `at_message`, with `at`).

    None: it asks for none, or the message is not there.
    """
    way, message_id = next(((name, query[name]) for name in WAYS if name in query), ("", ""))
    created = _stamp(query.get("at", "")) or 0
    if not way:
        return None
    ask = partial(hub.chat.messages, links.server_id, links.session_id)
    state = (await hub.chat.conversation(links.server_id, links.session_id)).state
    if way == "before":
        found, more = await older(ask, message_id, created, AROUND)
        if undone := state.revert_from:
            while more and found[0].id >= undone:  # none of them is shown
                found, more = await older(ask, found[0].id, created_ms(found[0]), UNDONE)
            found = [item for item in found if item.id < undone]
        found = found[-AROUND:] if (many := len(found) > AROUND) else found
        return Past(found, before=more or many, after=True, around=found[-1].id if found else "")
    middle = await one(ask, message_id, created)
    if middle is None:
        return None
    behind, after = await newer(ask, message_id, created, AROUND)
    ahead, before = await older(ask, message_id, created, AROUND) if way == "at_message" else ([], True)
    # the first that is on the live page too is where the two are joined
    _, region = (await hub.live.open(f"chat:{links.server_id}:{links.session_id}")).snapshot()
    joint = next((number for number, item in enumerate(behind) if f' id="{escape(item.id)}"' in region), None)
    if joint is not None:
        behind = behind[: joint + 1]
    found = [*ahead, middle, *behind]
    joined = joint is not None
    return Past(found, before=before, after=after or joined, joins=joined, around=message_id)


async def _past(hub: Hub, links: Links, past: Past) -> str:
    """Return a piece as HTML."""
    state = (await hub.chat.conversation(links.server_id, links.session_id)).state
    # a page full of code takes tens of milliseconds to colour
    return await asyncio.to_thread(past_html, state, past, links, Highlighter())


async def part(request: Request) -> Response:
    """GET /chat/{server}/{session}/part/{message}/{part}: one part whole, however long."""
    hub: Hub = request.state.hub
    links = links_of(request)
    message = await read_message(hub, links, request.path_params["message"], request.query_params.get("at", ""))
    found = message.parts.get(request.path_params["part"]) if message is not None else None
    if found is None:
        raise PartNotFound()

    def make() -> Response:  # megabytes are coloured, written and packed
        two, changes = two_columns(request), patches_of(found)
        body = whole(found, two=two)
        return hub.pages.response(
            request, "chat_part.html", links=links, part=found, body=body, two=two, changes=bool(changes)
        )

    return await asyncio.to_thread(make)


async def read_message(hub: Hub, links: Links, message_id: str, stamp: str) -> Message | None:
    """Return a message, also one that is no longer in the window; `stamp` is its time in milliseconds."""
    conversation = await hub.chat.conversation(links.server_id, links.session_id)
    message = conversation.state.messages.get(message_id)
    if message is not None and not any(part.cut for part in message.parts.values()):
        return message
    at = _stamp(stamp)
    ask = partial(hub.chat.messages, links.server_id, links.session_id)
    return await one(ask, message_id, at) if at is not None else None


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
