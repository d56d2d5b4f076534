# SPDX-License-Identifier: MIT
"""A tunnel as it is seen."""

from dataclasses import dataclass, field
from typing import Literal

from opencode_nexus.tunnels.config import TunnelConfig

State = Literal["stopped", "starting", "connecting", "ready", "degraded", "failed"]
Outcome = Literal["works", "held back", "fails", "not tried"]
Verdict = Literal["passed", "partly", "not verified", "open"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that the self test tried: `name` nonce, post-stream, websocket, get-stream or no-login.

    `ms` is how long the first byte took, `spread_ms` from the first to the last piece (a stream that is held back
    comes at once, at the end). `detail` says what was seen.
    """

    name: str
    outcome: Outcome
    ms: float | None = None
    spread_ms: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What passes through the public address.

    `verdict`: passed; partly (reached, something is held back); not verified (it could not be reached yet, says
    nothing); open (a request with no login got something: the tunnel is closed at once). `transport` is what the chat
    will use from outside: post, ws, poll, or "" when not known.
    """

    at: float
    verdict: Verdict
    trials: tuple[Trial, ...]
    transport: str = ""
    round_trip_ms: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TunnelStatus:
    """How a tunnel is now. Times are epoch seconds; None: not known.

    `connections` are those registered with the edge, at `edges` (locations such as lhr01) over `protocol`.
    `round_trip_ms` is cloudflared's own figure to the edge (QUIC only). `requests` and `errors` since the process
    began. `problem` is an error of `tunnels.errors` as a problem document. `retry_at`: when it is tried again.
    `stops_at`: when it closes by itself. `stale`: it was changed and runs as it was before until it is restarted.
    """

    state: State = "stopped"
    since: float = 0.0
    url: str | None = None
    hostnames: tuple[str, ...] = ()
    connections: int = 0
    edges: tuple[str, ...] = ()
    protocol: str | None = None
    round_trip_ms: float | None = None
    requests: int | None = None
    errors: int | None = None
    pid: int | None = None
    started: float | None = None
    version: str | None = None
    adopted: bool = False
    reason: str = ""
    problem: dict[str, object] | None = None
    retry_at: float | None = None
    stops_at: float | None = None
    stale: bool = False
    selftest: SelfTest | None = None
    testing: bool = False
    graph: tuple[tuple[float, int, int], ...] = field(default=())
    """(when, requests, errors) in each interval of 10 s, the newest last, at most 60."""


@dataclass(frozen=True, slots=True)
class TunnelInfo:
    """One tunnel: what is wanted and what is seen."""

    id: str
    config: TunnelConfig
    status: TunnelStatus
    created: float
