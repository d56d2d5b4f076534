# SPDX-License-Identifier: MIT
"""A loop whose clock can be moved, as that of a hub that was left alone for a while."""

import asyncio
from typing import cast


class Loop(asyncio.SelectorEventLoop):
    """asyncio's own; all that waits for less than `passed` seconds more has waited long enough."""

    passed = 0.0

    def time(self) -> float:
        return super().time() + self.passed


async def pass_time(seconds: float) -> None:
    """Move the running `Loop`'s clock; returns once what was due by then has begun."""
    if seconds:
        cast("Loop", asyncio.get_running_loop()).passed += seconds
        await asyncio.sleep(0.01)
