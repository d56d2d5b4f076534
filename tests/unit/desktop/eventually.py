# SPDX-License-Identifier: MIT
"""Waiting for what another thread does."""

import time
from collections.abc import Callable

PATIENCE = 60.0  # seconds; only ends a test that waits for something that never comes


def eventually(look: Callable[[], object]) -> None:
    """Return once `look` gives something."""
    until = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)
