# SPDX-License-Identifier: MIT
"""Tunnels that only remember: the Manager's methods without any cloudflared, and states to put them in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.install.cloudflared.check import Cloudflared
from opencode_nexus.install.progress import Progress
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import TunnelExists, TunnelNotFound, TunnelStopped
from opencode_nexus.tunnels.status import SelfTest, Trial, TunnelInfo, TunnelStatus

Words = list[str]  # inside the class `list` is a method
CLOUDFLARED = Cloudflared(Path("/opt/cloudflared"), (2026, 6, 0), "ab" * 32)
URL = "https://calm-poc-words.trycloudflare.com"


def tested(at: float) -> SelfTest:
    """A self test as one of a quick tunnel ends."""
    return SelfTest(
        at=at,
        verdict="partly",
        trials=(
            Trial("nonce", "works", 41.2),
            Trial("post-stream", "works", 44.0, 903.0),
            Trial("websocket", "works", 21.4, 880.0),
            Trial("get-stream", "held back", 912.0, 0.4, "It came at once, at its end."),
            Trial("no-login", "works", 39.0),
        ),
        transport="post",
        round_trip_ms=43.0,
        detail="A streamed GET is held back, which the chat does not use.",
    )


def ready(now: float, **more: Any) -> TunnelStatus:
    """A tunnel that is open, measured and tested."""
    graph = tuple((now - 600 + 10 * n, (n * 7) % 11, 1 if n % 13 == 0 else 0) for n in range(60))
    values: dict[str, Any] = {
        "state": "ready", "since": now - 3700, "url": URL, "hostnames": (URL.removeprefix("https://"),),
        "connections": 1, "edges": ("lhr01",), "protocol": "quic", "round_trip_ms": 11.6, "requests": 312, "errors": 5,
        "pid": 4242, "started": now - 3705, "version": "2026.6.0", "stops_at": now + 7 * 3600,
        "selftest": tested(now - 3600), "graph": graph,
    }  # fmt: skip
    return TunnelStatus(**{**values, **more})


class FakeTunnels:
    """In place of `tunnels.manager.Manager`; `fails` is raised by the next start, `makes` by the next making."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self.infos: dict[str, TunnelInfo] = {}
        self.secrets: dict[str, Secret | None] = {}
        self.started: list[str] = []
        self.lines: list[str] = []
        self.fails: NexusError | None = None
        self.makes: NexusError | None = None
        self.closings = 0

    # what a test puts in

    def put(self, name: str, kind: Any = "quick", status: TunnelStatus | None = None, **more: Any) -> str:
        """Add a tunnel in this state; returns its id."""
        tunnel_id = f"tun_{len(self.infos) + 1}"
        config = TunnelConfig(name=name, kind=kind, **more)
        self.infos[tunnel_id] = TunnelInfo(tunnel_id, config, status or TunnelStatus(), self._clock.now())
        return tunnel_id

    def see(self, tunnel_id: str, status: TunnelStatus) -> None:
        """Let a tunnel be in another state, and tell it."""
        self.infos[tunnel_id] = replace(self.infos[tunnel_id], status=status)
        self._bus.publish("tunnel", self.infos[tunnel_id])

    # what the Manager offers

    def list(self) -> list[TunnelInfo]:
        return [*self.infos.values()]

    def get(self, id_or_name: str) -> TunnelInfo:
        for info in self.infos.values():
            if id_or_name in (info.id, info.config.name):
                return info
        raise TunnelNotFound(f"It was asked for as {id_or_name!r}.")

    def hostnames(self) -> frozenset[str]:
        return frozenset(name for info in self.infos.values() for name in info.status.hostnames)

    def pids(self) -> frozenset[int]:
        return frozenset()

    def visited(self, hostname: str) -> None:
        return None

    async def create_tunnel(self, config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo:
        if self.makes is not None:
            raise self.makes
        if any(info.config.name == config.name for info in self.infos.values()):
            raise TunnelExists(f"It is {config.name!r}.")
        tunnel_id = f"tun_{len(self.infos) + 1}"
        self.infos[tunnel_id] = TunnelInfo(tunnel_id, config, TunnelStatus(), self._clock.now())
        self.secrets[tunnel_id] = secret
        return self.infos[tunnel_id]

    async def change_tunnel(self, tunnel_id: str, config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo:
        info = self.get(tunnel_id)
        stale = info.status.state not in ("stopped", "failed")
        self.infos[tunnel_id] = replace(info, config=config, status=replace(info.status, stale=stale))
        if secret is not None:
            self.secrets[tunnel_id] = secret
        self._bus.publish("tunnel", self.infos[tunnel_id])
        return self.infos[tunnel_id]

    async def remove_tunnel(self, tunnel_id: str) -> None:
        del self.infos[self.get(tunnel_id).id]
        self._bus.publish("tunnel-removed", tunnel_id)

    async def start_tunnel(self, tunnel_id: str, *, since: int | None = None) -> TunnelInfo:
        if self.fails is not None:
            raise self.fails
        if since not in (None, self.closings):
            raise TunnelStopped()
        self.started.append(tunnel_id)
        now = self._clock.now()
        self.see(tunnel_id, TunnelStatus(state="connecting", since=now, pid=4242, started=now, version="2026.6.0"))
        return self.get(tunnel_id)

    async def stop_tunnel(self, tunnel_id: str) -> None:
        self.see(self.get(tunnel_id).id, TunnelStatus(since=self._clock.now()))

    async def restart_tunnel(self, tunnel_id: str) -> TunnelInfo:
        await self.stop_tunnel(tunnel_id)
        return await self.start_tunnel(tunnel_id)

    async def stop_all(self) -> Words:
        self.closings += 1
        stopped = [info for info in self.infos.values() if info.status.state != "stopped"]
        for info in stopped:
            await self.stop_tunnel(info.id)
        return [info.config.name for info in stopped]

    async def logs(self, tunnel_id: str, lines: int = 200) -> Words:
        return self.lines[-lines:]

    async def run_selftest(self, tunnel_id: str) -> SelfTest:
        info, found = self.get(tunnel_id), tested(self._clock.now())
        self.see(info.id, replace(info.status, selftest=found))
        return found


class FakeCloudflared:
    """In place of `install.cloudflared.installer.CloudflaredInstaller`; `found` is a program, or why there is none."""

    def __init__(self, found: Cloudflared | NexusError) -> None:
        self.found = found
        self.progress = Progress()
        self.brings: Cloudflared | NexusError = found

    @property
    def running(self) -> bool:
        return self.progress.running

    async def look(self) -> Cloudflared:
        if isinstance(self.found, NexusError):
            raise self.found
        return self.found

    def bring(self) -> None:
        self.progress = Progress(
            "downloading", "2026.6.0", text="Fetching cloudflared.", done=4_000_000, total=39_244_160
        )

    async def wait(self) -> Cloudflared:
        if isinstance(self.brings, NexusError):
            self.progress = Progress("failed", "2026.6.0", text=str(self.brings), error=self.brings.problem())
            raise self.brings
        self.found, self.progress = self.brings, Progress("done", "2026.6.0", text="cloudflared 2026.6.0 is ready.")
        return self.brings

    async def cancel(self) -> None:
        self.progress = Progress("cancelled", "2026.6.0", text="Cancelled.")
