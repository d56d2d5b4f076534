# SPDX-License-Identifier: MIT
"""/help/howto/phone and the like: the documentation, the same text as in docs."""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.web import manual
from opencode_nexus.web.context import Hub

if TYPE_CHECKING:
    from opencode_nexus.render.guide import Guide


def made(base: str, group: str, name: str) -> "Guide":
    """Return a page; its links lead below `base`. The largest (70 KB) takes some 50 ms: for a thread."""
    from opencode_nexus.render.guide import guide  # for this alone: most hubs never show one

    def leads(file: str, fragment: str) -> str | None:
        there = manual.address(file)
        return None if there is None else f"{base}/help{there}{fragment}"

    return guide(manual.text(group, name), f"{group}/{name}.md", leads)


async def show(request: Request) -> Response:
    """GET /help/{group}/{name}"""
    hub: Hub = request.state.hub
    group, name = request.path_params["group"], request.path_params["name"]
    page = await asyncio.to_thread(made, request.scope.get("root_path", ""), group, name)
    return hub.pages.response(request, "help_guide.html", page=page)


async def picture(request: Request) -> Response:
    """GET /help/images/{name}"""
    data = await asyncio.to_thread(manual.picture, request.path_params["name"])
    return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})


routes: list[BaseRoute] = [
    Route("/help/images/{name}", picture, methods=["GET"]),
    Route("/help/{group}/{name}", show, methods=["GET"]),
]
