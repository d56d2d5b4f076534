# SPDX-License-Identifier: MIT
"""The logs: of the hub, of servers and of tunnels, live, filtered, searched, and as one file to keep."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.who import Who
from opencode_nexus.core.errors import BadRequest, NotFound
from opencode_nexus.core.log_levels import PARTS
from opencode_nexus.observe.log_bundle import bundle
from opencode_nexus.observe.log_files import LogFile, LogFiles
from opencode_nexus.observe.log_query import OUTPUTS, LogQueryUnusable
from opencode_nexus.observe.logs import MEGABYTE
from opencode_nexus.observe.page_errors import PageError
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.logs_view import PAGE, EntryNodes, asked_of, query_of, region, topic_of, words_of

_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{1,10}")


class PageErrorUnusable(BadRequest):
    """What a page told about an error of its own is not what it should be."""

    code = "page-error-unusable"
    title = "The page told of an error in a way that is not known."
    hint = "Reload the page."


async def show(request: Request) -> Response:
    """GET /logs: `q`, `level`, `part`, `server`; `before` what an older page begins with; `paused` without live."""
    hub: Hub = request.state.hub
    given = request.query_params
    asked = asked_of(list(given.items()))
    before, paused = given.get("before") or None, bool(given.get("paused"))
    values: dict[str, Any] = {"topic": "", "cursor": "", "region": "", "problem": ""}
    status = 200
    try:
        query = query_of(asked)
        if before is None and not paused:
            topic = topic_of(asked)
            channel = await hub.live.open(topic)
            values["topic"] = topic
            values["cursor"], values["region"] = channel.snapshot()
        else:
            found = await hub.logs.find(query, PAGE, before)
            nodes = [*map(EntryNodes(hub, query.text).node, found.entries)]
            values["region"] = region(hub, asked, nodes, found.next).html()
    except LogQueryUnusable as error:
        status, values["problem"] = error.status, f"{error.title} {error.detail} {error.hint}"
    files = await asyncio.to_thread(hub.logs.files.all)
    servers = [(server.id, server.name) for server in hub.fleet.list()]
    servers += [(tunnel.id, f"Tunnel {tunnel.config.name}") for tunnel in hub.tunnels.list()]
    return hub.pages.response(
        request,
        "logs.html",
        status,
        asked=asked,
        older=before is not None,
        plain=words_of(asked),
        paused=words_of(asked, paused="1"),
        parts=[(name, name) for name in (*PARTS, *OUTPUTS)],
        servers=servers,
        crashes=[file for file in reversed(files) if file.source == "crash"],
        files=len(files),
        total=sum(file.size for file in files),
        cap=hub.settings.log_size * MEGABYTE,
        days=hub.settings.log_days,
        **values,
    )


async def download(request: Request) -> Response:
    """GET /logs/bundle: all files as a .zip, made while it is read."""
    return bundled(request.state.hub.logs.files)


def bundled(files: LogFiles) -> Response:
    """Return all log files as an answer."""
    pieces: AsyncIterator[bytes] = iterate_in_threadpool(bundle(files))
    name = f"opencode-nexus-logs-{time.strftime('%Y%m%d-%H%M%S')}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


async def find_crash(hub: Hub, name: str) -> tuple[LogFile, str]:
    """Return a crash report and its text; raises NotFound."""
    if _NAME.fullmatch(name):
        for file in await asyncio.to_thread(hub.logs.files.crashes):
            if file.path.stem == name:
                return file, await asyncio.to_thread(file.path.read_text, "utf-8", "replace")
    raise NotFound("There is no such crash report; only the newest are kept.")


async def crash(request: Request) -> Response:
    """GET /logs/crashes/{name}"""
    hub: Hub = request.state.hub
    file, text = await find_crash(hub, request.path_params["name"])
    return hub.pages.response(request, "logs_crash.html", name=file.path.stem, text=text)


async def crash_file(request: Request) -> Response:
    """GET /logs/crashes/{name}/file"""
    file, text = await find_crash(request.state.hub, request.path_params["name"])
    headers = {"content-disposition": f'attachment; filename="opencode-nexus-crash-{file.path.name}"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


async def page_error(request: Request) -> Response:
    """POST /logs/page: an error that a script of a page met; so many are written down, and no more."""
    hub: Hub = request.state.hub
    who: Who = request.state.who
    try:
        told = await request.json()
    except (ValueError, RecursionError) as error:
        raise PageErrorUnusable("Its body is not JSON.") from error
    if not isinstance(told, dict) or not isinstance(told.get("message"), str) or not told["message"].strip():
        raise PageErrorUnusable("It needs a message.")
    fields = {name: told[name] for name in ("page", "place", "stack") if isinstance(told.get(name), str)}
    agent = request.headers.get("user-agent", "")
    hub.logs.pages.add(who.key, PageError(told["message"], agent=agent, **fields))
    return Response(status_code=204)


routes: list[BaseRoute] = [
    Route("/logs", show, methods=["GET"]),
    Route("/logs/bundle", download, methods=["GET"]),
    Route("/logs/crashes/{name}", crash, methods=["GET"]),
    Route("/logs/crashes/{name}/file", crash_file, methods=["GET"]),
    Route("/logs/page", page_error, methods=["POST"]),
]
