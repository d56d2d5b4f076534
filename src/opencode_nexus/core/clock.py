# SPDX-License-Identifier: MIT
"""Where the time comes from."""

import time
from typing import Protocol


class Clock(Protocol):
    """The two times a program needs; both in seconds."""

    def now(self) -> float:
        """Wall-clock time since the epoch; may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Time that never goes back; only differences mean anything."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved: for tests of lockouts, back-off and expiry."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times forward by `seconds`."""
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as a clock correction does; `seconds` may be negative."""
        self._now += seconds
