# SPDX-License-Identifier: MIT
"""How far a job is: what it is doing, bytes, rate and the time left."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from opencode_nexus.core.clock import Clock

Stage = Literal["idle", "looking", "downloading", "verifying", "unpacking", "checking", "done", "failed", "cancelled"]
RUNNING: frozenset[Stage] = frozenset({"looking", "downloading", "verifying", "unpacking", "checking"})
Say = Callable[[Stage, str, str], None]  # stage, source, words
Report = Callable[[int, int | None], None]  # bytes done, bytes in all (None: nobody tells)
_WINDOW = 5.0  # seconds over which the rate is measured


@dataclass(frozen=True, slots=True)
class Progress:
    """One reading of a job: `done` and `total` in bytes (total None: nobody tells), `rate` in bytes a second
    over the last five seconds, `left` in seconds; None where it is not known. `error` is a problem
    document.
    """

    stage: Stage = "idle"
    version: str = ""
    source: str = ""
    text: str = ""
    done: int = 0
    total: int | None = None
    rate: float | None = None
    left: float | None = None
    error: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.stage in RUNNING

    @property
    def percent(self) -> int | None:
        """Whole percents of the present stage; None when the total is not known."""
        return None if not self.total else min(100, self.done * 100 // self.total)


class Meter:
    """Measures the rate of a growing count of bytes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._readings: deque[tuple[float, int]] = deque()

    def read(self, done: int, total: int | None) -> tuple[float | None, float | None]:
        """Take a reading; return the rate (bytes a second) and the seconds left; None: not known."""
        now = self._clock.monotonic()
        self._readings.append((now, done))
        while len(self._readings) > 2 and self._readings[1][0] <= now - _WINDOW:
            self._readings.popleft()
        since, before = self._readings[0]
        if now - since < 0.2 or done < before:
            return None, None
        rate = (done - before) / (now - since)
        left = (total - done) / rate if total and rate > 0 else None
        return rate, left
