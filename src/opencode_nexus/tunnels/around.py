# SPDX-License-Identifier: MIT
"""What every tunnel of the hub has around it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.store.activity import Activity
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.pauses import Pauses
from opencode_nexus.tunnels.program import Program
from opencode_nexus.tunnels.run import TunnelRuns
from opencode_nexus.tunnels.visits import Test

if TYPE_CHECKING:
    from opencode_nexus.tunnels.tunnel import Tunnel

Wanted = Callable[[], bool]  # whether a start that is under way is still wanted


@dataclass(frozen=True, slots=True)
class Around:
    """What every tunnel needs; `program` says which cloudflared to run, `test` visits a public address.

    `changed` is called when its public names or its process may be others; `save` keeps what is wanted of it.
    """

    runs: TunnelRuns
    bus: Bus
    tasks: Tasks
    activity: Activity
    program: Callable[[], Awaitable[Program]]
    test: Test | None
    pauses: Pauses
    changed: Callable[[], None]
    save: Callable[["Tunnel", TunnelConfig], Awaitable[None]]
