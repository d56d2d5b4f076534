# SPDX-License-Identifier: MIT
"""The pages of remote access on a port of this machine, over tunnels that only remember, for a browser."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import NetworkBlocked
from opencode_nexus.tunnels.providers.cloudflare.steps import TEXTS, Step
from opencode_nexus.tunnels.status import TunnelInfo, TunnelStatus
from tests.fakes.remote_hub import application, remote_hub
from tests.fakes.tunnels import FakeTunnels, ready

CONNECTION = "INF Registered tunnel connection connIndex=0 connection=ba36b74a ip=198.51.100.23 location=lhr01"


class Making:
    """A tunnel that is being made at Cloudflare until `go_on` is set."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def tell(self, name: str, state: Any) -> None:
        """Tell of one step, once it has begun."""
        await self.begun.wait()
        self._hub.bus.publish("tunnel-step", Step(name, TEXTS[name], state))


@dataclass(frozen=True, slots=True)
class RemotePages:
    """The hub, and where it is; `url` ends with a slash."""

    hub: Any
    url: str

    @property
    def tunnels(self) -> FakeTunnels:
        found: FakeTunnels = self.hub.tunnels
        return found

    async def hold_the_making(self) -> Making:
        """Let the next making begin and wait."""
        making, create = Making(self.hub), self.tunnels.create_tunnel

        async def slow(config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo:
            self.hub.bus.publish("tunnel-step", Step("check", TEXTS["check"], "running"))
            making.begun.set()
            await making.go_on.wait()
            return await create(config, secret=secret)

        self.tunnels.create_tunnel = slow  # type: ignore[method-assign]
        return making

    async def furnish(self) -> None:
        """One tunnel of each state, somebody who came in, and a log."""
        now = self.hub.clock.now()
        self.tunnels.put("Quick tunnel", status=ready(now), stop_idle=28800.0)
        failed = TunnelStatus(
            state="failed", since=now - 60, problem=NetworkBlocked("Port 7844 is shut.").problem(), retry_at=now + 7200
        )
        self.tunnels.put("Home", "token", failed, autostart=True)
        self.tunnels.put("Work", "api", hostname="code.example.com", account="acc1", zone="zone1")
        self.tunnels.put("Starting", status=TunnelStatus(state="connecting", pid=7, since=now))
        self.tunnels.lines = [f"2026-11-28T12:{minute:02}:00Z {CONNECTION}" for minute in range(30)]
        user = self.hub.access.users()[0].id
        await self.hub.access.admit_device(user, "Pocket", agent="", address="203.0.113.9", remote=True)


@asynccontextmanager
async def remote_pages(folder: Path, base: str = "") -> AsyncIterator[RemotePages]:
    """Serve them until the test ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with remote_hub(folder, SystemClock(), base) as hub:
            # of a page that took to its WebSocket, websockets tells the cookie at DEBUG, which a hub's own log blanks
            told = logging.getLogger("uvicorn.error")
            level = told.level
            told.setLevel(logging.WARNING)
            config = uvicorn.Config(application(hub), lifespan="off", log_config=None, timeout_graceful_shutdown=1)
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield RemotePages(hub, f"http://127.0.0.1:{listener.getsockname()[1]}{base}/")
            finally:
                told.setLevel(level)
                await hub.live.close()
                server.should_exit = True
                await task
