# SPDX-License-Identifier: MIT
"""The HTTP server: uvicorn on our listening sockets, and an end that we command ourselves."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from opencode_nexus.core.errors import NexusError

log = logging.getLogger(__name__)

GRACE = 3  # seconds for requests under way; streams have been ended before that


class AddressUnusable(NexusError):
    """The address to listen on cannot be had."""

    code = "address-unusable"
    title = "The address to listen on cannot be used."
    hint = "Choose another one with --port or --host, or stop the program that holds it."
    status = 500


class Door(Protocol):
    """Listeners that answer in a way of their own (`web.tunnel_door.TunnelDoor`)."""

    async def serve(self, config: uvicorn.Config, state: ServerState) -> list[asyncio.AbstractServer]: ...


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises AddressUnusable naming the address and the system's reason."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if sys.platform != "win32":  # there it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(2048)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be used ({error.strerror or error})"
        raise AddressUnusable(f"{host}:{port} {reason}.", host=host, port=port) from error
    listener.setblocking(False)
    return listener


def _refused_handshake(record: logging.LogRecord) -> bool:
    """False for what uvicorn 0.54 logs as an error when a WebSocket was refused with a status: a stranger could
    fill the log with it, and the refusal is what we wanted.
    """
    return not record.getMessage().startswith("ASGI callable returned without completing handshake")


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: it waits for open streams first, and ours end only when told.

    A further door belongs to it, so that both are shut, and their streams waited for, together.
    """

    def __init__(self, config: uvicorn.Config, door: Door | None) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._door = door

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._door is not None:
            self.servers += await self._door.serve(self.config, self.server_state)  # type: ignore[arg-type]
        self.up.set()


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    closing: asyncio.Event,
    *,
    ready: Callable[[], Awaitable[None]],
    before_close: Callable[[], Awaitable[None]],
    door: Door | None = None,
) -> None:
    """Serve `app` on `listener`, and at `door`, until `closing` is set or a signal asks for the end.

    `ready` runs once requests are answered; `before_close` runs first at the end and must close our own streams:
    uvicorn waits for open ones before it stops (measured: still alive 8 s after SIGTERM with one client).
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-For is judged by access, with the trusted list
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=75,
        ws_max_size=1 << 20,
    )
    logging.getLogger("uvicorn.error").addFilter(_refused_handshake)
    server = _Server(config, door)
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        names = [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]  # the last is how the window's program stops the hub
    else:
        names = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    for name in names:
        try:
            loop.add_signal_handler(name, closing.set)
        except NotImplementedError:  # Windows' loop has none
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(closing.set))
    task = loop.create_task(server.serve(sockets=[listener]), name="uvicorn")
    up = loop.create_task(server.up.wait(), name="uvicorn-up")
    await asyncio.wait({task, up}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    if not task.done():
        await ready()
    waiter = loop.create_task(closing.wait(), name="closing")
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    closing.set()
    await before_close()
    server.should_exit = True
    await task
