# SPDX-License-Identifier: MIT
"""The front: takes visitors' requests over TLS and hands them to the tunnel whose name they ask for.

As the real one it sets who the visitor is, whatever the visitor says, and answers 530 where no tunnel stands, 524 when
the tunnel is silent, 502 when it breaks.
"""

import asyncio
import contextlib
import secrets
import ssl
from typing import TYPE_CHECKING

from tests.edge import http1
from tests.edge.connection import Ask, Connection, ConnectionLost, Exchange, Head, Headers

if TYPE_CHECKING:
    from tests.edge.cloud import Cloud

# Names the visitor's address to the front, which keeps it to itself: all tests come from one machine.
VISITOR_HEADER = "x-edge-visitor"
# What a visitor may not say: the front says it.
OURS = frozenset(("host", "accept-encoding", "cdn-loop", "x-forwarded-for", "x-forwarded-proto", VISITOR_HEADER))


async def serve(cloud: "Cloud", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one visitor's connection until one side closes it."""
    gone = cloud.soon(_closed(writer))
    try:
        while await _visit(cloud, reader, writer, gone):
            pass
    except (http1.NoRequest, ConnectionLost, ConnectionError, asyncio.IncompleteReadError, TimeoutError) as error:
        cloud.note(f"front: {error!r}")
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
    finally:
        writer.close()


async def _closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


async def _visit(
    cloud: "Cloud", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Task[None]
) -> bool:
    """One request; returns whether another may follow on this connection."""
    request = await http1.read_request(reader)
    tunnel = cloud.tunnel_of(request.header("host"))
    connection = cloud.pick(tunnel)
    if tunnel is None or connection is None:
        await http1.answer(writer, 530, b"error code: 1016" if tunnel is None else b"error code: 1033")
        return False
    exchange = connection.start(
        Ask(
            method=request.method,
            host=request.header("host"),
            path=request.path,
            headers=_headers(cloud, request),
            websocket=request.websocket,
            body=request.has_body,
        )
    )
    hold = cloud.faults.hold_gets
    hold = request.method == "GET" and not request.websocket and (tunnel.quick if hold is None else hold)
    up = asyncio.ensure_future(_upload(exchange, reader, request))
    down = asyncio.ensure_future(_answer(cloud, exchange, writer, request, hold))
    try:
        await asyncio.wait({down, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not down.done():
            return False
        return down.result() and up.done() and not up.exception()
    finally:
        for task in (up, down):
            if not task.done():
                task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        _end(exchange, connection)


def _end(exchange: Exchange, connection: Connection) -> None:
    if not exchange.closed:
        exchange.abort()
        exchange.finish()
    connection.leave_when_idle()


def _headers(cloud: "Cloud", request: http1.Request) -> Headers:
    kept = [
        (name, value)
        for name, value in request.headers
        if name not in http1.HOP_BY_HOP and name not in OURS and not name.startswith("cf-")
    ]
    visitor = request.header(VISITOR_HEADER) or cloud.visitor
    chain = [request.header("x-forwarded-for"), visitor]
    return [
        *kept,
        ("cf-ray", f"{secrets.token_hex(8)}-LHR"),
        ("cf-connecting-ip", visitor),
        ("cf-visitor", '{"scheme":"https"}'),
        ("cf-ipcountry", "GB"),
        ("cdn-loop", "cloudflare; loops=1"),
        ("x-forwarded-for", ",".join(filter(None, chain))),
        ("x-forwarded-proto", "https"),
        ("accept-encoding", "gzip, br"),
    ]


async def _upload(exchange: Exchange, reader: asyncio.StreamReader, request: http1.Request) -> None:
    with contextlib.suppress(ConnectionLost):
        if request.websocket:
            while data := await reader.read(http1.PIECE):
                await exchange.send(data)
        elif request.has_body:
            async for data in http1.read_body(reader, request):
                await exchange.send(data)
        else:
            return
        await exchange.send(b"", end=True)


async def _answer(
    cloud: "Cloud", exchange: Exchange, writer: asyncio.StreamWriter, request: http1.Request, hold: bool
) -> bool:
    """Pass the answer on; returns whether its end can be seen, so that the connection may stay."""
    timeout = cloud.faults.response_timeout
    try:
        head = await asyncio.wait_for(asyncio.shield(exchange.head), timeout)
    except TimeoutError:
        await http1.answer(writer, 524, b"error code: 524")
        return False
    except ConnectionLost:
        await http1.answer(writer, 502, b"error code: 502")
        return False
    if head.own:
        await http1.answer(writer, head.status, b"Bad gateway: cloudflared could not reach the origin")
        return False
    return await _pass_on(exchange, writer, request, head, hold, timeout)


async def _pass_on(
    exchange: Exchange, writer: asyncio.StreamWriter, request: http1.Request, head: Head, hold: bool, timeout: float
) -> bool:
    upgraded = request.websocket and head.status in (101, 200)  # 200 is how HTTP/2 says 101
    bodiless = head.status in (204, 304) or request.method == "HEAD"
    names = {name.lower() for name, _ in head.headers}
    chunked = not upgraded and not bodiless and "content-length" not in names
    drop = () if upgraded else ("connection", "transfer-encoding")
    headers = [(name, value) for name, value in head.headers if name.lower() not in drop]
    if chunked:
        headers.append(("transfer-encoding", "chunked"))
    pending = http1.head(101 if upgraded else head.status, headers)
    if not hold:
        writer.write(pending)
        pending = b""
        await writer.drain()
    held = [pending]
    while (data := await asyncio.wait_for(exchange.body.get(), timeout)) is not None:
        exchange.consumed(len(data))
        held.append(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        if not hold:
            writer.write(b"".join(held))
            held.clear()
            await writer.drain()
    if not exchange.whole:
        return False  # cut in the middle: the visitor must not take it for the end
    if chunked:
        held.append(b"0\r\n\r\n")
    writer.write(b"".join(held))
    await writer.drain()
    return not upgraded
