# SPDX-License-Identifier: MIT
"""How long is waited, by the cause."""

from opencode_nexus.core.errors import NexusError
from opencode_nexus.tunnels.errors import (
    CloudflaredEnded,
    CloudflaredMissing,
    CloudflaredSwapped,
    CloudflaredTooOld,
    NetworkBlocked,
    RateLimited,
    RouteOpen,
    TokenMissing,
)
from opencode_nexus.tunnels.pauses import Pauses


def in_a_row(problem: NexusError, times: int) -> list[float | None]:
    now, failures, pauses = 1000.0, list[tuple[float, str]](), list[float | None]()
    for _ in range(times):
        failures.append((now, problem.code))
        pauses.append(Pauses().before_next(problem, failures, now))
        now += pauses[-1] or 0
    return pauses


def test_after_429_it_is_minutes() -> None:
    assert in_a_row(RateLimited(), 6) == [300, 600, 1200, 2400, 3600, 3600]


def test_without_a_network_it_is_tried_each_minute_for_ever() -> None:
    assert in_a_row(NetworkBlocked(), 200)[:6] == [5, 10, 20, 40, 60, 60]
    assert in_a_row(NetworkBlocked(), 200)[-1] == 60


def test_a_cloudflared_that_ends_is_started_at_once_and_then_later_and_later() -> None:
    assert in_a_row(CloudflaredEnded(), 12)[:4] == [1, 2, 4, 8]
    assert in_a_row(CloudflaredEnded(), 12)[-1] == 300


def test_each_cause_is_counted_by_itself() -> None:
    failures = [(1000.0, RateLimited.code)] * 5 + [(1001.0, CloudflaredEnded.code)]
    assert Pauses().before_next(CloudflaredEnded(), failures, 1001) == 1


def test_what_would_fail_the_same_way_is_not_tried_again() -> None:
    for problem in (CloudflaredTooOld(), CloudflaredMissing(), CloudflaredSwapped(), RouteOpen(), TokenMissing()):
        assert in_a_row(problem, 1) == [None]
