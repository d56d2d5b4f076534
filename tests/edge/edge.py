# SPDX-License-Identifier: MIT
"""The stand-in in a thread of its own: its methods may be called from anywhere, also from a test that blocks."""

import asyncio
import shlex
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.edge.authority import Authority
from tests.edge.cloud import Cloud
from tests.edge.faults import Faults
from tests.edge.messages import Registration
from tests.edge.tunnel import Tunnel

T = TypeVar("T")
WITHIN = 30.0  # seconds; cloudflared waits up to 20 s before it connects again


class Edge:
    """Cloudflare's side on loopback, with everything it writes below `folder`. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.faults = Faults()
        self._cloud = Cloud(folder, self.faults)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="edge", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._cloud.open())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._run(self._cloud.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN)

    def _call(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return self._run(run())

    # -- where it is -------------------------------------------------------------------------------

    @property
    def arguments(self) -> str:
        """Flags of cloudflared that lead it here: the setting cloudflared_arguments."""
        flags = ["--quick-service", f"http://127.0.0.1:{self._cloud.quick_port}", "--cacert", str(self.authority.path)]
        for address in self._cloud.addresses:
            flags += ["--edge", address]
        return shlex.join(flags)

    @property
    def front(self) -> str:
        """host:port of the front: the setting tunnel_front."""
        return f"127.0.0.1:{self._cloud.front_port}"

    @property
    def environ(self) -> dict[str, str]:
        """Environment of a hub whose tunnels lead here, and whose self test trusts the front."""
        return {
            "OPENCODE_NEXUS_CLOUDFLARED_ARGUMENTS": self.arguments,
            "OPENCODE_NEXUS_TUNNEL_FRONT": self.front,
            "SSL_CERT_FILE": str(self.authority.path),
        }

    @property
    def authority(self) -> Authority:
        """Whose certificates the edge and the front show."""
        return self._cloud.authority

    # -- what it knows -----------------------------------------------------------------------------

    @property
    def visitor(self) -> str:
        """The address that the front gives to each visitor who names none of its own (`visitor.visitor`)."""
        return self._cloud.visitor

    @visitor.setter
    def visitor(self, address: str) -> None:
        self._cloud.visitor = address

    @property
    def tunnels(self) -> list[Tunnel]:
        """All that were ever given out and not forgotten, oldest first."""
        return list(self._cloud.tunnels.values())

    @property
    def registrations(self) -> list[Registration]:
        """Each attempt of cloudflared to be registered, oldest first."""
        return list(self._cloud.registrations)

    @property
    def local_configurations(self) -> list[bytes]:
        """Each configuration that cloudflared told of, as JSON."""
        return list(self._cloud.local_configurations)

    @property
    def lines(self) -> list[str]:
        """What happened, for a person who looks at a failure."""
        return list(self._cloud.lines)

    def add_tunnel(self, *hostnames: str, service: str | None = None) -> Tunnel:
        """A named tunnel. With `service` it is managed here: that is pushed as where its names lead to."""
        tunnel = Tunnel(list(hostnames))
        if service is not None:
            tunnel.ingress, tunnel.version = _ingress(tunnel, service), 1

        def add() -> None:
            self._cloud.tunnels[tunnel.id] = tunnel

        self._call(add)
        return tunnel

    def configure(self, tunnel: Tunnel, service: str) -> None:
        """Change where a managed tunnel's names lead to, and push that now."""

        async def push() -> None:
            tunnel.ingress, tunnel.version = _ingress(tunnel, service), tunnel.version + 1
            for connection in list(tunnel.connections):
                await connection.push(tunnel)

        self._run(push())

    # -- what it does badly (see also `faults`) ----------------------------------------------------

    def cut(self) -> None:
        """Break every connection from cloudflared; it may connect again at once. QUIC: it notices after 5 s."""
        self._call(self._cloud.cut)

    def go_down(self) -> None:
        """Nothing that cloudflared connects to answers any more; the front still does, with 530."""
        self._call(self._cloud.close_inner)

    def come_up(self) -> None:
        """It is back, on the same ports; nothing happens when it never went."""
        self._run(self._cloud.open_inner())

    def forget(self, tunnel: Tunnel) -> None:
        """Drop the tunnel, as Cloudflare does with quick ones after a while: Unauthorized from now on."""

        def drop() -> None:
            del self._cloud.tunnels[tunnel.id]
            for connection in list(tunnel.connections):
                connection.cut()

        self._call(drop)

    # -- waiting -----------------------------------------------------------------------------------

    def wait_registered(self, tunnel: Tunnel | None = None, within: float = WITHIN) -> Tunnel:
        """Block until the tunnel, or the one added last, has a connection; returns it. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = tunnel or next(reversed(self.tunnels), None)
            if found is not None and found.connections:
                return found
            time.sleep(0.02)
        raise TimeoutError("nothing registered with the edge:\n" + "\n".join(self.lines[-20:]))


def _ingress(tunnel: Tunnel, service: str) -> list[dict[str, Any]]:
    return [{"hostname": name, "service": service} for name in tunnel.hostnames]
