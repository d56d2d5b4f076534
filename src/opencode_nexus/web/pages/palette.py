# SPDX-License-Identifier: MIT
"""What the command palette offers, and the list of keys. The palette is palette.js; without script the pages' own
navigation and the search do the same.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import SearchUnusable
from opencode_nexus.chat.search.search import Filters, Found
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.search import chats_of
from opencode_nexus.web.shortcuts import by_place

HITS, RECENT = 8, 6


@dataclass(frozen=True, slots=True)
class Command:
    """`path` below the base: a page to go to, or with `post` what is done; `fields` of its form."""

    words: str
    icon: str
    path: str
    post: bool = False
    fields: tuple[tuple[str, str], ...] = ()


PAGES = (
    Command("Dashboard", "home", "/"),
    Command("Chat", "chat", "/chat"),
    Command("Inbox", "inbox", "/inbox"),
    Command("Search", "search", "/search"),
    Command("Usage and cost", "pulse", "/usage"),
    Command("Remote access", "globe", "/remote"),
    Command("Settings", "gear", "/settings"),
    Command("Events", "clock", "/events"),
    Command("Alerts", "warn", "/settings/alerts"),
    Command("Logs", "terminal", "/logs"),
    Command("Help", "info", "/help"),
    Command("Keyboard shortcuts", "info", "/help/shortcuts"),
)


def commands(hub: Hub, back: str) -> list[Command]:
    """Every command; a new chat on each server that runs, and the colours, after which `back` is shown again."""
    running = [server for server in hub.fleet.list() if server.state == "running"]
    named = [Command(f"New chat{f' on {s.name}' if len(running) > 1 else ''}", "plus", f"/chat/{s.id}/new", True)
             for s in running]  # fmt: skip
    themes = (("Light colours", "light"), ("Dark colours", "dark"), ("Colours as the system has them", "auto"))
    return [
        *named,
        *PAGES,
        *(Command(words, "theme", "/theme", True, (("theme", name), ("back", back))) for words, name in themes),
    ]


def fits(words: str, typed: str) -> bool:
    """Whether every word typed begins one of these."""
    told = words.casefold().split()
    return all(any(one.startswith(begin) for one in told) for begin in typed.casefold().split())


async def show(request: Request) -> Response:
    """GET /palette: `q` what was typed, `at` the page it was opened on. For the script alone: others get the search."""
    hub: Hub = request.state.hub
    base = request.scope.get("root_path", "")
    if request.headers.get("x-nexus") != "part":
        return RedirectResponse(base + "/search", 303)
    typed = request.query_params.get("q", "")[:2000]
    offered = [one for one in commands(hub, request.query_params.get("at", "/")) if fits(one.words, typed)]
    recent: list[tuple[str, str, str]] = []
    found = Found([], False, False)
    problem = ""
    try:
        if typed.strip():
            found = await hub.search.find(typed, Filters(), HITS, typing=True)
        else:
            names = {server.id: server.name for server in hub.fleet.list()}
            for facts in await hub.search.recent(RECENT):
                address = Links(base, facts.server_id, facts.id).session
                recent.append((facts.title or "New chat", address, names.get(facts.server_id, "")))
    except SearchUnusable as error:
        problem = error.title
    chats = chats_of(hub, base, found)
    return hub.pages.response(
        request, "palette.html", offered=offered, recent=recent, chats=chats, typed=typed, problem=problem
    )


async def shortcuts(request: Request) -> Response:
    """GET /help/shortcuts; `X-Nexus: part`: the list alone."""
    hub: Hub = request.state.hub
    part = request.headers.get("x-nexus") == "part"
    return hub.pages.response(request, "shortcuts_list.html" if part else "shortcuts.html", places=by_place())


routes: list[BaseRoute] = [
    Route("/palette", show, methods=["GET"]),
    Route("/help/shortcuts", shortcuts, methods=["GET"]),
]
