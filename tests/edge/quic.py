# SPDX-License-Identifier: MIT
"""A connection over QUIC. Stream 0, opened by cloudflared, is the control stream: bare RPC. Each stream that the edge
opens begins with six magic bytes that say what it is: a visitor's request, or RPC from the edge to cloudflared.

qh3 below 2 is what can: cloudflared offers an X25519MLKEM768 key share alone, which aioquic does not speak, and qh3 2
mishandles the empty connection id of quic-go's client.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from qh3.asyncio.protocol import QuicConnectionProtocol
from qh3.asyncio.server import serve
from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection as Quic
from qh3.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent, StreamDataReceived, StreamReset

from tests.edge import messages
from tests.edge.capnp import split_messages
from tests.edge.connection import Ask, Connection, ConnectionLost, Exchange, Head

if TYPE_CHECKING:
    from tests.edge.cloud import Cloud

DATA_STREAM = bytes.fromhex("0a36cd12a13e") + b"01"
RPC_STREAM = bytes.fromhex("52bb825cdb65")
CANCELLED = 8
BOOTSTRAP_QUESTION, CONFIGURATION_QUESTION = 0, 1


class QuicExchange(Exchange):
    """A stream."""

    def __init__(self, connection: "QuicConnection", stream: int) -> None:
        super().__init__()
        self._connection, self._stream, self._early = connection, stream, bytearray()

    async def send(self, data: bytes, end: bool = False) -> None:
        if self.closed:
            raise ConnectionLost
        self._connection.send(self._stream, data, end)

    def consumed(self, size: int) -> None:
        pass  # QUIC's window opens by itself

    def abort(self) -> None:
        self._connection.drop(self._stream)

    def received(self, data: bytes, end: bool) -> None:
        """Bytes of the answer: its head until that is whole, then its body."""
        if not self.head.done():
            self._early += data
            data = self._read_head()
        if data:
            self.body.put_nowait(data)
        if end:
            self.finish(whole=True)

    def _read_head(self) -> bytes:
        rest = self._early[len(DATA_STREAM) :]
        segments = next(split_messages(rest), None)
        if segments is None:
            return b""
        error, metadata = messages.parse_connect_response(segments)
        status = int(dict(metadata).get("HttpStatus", 502))
        prefix = "HttpHeader:"
        headers = [(key.removeprefix(prefix), value) for key, value in metadata if key.startswith(prefix)]
        self.head.set_result(Head(status, headers, bool(error)))
        return bytes(rest)


class RpcStream:
    """RPC from the edge to cloudflared: one call, whose answer is `done`."""

    def __init__(self) -> None:
        self.done: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._received = bytearray()

    def received(self, data: bytes, end: bool) -> None:
        self._received += data
        for segments in split_messages(self._received):
            message = messages.parse(segments)
            answers = message.kind == messages.RETURN and message.number == CONFIGURATION_QUESTION
            if answers and not self.done.done():
                applied = messages.parse_applied(message.content) if message.content else (0, message.text)
                self.done.set_result(applied)
        if end:
            self.finish()

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionLost())
            self.done.exception()


class QuicConnection(Connection):
    """The edge's end of one connection."""

    protocol = "quic"

    def __init__(self, cloud: "Cloud", protocol: "Protocol") -> None:
        super().__init__(cloud)
        self._protocol = protocol
        self._streams: dict[int, QuicExchange | RpcStream] = {}

    def send(self, stream: int, data: bytes, end: bool = False) -> None:
        self._protocol.quic.send_stream_data(stream, data, end)
        self._protocol.transmit()

    def drop(self, stream: int) -> None:
        """The visitor of this stream went away."""
        if self._streams.pop(stream, None) is not None:
            self._protocol.quic.stop_stream(stream, CANCELLED)
            self._protocol.quic.reset_stream(stream, CANCELLED)
            self._protocol.transmit()

    def start(self, ask: Ask) -> Exchange:
        stream = self._protocol.quic.get_next_available_stream_id()
        self._streams[stream] = exchange = QuicExchange(self, stream)
        metadata = [("HttpMethod", ask.method), ("HttpHost", ask.host)]
        metadata += [(f"HttpHeader:{name}", value) for name, value in ask.headers]
        kind = messages.WEBSOCKET if ask.websocket else messages.HTTP
        head = messages.connect_request(f"https://{ask.host}{ask.path}", kind, metadata)
        self.send(stream, DATA_STREAM + head, not ask.body and not ask.websocket)
        return exchange

    async def configure(self, version: int, configuration: bytes) -> tuple[int, str]:
        stream = self._protocol.quic.get_next_available_stream_id()
        self._streams[stream] = rpc = RpcStream()
        ask = messages.ask_configuration(CONFIGURATION_QUESTION, BOOTSTRAP_QUESTION, version, configuration)
        self.send(stream, RPC_STREAM + messages.ask_bootstrap(BOOTSTRAP_QUESTION) + ask)
        try:
            return await rpc.done
        finally:
            if stream in self._streams:
                self.send(stream, b"", end=True)

    def event(self, event: QuicEvent) -> None:
        """What qh3 saw on this connection."""
        if isinstance(event, StreamDataReceived):
            if event.stream_id == 0:
                self.control_data(event.data)
            elif (stream := self._streams.get(event.stream_id)) is not None:
                if event.end_stream:
                    del self._streams[event.stream_id]
                stream.received(event.data, event.end_stream)
                self.leave_when_idle()
        elif isinstance(event, StreamReset) and (stream := self._streams.pop(event.stream_id, None)) is not None:
            stream.finish()
            self.leave_when_idle()

    def lost(self) -> None:
        """It is over, for whatever reason."""
        self.forget()
        self.cloud.connections.discard(self)
        for stream in list(self._streams.values()):
            stream.finish()
        self._streams.clear()

    def write_control(self, data: bytes) -> None:
        self.send(0, data)

    def busy(self) -> bool:
        return any(isinstance(stream, QuicExchange) for stream in self._streams.values())

    def hang_up(self) -> None:
        self._protocol.quic.close()
        self._protocol.transmit()

    def cut(self) -> None:
        # Nothing is said: cloudflared notices after its idle time, 5 s.
        self._protocol.deaf = True
        self.lost()


