# SPDX-License-Identifier: MIT
"""Time that goes on while the machine sleeps, and that nobody sets."""

import time


def steady() -> float:
    """Return seconds since some moment. Python's own monotonic clock stands still in a sleep on Linux and macOS, so
    that a laptop's lid would look like a clock that was set.
    """
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # Linux; macOS, where this one goes on
        if (number := getattr(time, name, None)) is not None:
            return time.clock_gettime(number)
    return time.monotonic()
