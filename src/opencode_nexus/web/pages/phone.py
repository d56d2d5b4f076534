# SPDX-License-Identifier: MIT
"""What makes the hub an app on a phone: its manifest, its service worker, and where a new chat begins."""

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.web.context import Hub
from opencode_nexus.web.middleware.headers import HEADERS
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages import chat_steps

NAME, SHORT_NAME = "OpenCode Nexus", "Nexus"
# The top bar and the page behind it, as 10-tokens.css has them.
COLOURS = {"light": ("#ffffff", "#f5f6f8"), "dark": ("#16181e", "#0e1014")}
ICONS = (("app-192.png", 192, "any"), ("app-512.png", 512, "any"), ("app-maskable.png", 512, "maskable"))
# What the last seen window needs to look right and to keep a draft; ui.js and nexus.css are base.html's own.
STYLES = ("nexus.css", "chat.css")
SCRIPTS = ("ui.js", "vendor/idiomorph.min.js", "wire.js", "past.js", "outbox.js", "composer.js", "phone.js")
FRESH = {"Cache-Control": "no-cache"}


async def manifest(request: Request) -> Response:
    """GET /manifest.webmanifest: for a browser that installs the hub; `theme` picks the colours."""
    base = request.scope.get("root_path", "")
    static = request.state.hub.pages.static
    top, behind = COLOURS["dark" if request.query_params.get("theme") == "dark" else "light"]

    def icon(name: str, size: int, purpose: str) -> dict[str, str]:
        return {"src": base + static.path(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}

    def shortcut(name: str, path: str) -> dict[str, Any]:
        return {"name": name, "url": base + path, "icons": [icon("app-192.png", 192, "any")]}

    told = {
        "id": base + "/",
        "name": NAME,
        "short_name": SHORT_NAME,
        "description": "OpenCode agents in your browser, from any device.",
        "start_url": base + "/",
        "scope": base + "/",
        "display": "standalone",
        "theme_color": top,
        "background_color": behind,
        "icons": [icon(*one) for one in ICONS],
        "shortcuts": [shortcut("Inbox", "/inbox"), shortcut("New chat", "/new-chat")],
    }
    return JSONResponse(told, headers=FRESH, media_type="application/manifest+json")


async def worker(request: Request) -> Response:
    """GET /sw.js: what the service worker is told of this version of the hub, then sw.js itself.

    It stands below the base path, so that the whole hub, and nothing else of its origin, is its scope.
    """
    pages: Pages = request.state.hub.pages
    base, static = request.scope.get("root_path", ""), pages.static
    styles, scripts = ([name for name in names if static.has(name)] for names in (STYLES, SCRIPTS))
    told = {
        "base": base,
        "files": [base + static.path(name) for name in (*styles, *scripts)],
        "icon": base + static.path("app-192.png"),
        "badge": base + static.path("badge.png"),
        "headers": {**HEADERS, "Content-Type": "text/html; charset=utf-8"},
        "page": pages.html(request, "offline.html", scripts=scripts[1:]),
    }
    version = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    source = f"const hub = {json.dumps({**told, 'version': version})};\n{static.text('sw.js')}"
    return pages.packed(request, source, headers={**FRESH, "Content-Type": "text/javascript; charset=utf-8"})


async def new_chat(request: Request) -> Response:
    """GET /new-chat: leads to where a chat begins; for the app's shortcut, which cannot know a server."""
    hub: Hub = request.state.hub
    servers = hub.fleet.list()
    running = next((server for server in servers if server.state == "running"), None)
    found = running or next(iter(servers), None)
    path = f"/chat/{found.id}/new" if found is not None else "/"
    return RedirectResponse(request.scope.get("root_path", "") + path, 303)


routes: list[BaseRoute] = [
    Route("/manifest.webmanifest", manifest, methods=["GET"]),
    Route("/sw.js", worker, methods=["GET"]),
    Route("/new-chat", new_chat, methods=["GET"]),
    *chat_steps.routes,
]
