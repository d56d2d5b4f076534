# SPDX-License-Identifier: MIT
"""The API as one application, mounted at /api/v1."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from opencode_nexus import __version__
from opencode_nexus.web.api import (
    alerts,
    attached,
    backups,
    cloudflared,
    devices,
    doctor,
    events,
    inbox,
    logins,
    logs,
    messages,
    notifications,
    pairings,
    providers,
    queue,
    resources,
    rules,
    search,
    servers,
    session_actions,
    sessions,
    settings,
    setup,
    status,
    tokens,
    tunnels,
    usage,
    visitors,
)
from opencode_nexus.web.api.models.status import Problem
from opencode_nexus.web.api.problems import HANDLERS, PROBLEM_JSON

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


def application() -> FastAPI:
    """Return the API; its services come with each request, at `request.state.hub`."""
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
    here = (
        status,
        setup,
        settings,
        attached,  # before the servers, whose ids could be “found”
        servers,
        session_actions,
        sessions,
        messages,
        queue,
        providers,
        search,
        inbox,
        rules,
        notifications,
        usage,
        events,
        alerts,
        logs,
        resources,
    )
    from_outside = (tunnels, visitors, devices, pairings, cloudflared)
    for module in (*here, *from_outside, backups, doctor, tokens, logins):
        api.include_router(module.router)
    return api
