# SPDX-License-Identifier: MIT
"""A streamed answer watched in a page: provider's write → text in the DOM → painted frame."""

import asyncio
import time as clock
from typing import Any

from bench.noise import Noise
from bench.process import bytes_sent, cpu, memory
from bench.provider import Written
from bench.results import percentile
from bench.run import Run
from bench.subject import Subject
from bench.tab import Tab, quoted, spent

SECONDS = 10
RATES = ((50, 1), (200, 1), (200, 4))  # deltas a second, and how much slower the page's CPU is


async def measure(run: Run) -> None:
    """Variants `<rate>/cpu<1|4>`, and the memory of each subject's own processes after all of them."""
    for rate, slower in RATES:
        for time in range(run.times):
            for subject in run.subjects:
                await once(run, subject, rate, slower, time)
    for subject in run.subjects:
        run.results.add(subject.name, "memory", "after_stream", own=memory(subject.own()))


async def order(run: Run, subject: Subject, chat: str, rate: int, seconds: float, name: str) -> list[Written]:
    """Has the provider stream, and returns what it wrote once it has ended."""
    count = int(rate * seconds)
    text = f"STREAM n={count} r={rate} w=4 id={name}"
    await asyncio.to_thread(subject.prompt, chat, text)
    end = clock.monotonic() + seconds + 40
    while clock.monotonic() < end:
        await asyncio.sleep(0.25)
        if (written := run.provider.finished(name)) is not None:
            return written
    raise RuntimeError(f"{subject.name}: the provider did not finish {name}")


async def once(run: Run, subject: Subject, rate: int, slower: int, time: int) -> None:
    name = f"{subject.name}r{rate}c{slower}n{time}"
    with Noise() as noise:
        async with Tab(run.browser, subject, cache=True) as tab:
            chat = await asyncio.to_thread(subject.new_chat, f"Stream {name}")
            await tab.go(subject.chat_url(chat))
            await tab.wait(f"document.querySelector({quoted(subject.composer)}) !== null", 30)
            await asyncio.sleep(2)
            # A short turn first, so that what a page loads lazily (Markdown, highlighter) is there.
            await tab.js(f"__pl.watchStream({quoted('STREAMEND' + name + 'warm')})")
            await order(run, subject, chat, 20, 3, name + "warm")
            await tab.wait("__pl.ended", 20)
            await tab.quiet()
            await tab.throttle(slower)
            figures = await watched(run, subject, tab, chat, rate, name)
            heap = await tab.heap()
    run.results.add(subject.name, "stream", f"{rate}/cpu{slower}", run=time, others=noise.others, **figures, **heap)


async def watched(run: Run, subject: Subject, tab: Tab, chat: str, rate: int, name: str) -> dict[str, Any]:
    """The figures of one stream."""
    await tab.js(f"__pl.watchStream({quoted('STREAMEND' + name)})")
    before, own, sent = await tab.busy(), cpu(subject.own()), bytes_sent(subject.port)
    written = await order(run, subject, chat, rate, SECONDS, name)
    ended = await tab.wait("__pl.ended", 50)
    await asyncio.sleep(0.3)
    await tab.throttle(1)
    after, own_after, sent_after = await tab.busy(), cpu(subject.own()), bytes_sent(subject.port)
    seen, observer = await tab.js("[[...__pl.seen].map(x => [x[0], ...x[1]]), __pl.obs_ms]")
    dom = [at - wrote for _, wrote, at, _ in seen]
    frame = [painted - wrote for _, wrote, _, painted in seen if painted]
    # A socket that closed meanwhile takes its count along; then the figure is not known.
    wire = sent_after - sent if sent_after > sent else None
    return {
        "deltas": len(written),
        "seen": len(seen),
        "ended": bool(ended),
        "dom_p50": percentile(dom, 50),
        "dom_p95": percentile(dom, 95),
        "frame_p50": percentile(frame, 50),
        "frame_p95": percentile(frame, 95),
        "batches": len({at for _, _, at, _ in seen}),
        "observer_ms": round(observer),
        "bytes_per_delta": wire and round(wire / len(written), 1),
        "bytes_per_char": wire and round(wire / sum(one.chars for one in written), 2),
        "own_cpu_s": round(own_after - own, 2),
        **spent(before, after),
    }
