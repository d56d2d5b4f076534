# SPDX-License-Identifier: MIT
"""A WebSocket that is refused with a status, over the real server: the status arrives, and the log stays quiet."""

import asyncio
import logging

import pytest
from starlette.types import Receive, Scope, Send

from opencode_nexus.access.errors import NotSignedIn
from opencode_nexus.web.middleware.refusal import refuse
from opencode_nexus.web.server import bind, serve

HANDSHAKE = (
    b"GET /live/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.mark.anyio
async def test_a_refused_websocket_is_told_why_and_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await refuse(scope, receive, send, NotSignedIn())

    listener, closing, up = bind("127.0.0.1", 0), asyncio.Event(), asyncio.Event()
    port = listener.getsockname()[1]

    async def ready() -> None:
        up.set()

    async def nothing() -> None:
        pass

    with caplog.at_level(logging.WARNING):
        server = asyncio.create_task(serve(app, listener, closing, ready=ready, before_close=nothing))
        await up.wait()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        closing.set()
        await server
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'"not-signed-in"' in answer
    assert caplog.records == []
