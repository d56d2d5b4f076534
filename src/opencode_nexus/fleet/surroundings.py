# SPDX-License-Identifier: MIT
"""What every server of a fleet needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.fleet.gate import Gate
from opencode_nexus.fleet.run import Runs
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.store.activity import Activity


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`program` says which OpenCode to run, of a version or ("") the hub's; `prepare` makes its folders ready.

    `busy` says by a server's id whether the hub knows of an agent that works on it, `heard` when (monotonic seconds)
    its event stream last told something, None while there is none. `hang_after`: seconds after which one that hangs is
    started anew, 0: never. `judge` says what is wrong with a version of OpenCode, "" when nothing is.
    """

    runs: Runs
    bus: Bus
    tasks: Tasks
    activity: Activity
    program: Callable[[str], Awaitable[Path]]
    prepare: Callable[[], Awaitable[None]]
    busy: Callable[[str], Awaitable[bool]]
    heard: Callable[[str], float | None]
    hang_after: Callable[[], float]
    judge: Callable[[str], str]
    backoff: Backoff
    gate: Gate
