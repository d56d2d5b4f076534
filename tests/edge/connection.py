# SPDX-License-Identifier: MIT
"""What the edge knows of one connection from cloudflared, and the RPC on its control stream."""

import asyncio
import contextlib
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.edge import messages
from tests.edge.capnp import Segments, split_messages
from tests.edge.faults import UNAUTHORIZED
from tests.edge.tunnel import Tunnel

if TYPE_CHECKING:
    from tests.edge.cloud import Cloud

LOCATION = "lhr01"
Headers = list[tuple[str, str]]


class ConnectionLost(Exception):
    """The tunnel's connection went away before the exchange was over."""


@dataclass(frozen=True)
class Head:
    """The head of an answer; `own`: cloudflared answers for itself, as it could not reach the origin."""

    status: int
    headers: Headers
    own: bool


@dataclass(frozen=True)
class Ask:
    """A visitor's request as it goes into the tunnel."""

    method: str
    host: str
    path: str
    headers: Headers
    websocket: bool = False
    body: bool = False


class Exchange(ABC):
    """One request on its way: `head` comes first, then `body` piece by piece, None at its end."""

    def __init__(self) -> None:
        self.head: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self.body: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.closed = False
        self.whole = False

    def finish(self, whole: bool = False) -> None:
        """The answer is complete (`whole`), or lost."""
        if not self.closed:
            self.closed, self.whole = True, whole
            self.body.put_nowait(None)
            if not self.head.done():
                self.head.set_exception(ConnectionLost())
                self.head.exception()  # nobody may be waiting

    @abstractmethod
    async def send(self, data: bytes, end: bool = False) -> None:
        """A piece of the request's body; raises ConnectionLost."""

    @abstractmethod
    def consumed(self, size: int) -> None:
        """So many bytes of `body` have been passed on."""

    @abstractmethod
    def abort(self) -> None:
        """The visitor went away."""


class Connection(ABC):
    """One connection; the transports are `http2` and `quic`."""

    protocol = ""

    def __init__(self, cloud: "Cloud") -> None:
        self.cloud = cloud
        self.tunnel: Tunnel | None = None
        self.leaving = False  # unregistered or refused: hang up once nothing is on its way
        self._received = bytearray()

    @abstractmethod
    def write_control(self, data: bytes) -> None: ...

    @abstractmethod
    def busy(self) -> bool: ...

    @abstractmethod
    def hang_up(self) -> None: ...

    @abstractmethod
    def cut(self) -> None:
        """Drop it without a word, as a network failure does."""

    @abstractmethod
    def start(self, ask: Ask) -> Exchange: ...

    @abstractmethod
    async def configure(self, version: int, configuration: bytes) -> tuple[int, str]:
        """Push a configuration; returns (version that cloudflared uses now, error)."""

    def forget(self) -> None:
        """No more requests for this one."""
        if self.tunnel is not None and self in self.tunnel.connections:
            self.tunnel.connections.remove(self)

    def leave_when_idle(self) -> None:
        if self.leaving and not self.cloud.faults.keep_open and not self.busy():
            self.hang_up()

    def control_data(self, data: bytes) -> None:
        """Bytes of the control stream."""
        self._received += data
        for segments in split_messages(self._received):
            self._message(segments)

    def _message(self, segments: Segments) -> None:
        message = messages.parse(segments)
        self.cloud.note(f"{self.protocol}: rpc kind={message.kind} method={message.method} {message.text}")
        answer = b""
        if message.kind == messages.BOOTSTRAP:
            answer = messages.answer_bootstrap(message.number)
        elif message.kind == messages.CALL and message.content is not None:
            if message.method == messages.REGISTER:
                answer = self._register(message.number, messages.parse_registration(message.content))
            elif message.method == messages.UNREGISTER:
                answer = messages.answer_call(message.number)
                self.forget()
                self.leaving = True
            elif message.method == messages.LOCAL_CONFIGURATION:
                self.cloud.local_configurations.append(message.content.data(0))
                answer = messages.answer_call(message.number)
            else:
                answer = messages.answer_error(message.number, "no such method")
        if answer:
            self.write_control(answer)
        if self.leaving:
            asyncio.get_running_loop().call_later(0.05, self.leave_when_idle)

    def _register(self, question: int, asked: messages.Registration) -> bytes:
        cloud = self.cloud
        cloud.registrations.append(asked)
        tunnel = cloud.tunnels.get(uuid.UUID(bytes=asked.tunnel_id))
        refusal = cloud.faults.refuse_next.pop(0) if cloud.faults.refuse_next else cloud.faults.refuse
        if refusal is None and (tunnel is None or (tunnel.account, tunnel.secret) != (asked.account, asked.secret)):
            refusal = UNAUTHORIZED
        if refusal is not None or tunnel is None:
            refusal = refusal or UNAUTHORIZED
            self.leaving = True
            return messages.answer_refused(question, refusal.cause, refusal.retry_after)
        self.tunnel = tunnel
        tunnel.connections.append(self)
        managed = tunnel.ingress is not None
        if managed:
            cloud.soon(self.push(tunnel))
        return messages.answer_registered(question, uuid.uuid4().bytes, LOCATION, managed)

    async def push(self, tunnel: Tunnel) -> None:
        """Push the tunnel's present configuration."""
        with contextlib.suppress(ConnectionLost):
            tunnel.applied.append(await self.configure(tunnel.version, tunnel.configuration))
