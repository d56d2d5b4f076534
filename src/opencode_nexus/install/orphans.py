# SPDX-License-Identifier: MIT
"""The npm of a hub that was killed while it ran: known by a mark in its environment, and ended at the next start."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

from opencode_nexus.processes.tree import end_all, marked, self_and_parents

log = logging.getLogger(__name__)

MARK = "OPENCODE_NEXUS_INSTALL"
GRACE = 2.0  # seconds to end by itself; nothing of it is worth keeping


def mark_of(downloads: Path) -> str:
    """Return the mark of what works below `downloads`; another home folder, or a copy of this one, has another."""
    return hashlib.sha256(str(downloads.resolve()).encode()).hexdigest()[:16]


def child_environment(environ: Mapping[str, str], downloads: Path) -> dict[str, str]:
    """Return the user's own environment, for their own npm settings, with the mark; what is the hub's stays away."""
    child = {name: value for name, value in environ.items() if not name.startswith("OPENCODE_NEXUS_")}
    child[MARK] = mark_of(downloads)
    return child


async def end_left(downloads: Path) -> None:
    """End what carries the mark of `downloads`: no job runs yet, so it is of a hub that is gone."""
    carriers, ours = await asyncio.gather(
        asyncio.to_thread(marked, MARK, mark_of(downloads)), asyncio.to_thread(self_and_parents)
    )
    found = [carrier.identity for carrier in carriers if carrier.identity.pid not in ours]
    if not found:
        return
    left = await end_all(found, GRACE)
    log.info("ended %d processes that still brought OpenCode for a hub that is gone", len(found) - len(left))
    if left:
        log.error("these leftovers of npm did not end: %s", [identity.pid for identity in left])
