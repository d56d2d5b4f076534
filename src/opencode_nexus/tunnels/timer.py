# SPDX-License-Identifier: MIT
"""When a tunnel closes by itself: after a time, or when nobody has come through it for a while."""

from opencode_nexus.core.clock import Clock
from opencode_nexus.tunnels.config import TunnelConfig


class Timer:
    """Counts from `opened` (epoch seconds, kept over a restart of the hub) and from the last visit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.opened = 0.0
        self._visit = 0.0  # monotonic: setting the machine's clock must not close a tunnel that is in use

    def open(self, at: float) -> None:
        """It was opened at `at`; idleness counts from now."""
        self.opened, self._visit = at, self._clock.monotonic()

    def visited(self) -> None:
        """Somebody came through it."""
        self._visit = self._clock.monotonic()

    def stops_at(self, config: TunnelConfig) -> float | None:
        """Return when it closes by itself (epoch seconds), None for never."""
        ends = [] if config.stop_after is None else [self.opened + config.stop_after]
        if config.stop_idle is not None:
            idle = self._clock.monotonic() - self._visit
            ends.append(self._clock.now() + config.stop_idle - idle)
        return min(ends, default=None)

    def over(self, config: TunnelConfig) -> str:
        """Return why it is to be closed now, "" when it is not."""
        now = self._clock.now()
        if config.stop_after is not None and now >= self.opened + config.stop_after:
            return f"It closed by itself, {_words(config.stop_after)} after it was opened."
        if config.stop_idle is not None and self._clock.monotonic() - self._visit >= config.stop_idle:
            return f"It closed by itself: nobody came through it for {_words(config.stop_idle)}."
        return ""


def _words(seconds: float) -> str:
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{seconds:.0f} seconds"
