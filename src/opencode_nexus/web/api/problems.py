# SPDX-License-Identifier: MIT
"""Every error of the API as problem+json (RFC 9457), wrong input too."""

import json
import logging
from functools import cache
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from opencode_nexus.core.errors import BadRequest, NexusError, NotFound
from opencode_nexus.web.problems import MethodNotAllowed, Refused

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"


class InputInvalid(BadRequest):
    """A field of the request is missing or has a value that cannot be used."""

    code = "input-invalid"
    title = "Something in the request cannot be used."
    hint = "Correct the fields that `errors` names; /api/v1/openapi.json tells what each takes."


def problem(error: NexusError, headers: dict[str, str] | None = None) -> Response:
    """Return `error` as a response."""
    body = json.dumps(error.problem(), default=str, ensure_ascii=False)
    return Response(body, error.status, media_type=PROBLEM_JSON, headers=headers)


async def on_nexus_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, NexusError)
    if error.status >= 500:
        log.error("%s %s: %s", request.method, request.scope["path"], error)
    return problem(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            return problem(NotFound(f"There is no {request.scope['path']}."))
        case 405:
            return problem(MethodNotAllowed(f"{request.method} is not taken here."), {"allow": _allowed(request)})
        case status:
            response = problem(Refused(str(error.detail)))
            response.status_code = status
            return response


_pattern = cache(compile_path)


def _allowed(request: Request) -> str:
    """Return all methods of the address; the library names those of the first route that has it only."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    document = request.app.openapi()["paths"]
    return ", ".join(
        sorted(
            {name.upper() for known, methods in document.items() if _pattern(known)[0].match(path) for name in methods}
        )
    )


def _field(error: dict[str, Any]) -> dict[str, str]:
    where, *path = (str(step) for step in error["loc"])
    if error["type"] == "json_invalid":
        return {"in": where, "field": "", "message": f"The body is not JSON: {error['ctx']['error']}."}
    return {"in": where, "field": ".".join(path), "message": str(error["msg"])}


async def on_invalid_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field(found) for found in error.errors()]
    named = [f"{found['field'] or found['in']}: {found['message']}" for found in errors]
    return problem(InputInvalid(" ".join(text.rstrip(".") + "." for text in named), errors=errors))


async def on_crash(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return problem(NexusError(f"{type(error).__name__}."))


HANDLERS: dict[int | type[Exception], Any] = {
    NexusError: on_nexus_error,
    HTTPException: on_http_exception,
    RequestValidationError: on_invalid_input,
    Exception: on_crash,
}
