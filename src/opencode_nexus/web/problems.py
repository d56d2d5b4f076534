# SPDX-License-Identifier: MIT
"""The one place where an error becomes an answer: a page for people, problem+json for programs."""

import json
import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from opencode_nexus.core.errors import NexusError, NotFound
from opencode_nexus.web.middleware.headers import HEADERS

log = logging.getLogger(__name__)


class MethodNotAllowed(NexusError):
    """The address exists, but not for this method."""

    code = "method-not-allowed"
    title = "This address does not take that kind of request."
    hint = "Go back and use the page's own buttons, or look the method up in the API reference."
    status = 405


class Refused(NexusError):
    """The HTTP library refused the request before a handler saw it."""

    code = "refused"
    title = "The request was refused."
    hint = "Correct the request and send it again."
    status = 400


def wants_json(request: Request) -> bool:
    """True for the API, and for a script of ours that asks for JSON."""
    base = request.scope.get("root_path", "")
    path = request.scope["path"].removeprefix(base)
    return path.startswith("/api/") or "application/json" in request.headers.get("accept", "")


def answer(request: Request, error: NexusError) -> Response:
    """Return `error` as the caller can read it best."""
    if wants_json(request):
        body = json.dumps(error.problem(), default=str, ensure_ascii=False)
        return Response(body, error.status, media_type="application/problem+json")
    return request.state.hub.pages.response(request, "error.html", error.status, error=error)  # type: ignore[no-any-return]


async def on_nexus_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, NexusError)
    if error.status >= 500:
        log.error("%s %s: %s", request.method, request.scope["path"], error)
    return answer(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(request, NotFound())
    if error.status_code == 405:
        return answer(request, MethodNotAllowed(f"{request.method} is not taken here."))
    problem = Refused(str(error.detail))
    response = answer(request, problem)
    response.status_code = error.status_code
    return response


async def on_crash(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    response = answer(request, NexusError(f"{type(error).__name__}."))
    response.headers.update({**HEADERS, "Cache-Control": "no-store"})  # Starlette answers this outside all middleware
    return response


HANDLERS = {NexusError: on_nexus_error, HTTPException: on_http_exception, Exception: on_crash}
