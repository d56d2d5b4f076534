# SPDX-License-Identifier: MIT
"""How long to wait before cloudflared is started again, by the cause of its end. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from opencode_nexus.core.errors import NexusError
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.tunnels.errors import (
    CloudflaredEnded,
    EdgeLost,
    NetworkBlocked,
    RateLimited,
    RefusedUnheard,
    RegistrationRefused,
    TunnelDeleted,
)

FOR_EVER = 1_000_000  # tries: whoever is away from home needs the tunnel back, so it is never given up
HOUR = 3600.0

# No figure is published for 429; other people's tools wait 5 minutes, and users report about an hour.
PAUSES: Mapping[type[NexusError], Backoff] = {
    RateLimited: Backoff(first=300, longest=HOUR, limit=FOR_EVER, window=4 * HOUR),
    NetworkBlocked: Backoff(first=5, longest=60, limit=FOR_EVER, window=HOUR),
    RefusedUnheard: Backoff(first=1, longest=300, limit=FOR_EVER, window=HOUR),
    EdgeLost: Backoff(first=1, longest=60, limit=FOR_EVER, window=HOUR),
    RegistrationRefused: Backoff(first=10, longest=300, limit=FOR_EVER, window=HOUR),
    CloudflaredEnded: Backoff(first=1, longest=300, limit=FOR_EVER, window=HOUR),
    # a new address at once; should that be dropped as well, later and later
    TunnelDeleted: Backoff(first=1, longest=300, limit=FOR_EVER, window=HOUR),
}


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pauses by cause. One that has none is not tried again: the same program, or token, would fail the same."""

    table: Mapping[type[NexusError], Backoff] = field(default_factory=lambda: PAUSES)

    def before_next(self, problem: NexusError, failures: Iterable[tuple[float, str]], now: float) -> float | None:
        """Return the seconds to wait, None: it is of no use. `failures` are (epoch seconds, code), this one too."""
        backoff = self.table.get(type(problem))
        if backoff is None:
            return None
        return backoff.pause([at for at, code in failures if code == problem.code], now)
