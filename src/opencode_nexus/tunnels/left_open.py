# SPDX-License-Identifier: MIT
"""Closing what a hub that was killed has left open, while no hub runs."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.tree import marked
from opencode_nexus.store.db import Database
from opencode_nexus.store.place import settle
from opencode_nexus.store.tunnels import TunnelTable
from opencode_nexus.tunnels.arguments import MARK
from opencode_nexus.tunnels.reconcile import reconcile
from opencode_nexus.tunnels.takeup import clear, living, mark_prefix


@dataclass(frozen=True, slots=True)
class Closed:
    """The names of the tunnels that were open, and the processes that did not end."""

    names: list[str]
    left: list[Identity]


async def close_left_open(db: Database, home: Path) -> Closed:
    """End every cloudflared of this home folder, by the table of runs and by their mark.

    Only for who holds the lock of the folder: a hub would take what ends for a fault, and start it again.
    """
    await settle(db, home)  # those of a home that this one is a copy of are not ours to close
    store = TunnelTable(db)
    rows, prefix = store.runs(), mark_prefix(home)
    alive = await asyncio.to_thread(living, rows)
    carriers = await asyncio.to_thread(marked, MARK, f"{prefix}:")
    plan = reconcile((), (), rows, alive, carriers)  # none is wanted, so all of them are to be ended
    known = {row.id: str(json.loads(row.config)["name"]) for row in store.all()}
    found = [row.tunnel_id for row in rows if row.run_id in alive]
    found += [carrier.mark.split(":")[1] for carrier in carriers if carrier.mark.count(":") == 2]
    left = await clear(plan, store.over)
    return Closed([known.get(tunnel_id, tunnel_id) for tunnel_id in dict.fromkeys(found)], left)
