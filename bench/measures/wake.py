# SPDX-License-Identifier: MIT
"""A page whose processes were stopped, as when a phone sleeps, while 2,000 deltas came: how soon all of it is there."""

import asyncio
import time as clock

from bench.measures.stream import order
from bench.noise import Noise
from bench.run import Run
from bench.subject import Subject
from bench.tab import Tab, quoted
from tests.fakes.stopped_browser import stopped

RATE, SECONDS = 400, 5  # 2,000 deltas
SETTLE = 1.0  # s, for the last of them to have come as far as they come while the page sleeps
SLEPT = {"5s": 0, "5min": 300_000}  # ms by which the page's clock is on besides, as after a sleep of that length
# From the first look at its clock after more than a second of nothing; `passes` says by how much.
CLOCK = """(() => {
    const now = Date.now;
    let last = now(), more = 0;
    __pl.passes = 0;
    Date.now = () => {
        const t = now();
        if (t - last > 1000) { more += __pl.passes; __pl.passes = 0; }
        last = t;
        return t + more;
    };
    setInterval(Date.now, 50);
})()"""
# Which deltas the page shows, in order: a page may leave out the middle of so long an answer, but then always.
SHOWN = "(document.body.textContent.match(/⟦\\d+;/g) || []).join('')"


async def measure(run: Run) -> None:
    """Variants `5s` and `5min`: ms from the waking until the last delta is in the DOM, None when it never came.

    `as_fresh`: the page shows then what it shows when it is opened anew; `while_asleep`: deltas that it showed before
    it woke, which must be none.
    """
    for slept in SLEPT:
        for time in range(run.times):
            for subject in run.subjects:
                await once(run, subject, slept, time)


async def once(run: Run, subject: Subject, slept: str, time: int) -> None:
    name = f"{subject.name}wake{slept}n{time}"
    with Noise() as noise:
        async with Tab(run.browser, subject, cache=True) as tab:
            await tab.before_load(CLOCK)
            chat = await asyncio.to_thread(subject.new_chat, f"Wake {name}")
            await tab.go(subject.chat_url(chat))
            await tab.wait(f"document.querySelector({quoted(subject.composer)}) !== null", 30)
            await asyncio.sleep(2)
            # A short turn first, so that what a page loads lazily (Markdown, highlighter) is there.
            await tab.js(f"__pl.watchStream({quoted('STREAMEND' + name + 'warm')})")
            await order(run, subject, chat, 20, 1, name + "warm")
            await tab.wait("__pl.ended", 20)
            await tab.js(f"(__pl.watchStream({quoted('STREAMEND' + name)}), __pl.passes = {SLEPT[slept]}, null)")
            async with stopped(run.browser):
                written = await order(run, subject, chat, RATE, SECONDS, name)
                await asyncio.sleep(SETTLE)
                woken = clock.time() * 1000
            there = await tab.wait(f"(__pl.seen.get({len(written) - 1}) || [])[1]", 45)
            await asyncio.sleep(0.5)
            asleep = await tab.js(f"[...__pl.seen.values()].filter(([, at]) => at < {woken}).length")
            shown = await tab.js(SHOWN)
            await tab.go(subject.chat_url(chat))
            as_fresh = bool(await tab.wait(f"{SHOWN} === {quoted(shown)}", 30))
    ms = round(there - woken) if there else None
    figures = {"there_ms": ms, "deltas": len(written), "shown": shown.count("⟦"), "while_asleep": asleep}
    run.results.add(subject.name, "wake", slept, run=time, others=noise.others, as_fresh=as_fresh, **figures)
