# SPDX-License-Identifier: MIT
"""Starting a tunnel where cloudflared may still have to be brought: one press does both."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.cloudflared.check import Cloudflared
from opencode_nexus.install.progress import Progress
from opencode_nexus.tunnels.errors import CloudflaredMissing, TunnelStopped
from opencode_nexus.tunnels.status import TunnelInfo

log = logging.getLogger(__name__)


class Tunnels(Protocol):
    """`tunnels.manager.Manager`, as far as it is needed here."""

    @property
    def closings(self) -> int: ...
    def get(self, id_or_name: str) -> TunnelInfo: ...
    async def start_tunnel(self, tunnel_id: str, *, since: int | None = None) -> TunnelInfo: ...


class Program(Protocol):
    """`install.cloudflared.installer.CloudflaredInstaller`, as far as it is needed here."""

    @property
    def progress(self) -> Progress: ...
    @property
    def running(self) -> bool: ...
    async def look(self) -> Cloudflared: ...
    def bring(self) -> None: ...
    async def wait(self) -> object: ...


class ActivityLog(Protocol):
    """Where people read what happened (`store.activity.Activity`)."""

    async def add(
        self, kind: str, text: str, *, level: Literal["info", "success", "warning", "error"] = "info"
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Which cloudflared would be run: `version` and `path`, else the `error`."""

    version: str = ""
    path: str = ""
    error: NexusError | None = None


class Opener:
    """Starts tunnels; `waiting` holds the ids of those that start as soon as cloudflared is here.

    `seen` is the cloudflared of the last look, for pages that are rendered without waiting; None: nobody looked yet.
    `own` gives the setting `cloudflared_binary`: when what it names is missing, none is brought in its place.
    """

    def __init__(
        self,
        *,
        tunnels: Tunnels,
        cloudflared: Program,
        tasks: Tasks,
        bus: Bus,
        activity: ActivityLog,
        own: Callable[[], str] = lambda: "",
    ) -> None:
        self._tunnels, self._cloudflared, self._tasks = tunnels, cloudflared, tasks
        self._bus, self._activity, self._own = bus, activity, own
        self.waiting: set[str] = set()
        self._forgotten = Counter[str]()  # how often, by tunnel
        self.seen: Seen | None = None

    async def look(self) -> Seen:
        """Look which cloudflared would be run; not while one is brought."""
        if not self._cloudflared.running:
            try:
                found = await self._cloudflared.look()
            except NexusError as error:
                self.seen = Seen(error=error)
            else:
                self.seen = Seen(".".join(map(str, found.version)), str(found.path))
        return self.seen or Seen()

    async def start(self, tunnel_id: str, *, since: int | None = None) -> None:
        """Start it now, or once cloudflared is brought; raises what the start gives, but CloudflaredMissing.

        Not when everything was closed since the tunnels' `closings` had the value `since`; None: it is wanted now.
        """
        if tunnel_id in self.waiting:
            return
        since, stops = self._tunnels.closings if since is None else since, self._forgotten[tunnel_id]
        try:
            await self._tunnels.start_tunnel(tunnel_id, since=since)
        except CloudflaredMissing:
            if self._own():
                raise
            if (since, stops) != (self._tunnels.closings, self._forgotten[tunnel_id]):
                raise TunnelStopped() from None
            if not self._cloudflared.running:
                self._cloudflared.bring()
            self.waiting.add(tunnel_id)
            self._tasks.spawn(self._later(tunnel_id), f"start {tunnel_id} once cloudflared is here")
            self._bus.publish("tunnel", self._tunnels.get(tunnel_id))

    def forget(self, tunnel_id: str) -> None:
        """Do not start it any more when cloudflared is here."""
        self._forgotten[tunnel_id] += 1
        if tunnel_id in self.waiting:
            self.waiting.discard(tunnel_id)
            self._tell(tunnel_id)

    def forget_all(self) -> None:
        """Start none any more when cloudflared is here."""
        for tunnel_id in tuple(self.waiting):
            self.forget(tunnel_id)

    async def _later(self, tunnel_id: str) -> None:
        try:
            await self._cloudflared.wait()
            if tunnel_id in self.waiting:
                self.waiting.discard(tunnel_id)
                await self._tunnels.start_tunnel(tunnel_id)
        except NexusError as error:
            log.warning("the tunnel %s did not start: %s", tunnel_id, error)
            await self._activity.add("tunnel-not-started", f"The tunnel did not start: {error}", level="error")
        finally:
            self.waiting.discard(tunnel_id)
            self._tell(tunnel_id)

    def _tell(self, tunnel_id: str) -> None:
        try:
            self._bus.publish("tunnel", self._tunnels.get(tunnel_id))
        except NexusError:  # removed meanwhile
            return
