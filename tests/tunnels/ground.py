# SPDX-License-Identifier: MIT
"""What a fault of a tunnel happens on: real tunnels, the genuine cloudflared, Cloudflare's side, and an origin."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from opencode_nexus.secrets.redact import Secret
from tests.edge.edge import Edge
from tests.edge.origin import PIECES, Origin
from tests.edge.tunnel import Tunnel
from tests.edge.visitor import visitor
from tests.fakes.manager import ManagerUnderTest
from tests.leaks import remember


class Ground(ManagerUnderTest):
    """The tunnels lead to `origin`, which stands for the hub's own listener, through `edge`."""

    def __init__(self, root: Path, cloudflared: Path, edge: Edge, origin: Origin) -> None:
        super().__init__(root, cloudflared, edge.arguments)
        self.verified()
        self.edge, self.origin = edge, origin
        self.origins.port = int(origin.url.rsplit(":", 1)[1])

    async def opened(self, protocol: str = "http2", kind: str = "quick") -> tuple[str, str]:
        """Add and start a tunnel; returns its id and its address once that answers."""
        tunnel_id = await (self.add(protocol=protocol) if kind == "quick" else self.add_named(protocol))
        await self.manager.start_tunnel(tunnel_id)
        status = await self.until_state(tunnel_id, "ready")
        assert status.url is not None and status.protocol == protocol
        assert await self.visit(status.url) == 200
        return tunnel_id, status.url

    async def add_named(self, protocol: str = "http2", service: str | None = None) -> str:
        """Add a tunnel by its token; what it is at Cloudflare's side is `self.named`."""
        self.named: Tunnel = self.edge.add_tunnel("code.example.com", service=service or self.origin.url)
        secret = Secret(remember(self.named.token))
        return await self.add("named", kind="token", protocol=protocol, secret=secret)

    async def visit(self, url: str) -> int:
        """The status that a visitor of the public address gets."""

        def work() -> int:
            with visitor(self.edge, url) as client:
                return client.get("/echo").status_code

        return await asyncio.to_thread(work)

    async def until_visit(self, url: str, status: int, within: float = 60) -> None:
        """Wait until a visitor gets `status`."""
        async with asyncio.timeout(within):
            while await self.visit(url) != status:
                await asyncio.sleep(0.05)


class Stream:
    """A visitor's streamed POST, read in a thread; `text` is what has come, `whole` whether it ended well."""

    def __init__(self, ground: Ground, url: str) -> None:
        self.text, self.whole = "", False
        self._ground, self._url = ground, url
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with visitor(self._ground.edge, self._url) as client, client.stream("POST", "/stream") as answer:
                for piece in answer.iter_text():
                    self.text += piece
                    self._some.set()
            self.whole = self.text == "".join(PIECES)
        except Exception as error:  # it was cut: that is for the test to judge
            self.text += f" [{type(error).__name__}]"

    async def begun(self) -> None:
        """Let the origin say its first piece, and wait until it has come."""
        self._ground.origin.go_on()
        assert await asyncio.to_thread(self._some.wait, 20)

    async def ended(self) -> None:
        """Wait until it is over."""
        await asyncio.to_thread(self._thread.join, 30)
        assert not self._thread.is_alive()


@asynccontextmanager
async def ground(root: Path, cloudflared: Path, edge: Edge) -> AsyncIterator[Ground]:
    """Everything open; nothing that it started is left at the end."""
    with Origin() as origin:
        made = Ground(root, cloudflared, edge, origin)
        await made.open()
        try:
            yield made
        finally:
            await made.manager.close()
            left = made.carriers(), made.store.runs()
            await made.db.close()
            assert left == ([], [])
