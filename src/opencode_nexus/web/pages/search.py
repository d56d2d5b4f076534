# SPDX-License-Identifier: MIT
"""The search: what was said, on all servers, with a link to each place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import CursorUnknown, SearchUnusable
from opencode_nexus.chat.search.documents import FIRST, GIVEN, LAST, SAID
from opencode_nexus.chat.search.search import RANKED, Filters, Found, Hit, Snippet, offset_of
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.pieces import Html, Pieces

TOPIC = "search"
PAGE = 20
FIELDS = ("q", "server", "project", "role", "tool", "from", "to")
# Characters of one text, of what a tool was given, and of what it gave back, from its beginning and from its end.
BOUNDS = {name: f"{most:,}" for name, most in (("said", SAID), ("given", GIVEN), ("first", FIRST), ("last", LAST))}
ROLES = {
    "user": "You", "agent": "Agent", "tool": "Tool", "file": "File", "reasoning": "Thinking", "title": "Title",
}  # fmt: skip


class SearchSource(Pieces):
    """Feeds the topic `search` with how far the index is, while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub) -> None:
        state, region = (hub.pages.macro("search_parts.html", name) for name in ("state", "region"))
        base = hub.settings.base_path

        def make() -> Html:
            return {"search-state": state(hub.search.progress(), base)}

        super().__init__(hub.bus, ("search", "server"), make, region, lambda: lambda: None)


@dataclass(frozen=True, slots=True)
class HitView:
    """One hit as it is shown: `pieces` of its snippet, each with whether it was looked for."""

    href: str
    role: str
    tool: str
    at: float
    pieces: list[tuple[str, bool]]
    cut: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class ChatView:
    """The hits of one chat, the best first. `title_pieces`: as `pieces`, when the title was found."""

    title: str
    title_pieces: list[tuple[str, bool]] | None
    href: str
    where: str
    sub_agent: bool
    hits: list[HitView]


def pieces(snippet: Snippet) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is marked."""
    found: list[tuple[str, bool]] = []
    at = 0
    for start, end in snippet.marks:
        found += [(snippet.text[at:start], False), (snippet.text[start:end], True)]
        at = end
    found.append((snippet.text[at:], False))
    return [piece for piece in found if piece[0]]


def chats_of(hub: Hub, base: str, found: Found) -> list[ChatView]:
    """The hits by chat, in the order of the best hit of each."""
    names = {server.id: server.name for server in hub.fleet.list()}
    grouped: dict[str, list[Hit]] = {}
    for hit in found.hits:
        grouped.setdefault(hit.session_id, []).append(hit)
    views = []
    for hits in grouped.values():
        first = hits[0]
        links = Links(base, first.server_id, first.session_id)
        title = next((pieces(hit.snippet) for hit in hits if hit.role == "title"), None)
        several = (names.get(first.server_id, ""), PurePath(first.project).name or first.project)
        shown = [
            HitView(
                links.message(hit.message_id, hit.created), ROLES.get(hit.role, hit.role), hit.tool,
                hit.created / 1000, pieces(hit.snippet), hit.snippet.cut,
            )
            for hit in hits
            if hit.role != "title"
        ]  # fmt: skip
        where, sub_agent = " · ".join(filter(None, several)), first.root_id != first.session_id
        views.append(ChatView(first.title or "New chat", title, links.session, where, sub_agent, shown))
    return views


def said_of(found: Found, offset: int) -> str:
    """What a reader who does not look is told."""
    if found.wordless:
        return "No word to search for"
    if not found.hits:
        return "Nothing found"
    first, last = offset + 1, offset + len(found.hits)
    more = ", and there are more" if found.more else ""
    return f"{last} found{more}" if not offset else f"Hits {first} to {last}{more}"


def _day(value: str, plus: int = 0) -> float | None:
    """The beginning of a day, in the hub's own time zone; None for what is no day."""
    try:
        return (datetime.fromisoformat(value[:10]) + timedelta(days=plus)).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


async def show(request: Request) -> Response:
    """GET /search: `q` and the filters; `before`: how many hits stand before this page. `X-Nexus: part`: hits alone."""
    hub: Hub = request.state.hub
    query = request.query_params
    asked = {name: query.get(name, "").strip()[:2000] for name in FIELDS}
    asked["q"] = query.get("q", "")[:2000]
    filters = Filters(
        asked["server"], asked["project"], asked["role"], asked["tool"],
        since=_day(asked["from"]), until=_day(asked["to"], 1),
    )  # fmt: skip
    filtered = sum(bool(asked[name]) for name in FIELDS if name != "q")
    base = request.scope.get("root_path", "")
    values: dict[str, Any] = {"asked": asked, "filtered": filtered, "chats": None, "said": "", "problem": ""}
    values |= {"newest": False, "wordless": False, "ranked": f"{RANKED:,}", "following": ""}
    values["behind"] = hub.search.progress().behind
    try:
        offset = offset_of(query.get("before") or None)
        if asked["q"].strip() or filtered:
            found = await hub.search.find(asked["q"], filters, PAGE, offset, typing=True)
            values |= {"chats": chats_of(hub, base, found), "said": said_of(found, offset), "newest": found.newest}
            values["wordless"] = found.wordless
            if found.more:
                told = {name: value for name, value in asked.items() if value}
                values["following"] = f"{base}/search?{urlencode({**told, 'before': offset + PAGE}, errors='replace')}"
        if request.headers.get("x-nexus") == "part":
            return hub.pages.response(request, "search_hits.html", **values)
        values |= {"size": await hub.search.size(), "names": await hub.search.names()}
    except SearchUnusable as error:
        values |= {"problem": f"{error.title} {error.detail} {error.hint}", "size": None}
        values["names"] = {"project": [], "tool": []}
        if request.headers.get("x-nexus") == "part":
            return hub.pages.response(request, "search_hits.html", **values)
    except CursorUnknown:
        return RedirectResponse(f"{base}/search", 303)
    channel = await hub.live.open(TOPIC)
    cursor, region = channel.snapshot()
    names = values["names"]
    values |= {"topic": TOPIC, "cursor": cursor, "region": region, "roles": ROLES, "bounds": BOUNDS}
    values["servers"] = [(server.id, server.name) for server in hub.fleet.list()]
    values["projects"], values["tools"] = ([(one, one) for one in names[kind]] for kind in ("project", "tool"))
    return hub.pages.response(request, "search.html", **values)


async def rebuild(request: Request) -> Response:
    """POST /search/rebuild"""
    hub: Hub = request.state.hub
    hub.search.rebuild()
    if request.headers.get("x-nexus") == "live":
        return JSONResponse({"say": "The index is being made anew. It can be searched meanwhile."})
    return RedirectResponse(request.scope.get("root_path", "") + "/search", 303)


routes: list[BaseRoute] = [
    Route("/search", show, methods=["GET"]),
    Route("/search/rebuild", rebuild, methods=["POST"]),
]
