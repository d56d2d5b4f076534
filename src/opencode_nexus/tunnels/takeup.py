# SPDX-License-Identifier: MIT
"""The start of a hub: tunnels that are still open are taken up, what is left over is ended, some are started."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from opencode_nexus.core.errors import NexusError
from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.identity import alive as is_alive
from opencode_nexus.processes.tree import Tree, end, end_all, marked, self_and_parents
from opencode_nexus.store.tunnels import TunnelRunRow
from opencode_nexus.tunnels.arguments import MARK
from opencode_nexus.tunnels.around import Around, Wanted
from opencode_nexus.tunnels.cloud import Cloud
from opencode_nexus.tunnels.errors import OriginDown, TunnelStopped
from opencode_nexus.tunnels.health import Finding
from opencode_nexus.tunnels.origins import all_of, by_port
from opencode_nexus.tunnels.reconcile import Plan, reconcile
from opencode_nexus.tunnels.run import KILL, TunnelRuns
from opencode_nexus.tunnels.tunnel import Tunnel

log = logging.getLogger(__name__)

MOVED = "The address is new: the hub listens at another place than before, and the tunnel was made anew for it."


class TakeUp:
    """Does it once for each life of the hub; `settle` drops runs that are another home's (`store.place.settle`)."""

    def __init__(
        self,
        runs: TunnelRuns,
        around: Around,
        cloud: Cloud | None,
        has_owner: Callable[[], bool],
        settle: Callable[[], Awaitable[bool]],
    ) -> None:
        self._runs, self._around, self._cloud, self._has_owner = runs, around, cloud, has_owner
        self._settle = settle
        self._origins = runs.origins

    async def begin(self, tunnels: Mapping[str, Tunnel], unless_closed: Callable[[Tunnel], Wanted]) -> None:
        """Return when what still runs is taken up; the rest goes on behind, unless it is closed meanwhile."""
        wanted = {tunnel_id: unless_closed(tunnel) for tunnel_id, tunnel in tunnels.items()}
        await self._settle()
        rows = self._runs.store.runs()
        alive = await asyncio.to_thread(living, rows)
        carriers = await asyncio.to_thread(marked, MARK, f"{self._runs.prefix}:")
        plan = reconcile(tunnels, all_of(self._origins), rows, alive, carriers)
        for tunnel_id, (row, identity) in plan.adopt.items():
            tunnel = tunnels[tunnel_id]
            tunnel.adopt(await self._runs.find(row, identity, tunnel.config))
            await tunnel.note("tunnel-adopted", f"Took up {tunnel.config.name}, which was still open.")
        self._around.tasks.spawn(self._go_on(plan, dict(tunnels), wanted), "tunnels that are to be started")

    async def _go_on(self, plan: Plan, tunnels: Mapping[str, Tunnel], wanted: Mapping[str, Wanted]) -> None:
        left = await clear(plan, self._runs.forget)
        if left:
            log.error("these leftovers did not end: %s", [identity.pid for identity in left])
        for tunnel in tunnels.values():
            if tunnel.id not in plan.lost and (tunnel.id in plan.adopt or not tunnel.config.autostart):
                continue
            if tunnel.config.kind == "token" and self._origins.moved:
                self._around.tasks.spawn(self._led_elsewhere(tunnel, wanted[tunnel.id]), f"close {tunnel.id}")
            else:
                news = MOVED if tunnel.id in plan.lost and tunnel.config.kind == "quick" else ""
                self._around.tasks.spawn(self._start(tunnel, wanted[tunnel.id], news), f"start {tunnel.id}")

    async def point(self, tunnel: Tunnel) -> None:
        """Let Cloudflare's configuration lead here where it is ours and leads to where the hub no longer listens.

        Raises a CloudflareError or ApiTokenMissing.
        """
        if tunnel.config.kind != "api" or tunnel.config.service == by_port(self._origins) or self._cloud is None:
            return
        there = await self._cloud.point(tunnel.id, tunnel.config)
        tunnel.config = replace(tunnel.config, service=there.service)  # it may have been changed meanwhile
        await self._around.save(tunnel, tunnel.config)

    async def _led_elsewhere(self, tunnel: Tunnel, wanted: Wanted) -> None:
        """Cloudflare's configuration leads to another program now, and is not ours: nobody must be sent there."""
        if not wanted():  # closed by a person, who knows it
            return
        here = by_port(self._origins)
        problem = OriginDown(f"Another program took the hub's port. Put {here} as the service, and start it again.")
        await tunnel.stop(Finding("failed", "", problem))
        await tunnel.note("tunnel-failed", f"{tunnel.config.name} was closed. {problem}", "error")

    async def _start(self, tunnel: Tunnel, wanted: Wanted, news: str) -> None:
        if not self._has_owner() or not wanted():
            return
        try:
            await self.point(tunnel)
        except NexusError as error:
            await tunnel.stop(Finding("failed", "", error))
            text = f"{tunnel.config.name} was not opened: it cannot be led to where the hub listens now. {error}"
            await tunnel.note("tunnel-failed", text, "error")
            return
        try:
            await tunnel.start(wanted, by_hand=False, news=news)
        except TunnelStopped:  # by a person, who knows it
            return
        except NexusError as error:
            log.warning("%s: %s", tunnel.id, error)  # the tunnel shows it


async def clear(plan: Plan, forget: Callable[[str], Awaitable[None]]) -> list[Identity]:
    """End what the plan says is to end, all at once, and forget those runs; returns what did not end."""

    async def finish(row: TunnelRunRow, identity: Identity | None) -> list[Identity]:
        left = await end(Tree(identity, MARK, row.mark), KILL)
        if not left:
            await forget(row.run_id)
        return left

    ours = await asyncio.to_thread(self_and_parents)
    leftovers = [found for found in plan.leftovers if found.pid not in ours]
    done = await asyncio.gather(end_all(leftovers, KILL), *(finish(row, identity) for row, identity in plan.end))
    return [identity for left in done for identity in left]


def mark_prefix(home: Path) -> str:
    """Return what stands first in each mark of this home: a copy of it in another place has marks of its own."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def living(rows: list[TunnelRunRow]) -> dict[str, Identity]:
    """Return, by run id, the processes of `rows` that still run. Blocks."""
    named = {
        row.run_id: Identity(row.pid, row.created, row.birth)
        for row in rows
        if row.pid is not None and row.created is not None
    }
    return {run_id: identity for run_id, identity in named.items() if is_alive(identity)}
