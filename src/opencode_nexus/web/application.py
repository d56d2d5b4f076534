# SPDX-License-Identifier: MIT
"""The ASGI application: hub and base path into the scope, then middleware, then the route table."""

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.web import problems
from opencode_nexus.web.context import Hub
from opencode_nexus.web.middleware.stack import stack
from opencode_nexus.web.routes import routes
from opencode_nexus.web.static import StaticFiles


class Application:
    """What uvicorn serves.

    A proxy may hand the base path on or strip it: both are understood, as addresses we write always hold it.
    """

    def __init__(self, hub: Hub, static: StaticFiles) -> None:
        self._hub = hub
        self._base = hub.settings.base_path
        self._app: ASGIApp = Starlette(
            routes=routes(static), middleware=stack(), exception_handlers=dict(problems.HANDLERS)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        path: str = scope["path"]
        if self._base and path == self._base:  # not a redirect: it would go out before the Host is checked
            scope["path"] = self._base + "/"
        scope["root_path"] = self._base
        scope.setdefault("state", {})["hub"] = self._hub
        await self._app(scope, receive, send)
