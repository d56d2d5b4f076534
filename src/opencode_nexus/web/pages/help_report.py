# SPDX-License-Identifier: MIT
"""/help/report: the report of a problem, to look through file by file, and to keep as one file. It is never sent."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from opencode_nexus.observe.report import Report, texts_of
from opencode_nexus.web.context import Hub


async def report_of(hub: Hub) -> Report:
    """Make all checks, and return the report with what they found."""
    return Report(hub.logs.files, texts_of(await hub.doctor.run(), hub.settings))


async def show(request: Request) -> Response:
    """GET /help/report: its files."""
    hub: Hub = request.state.hub
    contents = await asyncio.to_thread((await report_of(hub)).contents)
    return hub.pages.response(request, "help_report.html", contents=contents)


async def file(request: Request) -> Response:
    """GET /help/report/file: one of them; `name`, and `at` for a large one."""
    hub: Hub = request.state.hub
    name, at = request.query_params.get("name", ""), request.query_params.get("at", "")
    place = int(at) if at.isascii() and at.isdigit() and len(at) < 16 else 0
    piece = await asyncio.to_thread((await report_of(hub)).read, name, place)
    return hub.pages.response(request, "help_report_file.html", name=name, piece=piece)


async def download(request: Request) -> Response:
    """GET /help/report/bundle: all of it as a .zip, made while it is read."""
    return bundled(await report_of(request.state.hub))


def bundled(report: Report) -> Response:
    """Return a report as an answer."""
    pieces: AsyncIterator[bytes] = iterate_in_threadpool(report.zip())
    name = f"opencode-nexus-report-{time.strftime('%Y%m%d-%H%M%S')}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


routes: list[BaseRoute] = [
    Route("/help/report", show, methods=["GET"]),
    Route("/help/report/file", file, methods=["GET"]),
    Route("/help/report/bundle", download, methods=["GET"]),
]
