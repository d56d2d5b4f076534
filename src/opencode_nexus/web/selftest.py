# SPDX-License-Identifier: MIT
"""What the self test of a tunnel visits. Nothing is here for anybody else.

Each answers only while a test runs, to whoever knows its nonce (256 bits), and only through a tunnel's own listener:
to all others there is nothing at these addresses.
"""

import json

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from opencode_nexus.core.errors import NotFound
from opencode_nexus.web import live
from opencode_nexus.web.context import Hub
from opencode_nexus.web.middleware.refusal import refuse

ECHOES, LONGEST = 8, 256  # one is used; an echo for ever would be a service

NO_STORE = {"Cache-Control": "no-store, no-transform"}


def _proof(connection: HTTPConnection) -> str | None:
    """What proves that this hub answers; None: this is no visit of a running test."""
    hub: Hub = connection.state.hub
    if not getattr(connection.state, "remote", False):
        return None
    return hub.tester.proof(connection.path_params["nonce"])


def _nothing_here() -> Response:
    error = NotFound()
    body = json.dumps(error.problem(), ensure_ascii=False)
    return Response(body, error.status, headers=NO_STORE, media_type="application/problem+json")


async def page(request: Request) -> Response:
    """GET /selftest/{nonce}: proves that it is this hub that answers."""
    proof = _proof(request)
    return _nothing_here() if proof is None else JSONResponse({"proof": proof}, headers=NO_STORE)


async def stream(request: Request) -> Response:
    """GET and POST /selftest/{nonce}/stream: records at known times, as the pages' own probe has them."""
    return _nothing_here() if _proof(request) is None else await live.probe(request)


async def socket(websocket: WebSocket) -> None:
    """WebSocket /selftest/{nonce}/ws: says back what it hears."""
    if _proof(websocket) is None:
        return await refuse(websocket.scope, websocket.receive, websocket.send, NotFound())
    await websocket.accept()
    try:
        for _ in range(ECHOES):
            await websocket.send_text((await websocket.receive_text())[:LONGEST])
        await websocket.close()
    except (OSError, RuntimeError, KeyError, WebSocketDisconnect):  # it went away, or said something that is no text
        return


routes: list[BaseRoute] = [
    Route("/selftest/{nonce}", page, methods=["GET"]),
    Route("/selftest/{nonce}/stream", stream, methods=["GET", "POST"]),
    WebSocketRoute("/selftest/{nonce}/ws", socket),
]
