# SPDX-License-Identifier: MIT
"""All of the stand-in on one event loop: what it knows, and its listeners."""

import asyncio
import ipaddress
import itertools
import ssl
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.edge import front, quic, quick
from tests.edge.authority import Authority
from tests.edge.connection import Connection
from tests.edge.faults import Faults
from tests.edge.http2 import Http2Connection
from tests.edge.messages import Registration
from tests.edge.tunnel import Tunnel

EDGE_NAMES = ("h2.cftunnel.com", "quic.cftunnel.com", "probe.cftunnel.com")  # what cloudflared asks for by SNI
# Two addresses for the edge: with one alone, cloudflared retries a refused one in a busy loop.
ADDRESSES = ("127.0.0.1", "127.0.0.2")
VISITOR = "203.0.113.7"
Serve = Callable[["Cloud", asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Cloud:
    """Everything in here is used on its own loop only; `edge.Edge` is the way in from elsewhere."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.faults = faults
        self.authority = Authority(folder)
        self.edge_certificate = self.authority.issue(*EDGE_NAMES)
        self.tunnels: dict[uuid.UUID, Tunnel] = {}
        self.connections: set[Connection] = set()
        self.registrations: list[Registration] = []
        self.local_configurations: list[bytes] = []
        self.lines: list[str] = []
        self.visitor = VISITOR
        self.quick_port = self.edge_port = self.front_port = 0
        self.addresses: list[str] = []
        self._turn = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._front: asyncio.Server | None = None
        self._inner: list[Callable[[], None]] = []  # each closes a listener that cloudflared connects to

    def note(self, line: str) -> None:
        """Keep a line about what happened."""
        self.lines.append(line)

    def soon(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it beside all else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def tunnel_of(self, host: str) -> Tunnel | None:
        """The tunnel to which a Host header leads."""
        name = host.partition(":")[0].lower()
        return next((tunnel for tunnel in self.tunnels.values() if name in tunnel.hostnames), None)

    def pick(self, tunnel: Tunnel | None) -> Connection | None:
        """One of its connections, each in turn."""
        if tunnel is None or not tunnel.connections:
            return None
        return tunnel.connections[next(self._turn) % len(tunnel.connections)]

    # -- listeners ---------------------------------------------------------------------------------

    async def open(self) -> None:
        """Listen: the front for good, the rest until `close_inner`."""
        context = self.authority.server("localhost")
        context.sni_callback = self._by_name
        self._front = await asyncio.start_server(self._accept(front.serve), ADDRESSES[0], 0, ssl=context)
        self.front_port = self._front.sockets[0].getsockname()[1]
        await self.open_inner()

    def _by_name(self, socket: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name and not _is_address(name):
            socket.context = self.authority.server(name)

    def _accept(self, serve: Serve) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.soon(serve(self, reader, writer))

        return accept

    async def open_inner(self) -> None:
        """Quick service and edge listen, on the ports that they had before, if any; nothing when they do already."""
        if self._inner:
            return
        service = await asyncio.start_server(self._accept(quick.serve), ADDRESSES[0], self.quick_port)
        self._inner.append(service.close)
        self.quick_port = service.sockets[0].getsockname()[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.edge_certificate)
        self.addresses = []
        for address in ADDRESSES:
            try:
                server = await asyncio.start_server(self._accept(_edge), address, self.edge_port, ssl=context)
            except OSError:
                if address == ADDRESSES[0]:
                    raise
                continue  # macOS has no second loopback address unless asked
            self._inner.append(server.close)
            self.edge_port = server.sockets[0].getsockname()[1]
            self._inner.append(await quic.listen(self, address, self.edge_port))
            self.addresses.append(f"{address}:{self.edge_port}")

    def close_inner(self) -> None:
        """What cloudflared connects to is gone, as when the network is."""
        for close in self._inner:
            close()
        self._inner.clear()
        self.cut()

    def cut(self) -> None:
        """Every connection from cloudflared breaks."""
        for connection in list(self.connections):
            connection.cut()

    async def close(self) -> None:
        """The end."""
        self.close_inner()
        if self._front is not None:
            self._front.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _edge(cloud: Cloud, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = Http2Connection(cloud, reader, writer)
    cloud.connections.add(connection)
    cloud.note("http2: connected")
    try:
        await connection.run()
    finally:
        cloud.connections.discard(connection)
        cloud.note("http2: closed")
