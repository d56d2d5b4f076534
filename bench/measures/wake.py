# SPDX-License-Identifier: MIT
"""A page that was frozen, as a phone freezes it, while 2,000 deltas came: how soon after waking all of it is there."""

import asyncio
import time as clock

from bench.measures.stream import order
from bench.noise import Noise
from bench.run import Run
from bench.subject import Subject
from bench.tab import Tab, quoted

RATE, SECONDS = 400, 5  # 2,000 deltas


async def measure(run: Run) -> None:
    """Milliseconds from the waking until the last delta is in the DOM; None when it never came."""
    for time in range(run.times):
        for subject in run.subjects:
            await once(run, subject, time)


async def once(run: Run, subject: Subject, time: int) -> None:
    name = f"{subject.name}wake{time}"
    with Noise() as noise:
        async with Tab(run.browser, subject, cache=True) as tab:
            chat = await asyncio.to_thread(subject.new_chat, f"Wake {name}")
            await tab.go(subject.chat_url(chat))
            await tab.wait(f"document.querySelector({quoted(subject.composer)}) !== null", 30)
            await asyncio.sleep(2)
            await tab.js(f"__pl.watchStream({quoted('STREAMEND' + name)})")
            await tab.freeze()
            written = await order(run, subject, chat, RATE, SECONDS, name)
            woken = clock.time() * 1000
            await tab.wake()
            there = await tab.wait(f"(__pl.seen.get({len(written) - 1}) || [])[1]", 30)
    ms = round(there - woken) if there else None
    run.results.add(subject.name, "wake", "frozen", run=time, others=noise.others, there_ms=ms)
