# SPDX-License-Identifier: MIT
"""How a middleware says no: a page, problem+json, or a closed WebSocket."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.addresses import inner_path
from opencode_nexus.web.problems import answer

CLOSED = 4401  # private WebSocket close code, for servers that cannot answer a handshake with a status


def wants_page(scope: Scope) -> bool:
    """Whether a person looks at the answer: a browser navigates, or HTML is asked for outside the API."""
    if scope["type"] != "http" or inner_path(scope).startswith(("/api/", "/live", "/metrics")):
        return False
    headers = Request(scope).headers
    if "sec-fetch-mode" in headers:
        return headers["sec-fetch-mode"] == "navigate"
    return scope["method"] in ("GET", "HEAD") or "text/html" in headers.get("accept", "")


async def refuse(
    scope: Scope, receive: Receive, send: Send, error: NexusError, headers: dict[str, str] | None = None
) -> None:
    """Answers with `error` and nothing else."""
    if scope["type"] == "websocket":
        await _refuse_websocket(scope, receive, send, error)
        return
    if wants_page(scope):
        response = answer(Request(scope), error)
    else:
        response = _problem(error)
    response.headers.update(headers or {})
    await response(scope, receive, send)


def _problem(error: NexusError) -> Response:
    body = json.dumps(error.problem(), default=str, ensure_ascii=False)
    return Response(body, error.status, media_type="application/problem+json")


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send, error: NexusError) -> None:
    await receive()  # websocket.connect
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": CLOSED, "reason": error.code})
        return
    response = _problem(error)
    start = {"type": "websocket.http.response.start", "status": error.status, "headers": response.raw_headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": response.body})
