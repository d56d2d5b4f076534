# SPDX-License-Identifier: MIT
"""The self test's own routes, and a hub's closed ones, behind a door that can hold back, lose and leak."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from opencode_nexus.core.errors import NexusError
from opencode_nexus.tunnels.selftest import SOCKET, Tester
from opencode_nexus.web import problems, selftest
from opencode_nexus.web.middleware.refusal import CLOSED


@dataclass
class Door:
    """What stands between a visitor and the routes, and what it does wrong."""

    tester: Tester
    base: str = ""
    remote: bool = True
    held: frozenset[str] = frozenset()  # methods whose answers come all at once, at their end
    answers: dict[str, int] = field(default_factory=dict)  # end of a path → the status said in place of the hub's
    page: str = "busy"  # what is said with it
    socket: str = "closed"  # to a WebSocket with no login: closed, closed late, open, or error
    fails: int = 0  # so many requests first are answered with 530
    asked: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def app(self) -> ASGIApp:
        async def turned_away(request: Request) -> Response:
            if request.method == "GET" and not request.url.path.startswith(self.base + "/api/"):
                return RedirectResponse(self.base + "/login", 303)
            return PlainTextResponse("not signed in", 401)

        async def login(request: Request) -> Response:
            return PlainTextResponse("the login page, which is for everybody")

        async def live(websocket: WebSocket) -> None:
            if self.socket == "closed":
                await websocket.close()  # before it is accepted: the handshake gets 403
            elif self.socket == "error":
                await websocket.send_denial_response(PlainTextResponse("bad gateway", 502))
            else:
                await websocket.accept()
                if self.socket == "closed late":
                    await websocket.close(CLOSED)
                else:
                    await websocket.send_text("[1,[]]")

        table: list[BaseRoute] = [
            *selftest.routes,
            Route("/login", login),
            WebSocketRoute(SOCKET, live),
            Route("/{path:path}", turned_away, methods=["GET", "POST"]),
        ]
        handlers: Any = {NexusError: problems.on_nexus_error}
        inner = Starlette(routes=[Mount(self.base, routes=table)] if self.base else table, exception_handlers=handlers)

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = {"hub": SimpleNamespace(tester=self.tester), "remote": self.remote}
            method = scope.get("method", "WEBSOCKET")
            self.asked.append(f"{method} {scope['path']}")
            self.hosts |= {value.decode() for name, value in scope["headers"] if name == b"host"}
            status = next((code for end, code in self.answers.items() if scope["path"].endswith(end)), None)
            if self.fails:
                self.fails, status = self.fails - 1, 530
            if status is not None and method != "WEBSOCKET":
                return await PlainTextResponse(self.page, status)(scope, receive, send)
            if status is not None:
                return await WebSocket(scope, receive, send).send_denial_response(PlainTextResponse("no", status))
            await inner(scope, receive, _Held(send).send if method in self.held else send)

        return front


class _Held:
    """Passes an answer on at its end, as quick tunnels do with GETs."""

    def __init__(self, send: Send) -> None:
        self._send, self._kept = send, list[Message]()

    async def send(self, message: Message) -> None:
        self._kept.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            for kept in self._kept:
                await self._send(kept)


class _Server(uvicorn.Server):
    """Leaves signals to the test runner."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


@asynccontextmanager
async def served(app: ASGIApp, **options: Any) -> AsyncIterator[int]:
    """The app on a port of 127.0.0.1."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="websockets-sansio", **options)
    server = _Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        yield int(listener.getsockname()[1])
        server.should_exit = True
        await task
