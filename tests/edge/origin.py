# SPDX-License-Identifier: MIT
"""A small origin behind a tunnel, whose streams go on when the test says so."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

PIECES = ("one ", "two ", "three ")


class Origin:
    """Listens on 127.0.0.1; `url` is where. Use as a context manager.

    /echo tells of the request; /large is 3 MB; /stream says PIECES, one for each `go_on`; /ws echoes.
    """

    def __init__(self) -> None:
        self.wrote = threading.Semaphore(0)  # released at each piece that /stream has written
        self.left = threading.Semaphore(0)  # released when the reader of /stream went away before its end
        self._gate = asyncio.Semaphore(0)
        routes = [
            Route("/echo", self._echo, methods=["GET", "POST"]),
            Route("/large", self._large),
            Route("/stream", self._stream, methods=["GET", "POST"]),
            WebSocketRoute("/ws", self._talk),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="origin", daemon=True)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        self._loop.run_until_complete(self._server.serve(sockets=[self._socket]))
        self._loop.close()

    def go_on(self) -> None:
        """Let /stream say its next piece."""
        self._loop.call_soon_threadsafe(self._gate.release)

    async def _echo(self, request: Request) -> Response:
        body = await request.body()
        said = {
            "method": request.method,
            "path": str(request.url.path),
            "headers": request.headers.items(),
            "sum": hashlib.sha256(body).hexdigest(),
            "size": len(body),
        }
        answer = JSONResponse(said)
        answer.set_cookie("first", "1")
        answer.set_cookie("second", "2")
        return answer

    async def _large(self, request: Request) -> Response:
        return Response(b"x" * 3_000_000)

    async def _stream(self, request: Request) -> Response:
        async def say() -> AsyncIterator[str]:
            try:
                for piece in PIECES:
                    await self._gate.acquire()
                    yield piece
                    self.wrote.release()
            except asyncio.CancelledError:
                self.left.release()
                raise

        return StreamingResponse(say(), media_type="text/plain")

    async def _talk(self, websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(f"echo: {text}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Nothing answers at `url` any more."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
