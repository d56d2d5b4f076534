# SPDX-License-Identifier: MIT
"""Time that goes on while the machine sleeps, and that nobody sets."""

import sys
import time


def steady() -> float:
    """Return seconds since some moment. Python's own monotonic clock stands still in a sleep on Linux and macOS, so
    that a laptop's lid would look like a clock that was set.
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    elif sys.platform == "win32":
        return time.monotonic()
    else:
        return time.clock_gettime(time.CLOCK_MONOTONIC)
