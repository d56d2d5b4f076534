# SPDX-License-Identifier: MIT
"""When to start again after a crash, and when to give up. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses of `first`, twice `first`, … up to `longest` seconds; given up at `limit` crashes in `window` seconds."""

    first: float = 1.0
    longest: float = 30.0
    limit: int = 5
    window: float = 600.0

    def recent(self, crashes: Iterable[float], now: float) -> int:
        """Count the crashes (epoch seconds) within the window before `now`.

        A crash in the future, which a clock set back leaves behind, counts while it is less than a window away.
        """
        return sum(1 for at in crashes if abs(now - at) <= self.window)

    def pause(self, crashes: Iterable[float], now: float) -> float | None:
        """Return the seconds to wait before the next start, the crash just now included; None: give up."""
        count = self.recent(crashes, now)
        if count >= self.limit:
            return None
        return float(min(self.first * 2 ** max(0, count - 1), self.longest))
