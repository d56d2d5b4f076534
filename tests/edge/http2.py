# SPDX-License-Identifier: MIT
"""A connection over TLS and HTTP/2, on which the edge is the client and cloudflared the server.

Stream 1 is asked to be the control stream; each further stream is a visitor's request. cloudflared packs the origin's
headers into one of its own.
"""

import asyncio
import base64
import contextlib
import json
import ssl
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from tests.edge.connection import Ask, Connection, ConnectionLost, Exchange, Head, Headers

if TYPE_CHECKING:
    from tests.edge.cloud import Cloud

UPGRADE = "cf-cloudflared-proxy-connection-upgrade"
STREAM_WINDOW, CONNECTION_WINDOW = 1 << 20, 1 << 24


def unpack_headers(packed: str) -> Headers:
    """cloudflared's form: base64 without padding, name:value, joined by semicolons."""

    def plain(part: str) -> str:
        return base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")

    pairs = [pair.partition(":") for pair in packed.split(";") if pair]
    return [(plain(name), plain(value)) for name, _, value in pairs]


class Http2Exchange(Exchange):
    """A stream."""

    def __init__(self, connection: "Http2Connection", stream: int) -> None:
        super().__init__()
        self._connection, self.stream = connection, stream
        self.window = asyncio.Event()

    def finish(self, whole: bool = False) -> None:
        super().finish(whole)
        self.window.set()

    async def send(self, data: bytes, end: bool = False) -> None:
        protocol, left = self._connection.protocol_state, memoryview(data)
        try:
            while left:
                if self.closed:
                    raise ConnectionLost
                room = min(protocol.local_flow_control_window(self.stream), protocol.max_outbound_frame_size, len(left))
                if room <= 0:
                    self.window.clear()
                    await self.window.wait()
                    continue
                protocol.send_data(self.stream, bytes(left[:room]))
                left = left[room:]
                await self._connection.flush()
            if end and not self.closed:
                protocol.end_stream(self.stream)
                await self._connection.flush()
        except (h2.exceptions.ProtocolError, ConnectionError) as error:
            raise ConnectionLost from error

    def consumed(self, size: int) -> None:
        try:
            self._connection.protocol_state.acknowledge_received_data(size, self.stream)
        except h2.exceptions.ProtocolError:
            return  # the stream is closed already
        self._connection.push_out()

    def abort(self) -> None:
        self._connection.drop(self.stream)


class Http2Connection(Connection):
    """Serves one accepted TLS socket until it ends."""

    protocol = "http2"

    def __init__(self, cloud: "Cloud", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(cloud)
        self._reader, self._writer = reader, writer
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self.protocol_state = h2.connection.H2Connection(config)
        self._exchanges: dict[int, Http2Exchange] = {}

    async def run(self) -> None:
        self.protocol_state.initiate_connection()
        self.protocol_state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW})
        self.protocol_state.increment_flow_control_window(CONNECTION_WINDOW)
        self._control = self._open("GET", "http", "localhost", "/", [(UPGRADE, "control-stream")])
        try:
            while data := await self._reader.read(65536):
                for event in self.protocol_state.receive_data(data):
                    self._event(event)
                await self.flush()
        except (ConnectionError, ssl.SSLError, h2.exceptions.ProtocolError) as error:
            self.cloud.note(f"http2: {error!r}")
        finally:
            self.forget()
            for exchange in list(self._exchanges.values()):
                exchange.finish()
            self._writer.close()

    def _open(
        self, method: str, scheme: str, host: str, path: str, headers: Headers, end: bool = False
    ) -> Http2Exchange:
        stream = self.protocol_state.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", scheme), (":authority", host), (":path", path)]
        self.protocol_state.send_headers(stream, [*pseudo, *headers], end_stream=end)
        self._exchanges[stream] = exchange = Http2Exchange(self, stream)
        self.push_out()
        return exchange

    def start(self, ask: Ask) -> Exchange:
        more = [(UPGRADE, "websocket")] if ask.websocket else []
        end = not ask.body and not ask.websocket
        return self._open(ask.method, "https", ask.host, ask.path, [*ask.headers, *more], end)

    async def configure(self, version: int, configuration: bytes) -> tuple[int, str]:
        exchange = self._open("PUT", "http", "localhost", "/", [(UPGRADE, "update-configuration")])
        body = {"version": version, "config": json.loads(configuration)}
        await exchange.send(json.dumps(body).encode(), end=True)
        received = b""
        while (piece := await exchange.body.get()) is not None:
            exchange.consumed(len(piece))
            received += piece
        if not received:
            raise ConnectionLost
        answer = json.loads(received)
        return int(answer["lastAppliedVersion"]), str(answer["err"] or "")

    def drop(self, stream: int) -> None:
        """The visitor of this stream went away."""
        if self._exchanges.pop(stream, None) is not None:
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self.protocol_state.reset_stream(stream, ErrorCodes.CANCEL)
            self.push_out()

    def push_out(self) -> None:
        data = self.protocol_state.data_to_send()
        if data and not self._writer.is_closing():
            self._writer.write(data)

    async def flush(self) -> None:
        self.push_out()
        await self._writer.drain()

    def _event(self, event: h2.events.Event) -> None:
        exchange = self._exchanges.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, h2.events.WindowUpdated):
            for each in [exchange] if exchange else list(self._exchanges.values()):
                each.window.set()
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.cloud.note(f"http2: cloudflared says good-bye, error {event.error_code}")
        elif exchange is None:
            return
        elif isinstance(event, h2.events.DataReceived):
            if exchange is self._control:
                exchange.consumed(event.flow_controlled_length or 0)
                self.control_data(event.data or b"")
            elif event.data:
                exchange.body.put_nowait(event.data)
        elif isinstance(event, h2.events.ResponseReceived) and not exchange.head.done():
            head = {str(name): str(value) for name, value in event.headers or []}
            own = '"cloudflared"' in head.get("cf-cloudflared-response-meta", "")
            packed = head.get("cf-cloudflared-response-headers", "")
            exchange.head.set_result(Head(int(head[":status"]), unpack_headers(packed), own))
        elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
            del self._exchanges[exchange.stream]
            exchange.finish(whole=isinstance(event, h2.events.StreamEnded))
            self.leave_when_idle()

    def write_control(self, data: bytes) -> None:
        self.protocol_state.send_data(self._control.stream, data)
        self.push_out()

    def busy(self) -> bool:
        return any(exchange is not self._control for exchange in self._exchanges.values())

    def hang_up(self) -> None:
        if not self._writer.is_closing():
            self.protocol_state.close_connection()
            self.push_out()
            self._writer.close()

    def cut(self) -> None:
        self._writer.transport.abort()
