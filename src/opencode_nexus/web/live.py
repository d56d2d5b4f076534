# SPDX-License-Identifier: MIT
"""The three ways to a live page: a streamed POST, a WebSocket, and asking again and again.

Streamed GETs (and so EventSource) are held back by quick tunnels until they end; a POST is not
(facts of cloudflared, 2026). The page tries the first way, finds out in a second whether it arrives in
pieces, and takes the next one if not.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from opencode_nexus.access.errors import NotSignedIn
from opencode_nexus.core.errors import BadRequest, NexusError
from opencode_nexus.live import stream
from opencode_nexus.live.channel import Channel, Viewer
from opencode_nexus.web.context import Hub
from opencode_nexus.web.middleware.refusal import CLOSED

KIND = b"application/x-ndjson"
HEADERS = [
    (b"content-type", KIND),
    (b"cache-control", b"no-store, no-transform"),  # an edge that packs again would hold the pieces back
    (b"x-accel-buffering", b"no"),
]
HOLD = 25.0  # seconds that a poll waits for something new
SIGNED_OUT = "signed-out"
PROBE = (0.0, 0.15, 0.15)  # seconds before each record of the probe


class LiveRequestUnusable(BadRequest):
    """The body of a request for live changes is not what it should be."""

    code = "live-request-unusable"
    title = "The page asked for live changes in a way that is not known."
    hint = "Reload the page."


def _wish(body: Any) -> tuple[str, str | None]:
    """Return (topic, cursor) of `{"topic": ..., "cursor": "<boot>.<seq>" | null}`."""
    if not isinstance(body, dict) or not isinstance(body.get("topic"), str):
        raise LiveRequestUnusable("It needs a topic.")
    cursor = body.get("cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise LiveRequestUnusable("A cursor is a text.")
    return body["topic"], cursor


async def _body(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError) as error:
        raise LiveRequestUnusable("Its body is not JSON.") from error


def _seen(hub: Hub, topic: str) -> None:
    """A browser shows a chat, for a hidden one opens no stream: what finished in it needs nobody any more."""
    kind, _, rest = topic.partition(":")
    if kind == "chat":
        hub.turns.seen(*rest.split(":", 1))


class Guest(Viewer):
    """A viewer who, once the login behind it has ended, gets a goodbye in place of the next frame.

    It comes at once when this hub ended the login, and with the next frame when a command beside it did.
    """

    __slots__ = ("_depart", "_forget", "_state")

    def __init__(self, channel: Channel, state: MutableMapping[str, Any]) -> None:
        super().__init__(channel, 0)
        self._state = state
        watch = state.get("when_login_ends")
        self._forget = watch(self._look) if watch is not None else None
        arrive = state.get("arrive")
        self._depart = arrive() if arrive is not None else None

    async def wait(self) -> None:
        await super().wait()
        self._look()

    def _look(self) -> None:
        over = self._state.get("login_over")
        if self.ended is None and over is not None and over():
            self._state["farewell"] = True
            self.end(SIGNED_OUT, at_once=True)

    def leave(self) -> None:
        """Watch the login no more, and count as present no more."""
        for end in (self._forget, self._depart):
            if end is not None:
                end()


class Stream(Response):
    """The streamed answer. Frames are handed to the server as they are: nothing is wrapped around each."""

    def __init__(self, channel: Channel, cursor: str | None, *, packed: bool) -> None:
        self.channel, self.cursor, self.packed = channel, cursor, packed
        self.status_code, self.background = 200, None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*HEADERS, (b"vary", b"accept-encoding")]
        if self.packed:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        viewer = Guest(self.channel, scope["state"])
        gone = asyncio.create_task(_until_gone(receive, lambda: viewer.end("")))
        pieces = stream.gzipped if self.packed else stream.plain
        try:
            async with aclosing(pieces(viewer, self.cursor)) as frames:
                async for piece in frames:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:  # the reader went away while we wrote
            pass
        finally:
            gone.cancel()
            viewer.leave()


async def _until_gone(receive: Receive, tell: Callable[[], None]) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return tell()


async def live(request: Request) -> Response:
    """POST /live: the frames of a topic from a cursor on, as long as the page is open."""
    topic, cursor = _wish(await _body(request))
    hub: Hub = request.state.hub
    channel = await hub.live.open(topic)
    _seen(hub, topic)
    return Stream(channel, cursor, packed="gzip" in request.headers.get("accept-encoding", ""))


async def poll(request: Request) -> Response:
    """POST /live/poll: the frames since the cursor; without any, it waits some seconds (not with `now`)."""
    asked = await _body(request)
    topic, cursor = _wish(asked)
    hub: Hub = request.state.hub
    channel = await hub.live.open(topic)
    _seen(hub, topic)
    waiting = asyncio.ensure_future(stream.poll(channel, cursor, 0.0 if asked.get("now") else HOLD))
    watch = request.scope["state"].get("when_login_ends")
    forget = watch(waiting.cancel) if watch is not None else None
    arrive = request.scope["state"].get("arrive")
    depart = arrive() if arrive is not None else lambda: None
    gone = asyncio.create_task(_until_gone(request.receive, depart))
    try:
        records = await waiting
    except asyncio.CancelledError:
        if forget is None or not request.state.login_over():
            raise
        raise NotSignedIn() from None
    finally:
        waiting.cancel()
        gone.cancel()
        depart()
        if forget is not None:
            forget()
    return Response(records, headers={"content-type": KIND.decode(), "cache-control": "no-store, no-transform"})


class _Probe(Response):
    """Three records at known times: a page that gets them together knows that something holds them back."""

    def __init__(self) -> None:
        self.status_code, self.background = 200, None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        for number, wait in enumerate(PROBE):
            await asyncio.sleep(wait)
            body = b"[%d]\n" % number
            await send({"type": "http.response.body", "body": body, "more_body": number < len(PROBE) - 1})


async def probe(request: Request) -> Response:
    """POST /live/probe"""
    return _Probe()


async def socket(websocket: WebSocket) -> None:
    """WebSocket /live/ws: the page sends its wish as the first message and gets the frames as text."""
    hub: Hub = websocket.scope["state"]["hub"]
    await websocket.accept()
    try:
        topic, cursor = _wish(await websocket.receive_json())
        channel = await hub.live.open(topic)
        _seen(hub, topic)
    except (NexusError, ValueError, KeyError) as error:
        code = error.code if isinstance(error, NexusError) else LiveRequestUnusable.code
        await websocket.close(4404, code)
        return
    except WebSocketDisconnect:
        return
    viewer = Guest(channel, websocket.scope["state"])
    gone = asyncio.create_task(_until_closed(websocket, viewer))
    try:
        async with aclosing(stream.plain(viewer, cursor)) as frames:
            async for piece in frames:
                await websocket.send_text(piece.decode())
        if viewer.ended == SIGNED_OUT:
            await websocket.close(CLOSED, NotSignedIn.code)
        elif viewer.ended:
            await websocket.close(1001, viewer.ended)
    except (OSError, RuntimeError, WebSocketDisconnect):  # it went away while we wrote
        pass
    finally:
        gone.cancel()
        viewer.leave()


async def _until_closed(websocket: WebSocket, viewer: Viewer) -> None:
    try:
        while True:
            await websocket.receive()
    except (RuntimeError, WebSocketDisconnect):
        viewer.end("")


routes: list[BaseRoute] = [
    Route("/live", live, methods=["POST"]),
    Route("/live/poll", poll, methods=["POST"]),
    Route("/live/probe", probe, methods=["POST"]),
    WebSocketRoute("/live/ws", socket),
]