class Protocol(QuicConnectionProtocol):
    """qh3's end; `deaf`: nothing comes in or goes out any more."""

    deaf = False
    cloud: "Cloud"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._edge: QuicConnection | None = None
        self._heard = False  # before that qh3 has no address to send to

    @property
    def quic(self) -> Quic:
        return self._quic

    def _silent(self) -> bool:
        return self.deaf or self.cloud.faults.udp_dead

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self.cloud.note(f"quic: handshake, {event.alpn_protocol}")
            self._edge = QuicConnection(self.cloud, self)
            self.cloud.connections.add(self._edge)
        elif self._edge is None:
            return
        elif isinstance(event, ConnectionTerminated):
            self.cloud.note(f"quic: closed, {event.error_code} {event.reason_phrase}")
            self._edge.lost()
        else:
            self._edge.event(event)

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        if not self._silent():
            self._heard = True
            super().datagram_received(data, addr)

    def transmit(self) -> None:
        if self._heard and not self._silent():
            super().transmit()


async def listen(cloud: "Cloud", host: str, port: int) -> Callable[[], None]:
    """Serve QUIC on a UDP port; returns what closes it."""
    configuration = QuicConfiguration(
        is_client=False, alpn_protocols=["argotunnel"], max_datagram_frame_size=65536, idle_timeout=30.0
    )
    chain, key = cloud.edge_certificate
    configuration.load_cert_chain(str(chain), str(key))

    class Ours(Protocol):
        pass

    Ours.cloud = cloud
    server = await serve(host, port, configuration=configuration, create_protocol=Ours)
    return cast(Callable[[], None], server.close)
