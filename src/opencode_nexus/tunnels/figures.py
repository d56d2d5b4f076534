# SPDX-License-Identifier: MIT
"""The counters in cloudflared's metrics. Pure."""

import re
from dataclasses import dataclass

INTERVAL = 10.0  # seconds of one column of the graph
COLUMNS = 60

_LINE = re.compile(r"^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted since the process began; `round_trip_ms` to the edge is there with QUIC only.

    `refusals`: registrations that the edge refused. Over QUIC cloudflared's log tells neither that nor why (2026.6.0).
    """

    requests: int = 0
    errors: int = 0
    round_trip_ms: float | None = None
    edges: tuple[str, ...] = ()
    refusals: int = 0


def read(text: str) -> Figures:
    """Return the figures in an answer of /metrics (Prometheus text)."""
    requests = errors = refusals = 0
    trips: list[float] = []
    edges: list[str] = []
    for line in text.splitlines():
        if line.startswith("#") or (match := _LINE.match(line)) is None:
            continue
        name, labels = match[1], dict(_LABEL.findall(match[2] or ""))
        try:
            value = float(match[3])
        except ValueError:
            continue
        if name == "cloudflared_tunnel_total_requests":
            requests += int(value)
        elif name == "cloudflared_tunnel_request_errors":
            errors += int(value)
        elif name == "cloudflared_tunnel_tunnel_register_fail" and labels.get("error") == "server_error":
            refusals += int(value)
        elif name == "quic_client_smoothed_rtt" and value > 0:
            trips.append(value)
        elif name == "cloudflared_tunnel_server_locations" and value and "edge_location" in labels:
            edges.append(labels["edge_location"])
    trip = round(sum(trips) / len(trips), 1) if trips else None
    return Figures(requests, errors, trip, tuple(sorted(set(edges))), refusals)


class Graph:
    """Requests and errors in each interval, from totals that only grow."""

    def __init__(self) -> None:
        self._columns: list[tuple[float, int, int]] = []
        self._seen: tuple[int, int] | None = None

    def begin(self, *, counted: bool) -> None:
        """Another process counts from now on; `counted`: it has done so for a while, and what it did is not of now."""
        self._seen = None if counted else (0, 0)

    def add(self, now: float, requests: int, errors: int) -> bool:
        """Take the totals at `now` (epoch seconds); True when a column has changed."""
        before, self._seen = self._seen, (requests, errors)
        start = now - now % INTERVAL
        if not self._columns or start > self._columns[-1][0]:
            self._columns.append((start, 0, 0))
            del self._columns[:-COLUMNS]
        if before is None:
            return False
        more = max(0, requests - before[0]), max(0, errors - before[1])
        if not any(more):
            return False
        at, had_requests, had_errors = self._columns[-1]
        self._columns[-1] = (at, had_requests + more[0], had_errors + more[1])
        return True

    def columns(self, now: float) -> tuple[tuple[float, int, int], ...]:
        """Return the columns of the last ten minutes, the newest last."""
        oldest = now - COLUMNS * INTERVAL
        return tuple(column for column in self._columns if column[0] > oldest)
