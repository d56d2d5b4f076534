# SPDX-License-Identifier: MIT
"""The tunnels' own door: where cloudflared hands its requests in, and nobody else can.

To the hub cloudflared looks like any local program, so what it brings is told apart by the listener at which it
arrives: a Unix socket in the home folder, and a loopback port for tunnels whose origin stands in Cloudflare's
configuration. Each connection must come from a cloudflared of ours; what comes over it is marked as remote.
"""

import asyncio
import contextlib
import logging
import os
import random
import socket
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from opencode_nexus.processes.socket_peer import Address, at_port, at_socket
from opencode_nexus.web.ports import EditableSettings
from opencode_nexus.web.server import AddressUnusable, bind

log = logging.getLogger(__name__)

Pids = Callable[[], frozenset[int]]

HOST = "127.0.0.1"
PORTS = range(21_000, 30_000)  # below all systems' ports for outgoing connections, above cloudflared's for metrics
_KEY = "tunnel-port"
_LEFT = "tunnel-ports-left"
_REMEMBERED = 20  # ports that were left
_LONGEST = 100  # bytes; a socket's address holds 104 on macOS and 108 on Linux, its end included
# cloudflared keeps idle connections for 90 s; were ours shut first, a message that it sends just then would be lost
KEEP_ALIVE = 120
HOLD = 1 << 20  # bytes held from one that is still being looked up, some milliseconds
SAY_AGAIN = 60.0  # seconds between two words in the log about connections that were turned away


class TunnelDoor:
    """Both listeners. `pids` gives the processes whose connections are taken.

    `main` is the port of the hub's other door, and `taken` tells whether that door answers to a name.
    """

    def __init__(
        self, home: Path, kept: EditableSettings, pids: Pids, taken: Callable[[str], bool] = lambda name: False
    ) -> None:
        self._path, self._kept, self._pids = home / "tunnel.sock", kept, pids
        self._sockets: list[socket.socket] = []
        self._unix: Path | None = None
        self._said = -SAY_AGAIN
        # one thread of its own: whoever knocks and knocks keeps no other work waiting
        self._lookup = ThreadPoolExecutor(1, "tunnel-peer")
        self.moved, self.main, self._taken = False, 0, taken

    def taken(self, name: str) -> bool:
        """Whether the hub's main door answers to that name."""
        return self._taken(name)

    @property
    def left(self) -> frozenset[int]:
        """The ports that the hub had before, and lost to another program: whoever is led there meets a stranger."""
        return frozenset(int(port) for port in self._kept.get(_LEFT) or ()) - {self.port}

    @property
    def unix(self) -> Path | None:
        """The Unix socket; None where there is none, or the home folder's path is too long for one."""
        return self._unix

    @property
    def port(self) -> int:
        """The loopback port, the same at every start unless another program took it; 0 before the first."""
        return int(self._sockets[0].getsockname()[1] if self._sockets else self._kept.get(_KEY) or 0)

    async def open(self) -> None:
        """Listen. `moved` is True afterwards when the kept port is taken by another program, and this is another.

        The new one is kept from then on: it is what Cloudflare and people are told. Raises AddressUnusable when no
        port can be had.
        """
        kept = int(self._kept.get(_KEY) or 0)
        listener = _listen(kept) if kept else None
        self.moved = kept != 0 and listener is None
        if listener is None:
            listener = next(filter(None, map(_listen, random.sample(PORTS, 20))), None) or bind(HOST, 0)
        self._sockets = [listener]
        if self.moved:
            log.warning("port %d of the tunnels is taken by another program; it is %d from now on", kept, self.port)
            left = [port for port in self._kept.get(_LEFT) or () if port != kept]
            await self._kept.set(_LEFT, [*left, kept][-_REMEMBERED:])
        if kept != self.port:
            await self._kept.set(_KEY, self.port)
        if (unix := _listen_unix(self._path)) is not None:
            self._sockets.append(unix)
            self._unix = self._path

    def close(self) -> None:
        """Listen no more, and take the Unix socket away."""
        for listener in self._sockets:
            listener.close()
        self._sockets = []
        self._lookup.shutdown(wait=False, cancel_futures=True)
        if self._unix is not None:
            self._unix.unlink(missing_ok=True)
            self._unix = None

    async def serve(self, config: uvicorn.Config, state: ServerState) -> list[asyncio.AbstractServer]:
        """Answer at both with the application of `config`; connections are counted in `state`."""
        loop = asyncio.get_running_loop()

        def protocol() -> TunnelProtocol:
            return TunnelProtocol(config, state, self)

        return [
            await (
                loop.create_server(protocol, sock=listener)
                if listener.family == socket.AF_INET
                else loop.create_unix_server(protocol, sock=listener)
            )
            for listener in self._sockets
        ]

    def admits_socket(self, connection: Any) -> bool:
        """Whether a tunnel is at the other end of this connection to the Unix socket."""
        return at_socket(connection, self._pids())

    async def admits_port(self, peer: Address, own: Address) -> bool:
        """Whether a tunnel holds the other end of this connection to the port; takes some 5 ms, in a thread."""
        pids = self._pids()
        if not pids:
            return False
        return await asyncio.get_running_loop().run_in_executor(self._lookup, at_port, peer, own, pids)

    def turned_away(self) -> None:
        """Note that a connection was not taken."""
        now = asyncio.get_running_loop().time()
        if now - self._said >= SAY_AGAIN:  # whoever tries must not be able to fill the log
            self._said = now
            log.warning("a connection to the tunnels' door was turned away: it does not come from a tunnel")


