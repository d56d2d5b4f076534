# SPDX-License-Identifier: MIT
"""The API as one application, or a share of it, mounted at /api/v1."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from opencode_nexus import __version__
from opencode_nexus.web.api.models.status import Problem
from opencode_nexus.web.api.problems import HANDLERS, PROBLEM_JSON
from opencode_nexus.web.api.shares import MODULES

_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem: what is wrong, and what to do.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
# for the document; the token itself was checked before a request comes here
_BEARER = HTTPBearer(auto_error=False, description="A token made by `opencode-nexus token create`.")


class _Api(FastAPI):
    """FastAPI, with our shape of errors in the document."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"].setdefault(
            "Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        )
        return document


def _operation_id(route: APIRoute) -> str:
    return route.name


def application(modules: Sequence[str] = MODULES) -> FastAPI:
    """Return the API, or what these of its modules answer; its services come with each request, at
    `request.state.hub`.
    """
    api = _Api(
        title="OpenCode Nexus",
        summary="Servers, sessions, messages and what waits for you.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        exception_handlers=HANDLERS,
        responses=_PROBLEM,
        dependencies=[Depends(_BEARER)],
        generate_unique_id_function=_operation_id,
    )
    for name in modules:
        router: APIRouter = import_module(f"{__package__}.{name}").router
        api.include_router(router)
    return api
