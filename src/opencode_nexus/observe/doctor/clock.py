# SPDX-License-Identifier: MIT
"""The clock of the machine: whether it was set while the hub ran, or is behind what was written."""

import asyncio
from pathlib import Path

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked

JUMP = 5.0  # seconds; what keeps clocks in step moves them by less
AHEAD = 120.0  # seconds by which a file of ours may be newer than now
TODO = "Let the system set its clock by the network. Logins and tunnels depend on it."


async def look(around: Around) -> Looked:
    """Compare with a clock that nobody sets, and with the files that the hub wrote."""
    moved = around.set_by
    if abs(moved) > JUMP:
        way = "forward" if moved > 0 else "back"
        said = f"It was set {way} by {abs(moved):.0f} s since the hub began. Ages and graphs are off by that."
        return Looked("warn", said, TODO)
    newest = await asyncio.to_thread(_newest, around.home.path)
    ahead = newest - around.clock.now()
    if ahead > AHEAD:
        return Looked("warn", f"It is behind: the hub wrote files {ahead:.0f} s from now.", TODO)
    return Looked("pass", "It goes evenly.")


def _newest(home: Path) -> float:
    """Return when the newest of the hub's own files was written, in epoch seconds; 0 when there is none."""
    found = 0.0
    for name in ("nexus.db", "nexus.db-wal", "hub.json", "logs/hub.log"):
        try:
            found = max(found, (home / name).stat().st_mtime)
        except OSError:
            continue
    return found
