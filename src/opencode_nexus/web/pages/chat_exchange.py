# SPDX-License-Identifier: MIT
"""Chats as files: the page and the downloads of an export, and the form of an import."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import ImportInvalid
from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.chat_actions import links_of, live, title_of

TYPES = {"json": "application/json", "markdown": "text/markdown; charset=utf-8"}
PIECE = 64 * 1024  # bytes that are written at a time: OpenCode's messages are much smaller


async def export_page(request: Request) -> Response:
    """GET /chat/{server}/{session}/export"""
    hub: Hub = request.state.hub
    links = links_of(request)
    busy = hub.chat.status(links.session_id).kind != "idle"
    title = await title_of(hub, links)
    return hub.pages.response(request, "chat_export.html", links=links, title=title, busy=busy)


async def export(request: Request) -> Response:
    """GET /chat/{server}/{session}/export/json or /markdown: the file, as it is read from OpenCode."""
    hub: Hub = request.state.hub
    links = links_of(request)
    return await exported(hub, links.server_id, links.session_id, request.scope["path"].rpartition("/")[2])


async def exported(hub: Hub, server_id: str, session_id: str, kind: str) -> Response:
    """Return a session as a file to be kept; `kind` is "json" or "markdown"."""
    name, pieces = await hub.exchange.export(server_id, session_id, kind)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_gathered(pieces), media_type=TYPES[kind], headers=headers)


async def _gathered(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


async def import_page(request: Request) -> Response:
    """GET /chat/{server}/import"""
    return _form(request)


def _form(request: Request, error: NexusError | None = None) -> Response:
    hub: Hub = request.state.hub
    links = links_of(request)
    words = " ".join(filter(None, (error.title, error.detail, error.hint))) if error is not None else ""
    there = error.data.get("session_id") if error is not None else None
    address = links.of(str(there)) if there else ""
    server, status = hub.fleet.get(links.server_id), error.status if error is not None else 200
    return hub.pages.response(
        request, "chat_import.html", status, links=links, server=server, words=words, there=address
    )


async def bring_in(request: Request) -> Response:
    """POST /chat/{server}/import: `file`, and `project`, a folder of the server. The answer says how much came in."""
    hub: Hub = request.state.hub
    links = links_of(request)
    try:
        async with request.form() as form:
            sent, project = form.get("file"), form.get("project")
            if not isinstance(sent, UploadFile) or not sent.filename:
                raise ImportInvalid("No file was chosen.")
            with tempfile.NamedTemporaryFile(prefix="nexus-import-") as kept:
                await asyncio.to_thread(_copy, sent.file, kept.file)
                folder = project if isinstance(project, str) and project else None
                made = await hub.exchange.bring_in(links.server_id, Path(kept.name), folder)
    except NexusError as error:
        if live(request):
            raise
        return _form(request, error)
    return hub.pages.response(request, "chat_imported.html", links=links, address=links.of(made.session_id), made=made)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while piece := source.read(PIECE):
        target.write(piece)
    target.flush()


_SESSION = "/chat/{server}/{session}"

routes: list[BaseRoute] = [
    Route("/chat/{server}/import", import_page, methods=["GET"]),
    Route("/chat/{server}/import", bring_in, methods=["POST"]),
    Route(_SESSION + "/export", export_page, methods=["GET"]),
    Route(_SESSION + "/export/json", export, methods=["GET"]),
    Route(_SESSION + "/export/markdown", export, methods=["GET"]),
]
