# SPDX-License-Identifier: MIT
"""From the start of the process to ready, and what it holds ten seconds later."""

import asyncio

from bench.process import memory
from bench.run import Run


async def measure(run: Run) -> None:
    """Leaves every subject started."""
    for time in range(run.times):
        for subject in run.subjects:
            await asyncio.to_thread(subject.stop)
            reached = await asyncio.to_thread(subject.start)
            await asyncio.sleep(10)
            run.results.add(subject.name, "startup", "cold", run=time, own=memory(subject.own()), **reached)
