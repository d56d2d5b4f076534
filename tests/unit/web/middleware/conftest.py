# SPDX-License-Identifier: MIT
"""The real middleware around a small application, with a real Access; only the pages' look is left out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from opencode_nexus.access.access import Access
from opencode_nexus.access.passwords import Passwords
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.store.db import Database
from opencode_nexus.web.middleware.stack import stack
from opencode_nexus.web.problems import HANDLERS
from tests.fakes.no_tunnels import NoTunnels

OWNER, PASSWORD = "Ada", "Correct Horse 7"


class PlainPages:
    """Says the error's code as a page."""

    def response(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(f"<p>{values['error'].code}</p>", status)


@dataclass
class Site:
    """The small application behind the middleware."""

    hub: SimpleNamespace
    clock: ManualClock
    app: Callable[[Scope, Receive, Send], Any]
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self, host: str = "localhost:4600", peer: str = "127.0.0.1") -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app, client=(peer, 5000))
        return httpx2.AsyncClient(transport=transport, base_url=f"http://{host}")

    async def cookie(self) -> dict[str, str]:
        token = await self.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
        return {"Cookie": f"nexus={token}"}


async def echo(request: Request) -> Response:
    who, sender = request.state.who, request.state.sender
    body = await request.body()
    return JSONResponse(
        {
            "who": who.name if who else None,
            "via": who.via if who else None,
            "address": sender.address,
            "scheme": request.scope["scheme"],
            "bytes": len(body),
        }
    )


async def caught(request: Request) -> Response:
    """Reads the body as an application does that turns every error into its own answer."""
    try:
        await request.body()
    except Exception:
        return Response("mine", 400)
    return Response("read")


async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


@pytest.fixture
async def site(tmp_path: Path, base: str) -> AsyncIterator[Site]:
    db, clock = Database(tmp_path / "nexus.db"), ManualClock()
    await db.open()
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    access = Access(db=db, clock=clock, bus=Bus(clock), local_token="local", passwords=Passwords(weak))
    hub = SimpleNamespace(
        settings=Settings(home=tmp_path, base_path=base),
        address="",
        access=access,
        clock=clock,
        wizard=SimpleNamespace(done=True),
        tunnels=NoTunnels(),
        door=SimpleNamespace(port=4700),
        pages=PlainPages(),
        waiting=asyncio.Event(),
    )
    more = asyncio.Event()

    async def stream(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first "
            await more.wait()
            yield b"second"

        return StreamingResponse(parts())

    async def late(request: Request) -> Response:
        hub.waiting.set()
        await more.wait()
        return Response("secret")

    async def farewell(request: Request) -> Response:
        request.state.farewell = True
        await access.revoke_token("ci")
        return Response("gone")

    async def crash(request: Request) -> Response:
        raise RuntimeError("a bug")

    paths = ("/", "/login", "/healthz", "/settings", "/theme", "/setup", "/api/v1/things", "/live", "/chat/a/b")
    methods = ["GET", "POST", "DELETE"]
    routes: list[BaseRoute] = [Route(path, echo, methods=methods) for path in paths]
    routes += [
        Route("/crash", crash),
        Route("/stream", stream),
        Route("/late", late),
        Route("/farewell", farewell),
        Route("/api/v1/caught", caught, methods=["POST"]),
        WebSocketRoute("/live/ws", chat),
    ]
    inner = Starlette(routes=routes, middleware=stack(), exception_handlers=HANDLERS)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = base
        scope.setdefault("state", {})["hub"] = hub
        await inner(scope, receive, send)

    await access.create_owner(OWNER, PASSWORD)
    yield Site(hub, clock, app, more)
    await db.close()


@pytest.fixture(params=["", "/nexus", "/a/b"])
def base(request: pytest.FixtureRequest) -> str:
    """The base path; every test runs with each."""
    return str(request.param)