class TunnelProtocol(HttpToolsProtocol):
    """HTTP for cloudflared alone, with `scope["state"]["remote"]` set, for WebSockets too.

    Over the Unix socket the system tells the other process at once. For a port it has to be looked up, in a thread;
    what arrives meanwhile is held, and parsed only once it is known to be a tunnel's. (Not to read would be simpler,
    but uvloop 0.23 reads on when it is told not to at this moment.)
    """

    def __init__(self, config: uvicorn.Config, state: ServerState, door: TunnelDoor) -> None:
        super().__init__(config, state, {"remote": True})
        self.timeout_keep_alive = KEEP_ALIVE
        self._door = door
        self._checking: asyncio.Task[None] | None = None
        self._admitted = False
        self._held = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection.family == socket.AF_INET:
            ends = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
            self._checking = self.loop.create_task(self._check(*ends), name="tunnel peer")
        elif self._door.admits_socket(connection):
            self._admitted = True
        else:
            self._refuse()

    async def _check(self, peer: Address, own: Address) -> None:
        try:
            self._admitted = await self._door.admits_port(peer, own)
        finally:
            if not self._admitted:
                self._refuse()
        if self._admitted and not self.transport.is_closing():
            held, self._held = bytes(self._held), bytearray()
            if held:
                super().data_received(held)

    def data_received(self, data: bytes) -> None:
        if self._admitted:
            super().data_received(data)
        elif len(self._held) < HOLD:
            self._held += data
        else:
            self._refuse()

    def _refuse(self) -> None:
        self._door.turned_away()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._checking is not None:
            self._checking.cancel()
        super().connection_lost(exc)


def _listen(port: int) -> socket.socket | None:
    try:
        return bind(HOST, port)
    except AddressUnusable:
        return None


def _listen_unix(path: Path) -> socket.socket | None:
    if len(os.fsencode(path)) > _LONGEST or not hasattr(socket, "AF_UNIX"):  # Windows' Python has none
        return None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):  # of a hub that was killed: we hold the lock of this folder
            if stat.S_ISSOCK(path.lstat().st_mode):
                path.unlink()
        listener.bind(str(path))  # only its owner can get into the folder
        path.chmod(0o600)
        listener.listen(2048)
    except OSError as error:  # some network file systems have no sockets; the port does for all kinds
        listener.close()
        log.warning("no Unix socket for tunnels at %s: %s", path, error)
        return None
    listener.setblocking(False)
    return listener
