# SPDX-License-Identifier: MIT
"""A chat page loaded cold: bytes, and how long until the prompt box takes a key."""

import asyncio

from playwright.async_api import Error as BrowserError

from bench.noise import Noise
from bench.run import Run
from bench.subject import Subject
from bench.tab import Tab, quoted


async def measure(run: Run) -> None:
    """`fast`: this machine as it is; `slow_phone`: 1.6 Mbit/s, 150 ms, CPU × 4, 412 × 915 with touch."""
    for phone in (False, True):
        for time in range(run.times):
            for subject in run.subjects:
                await once(run, subject, phone, time)


async def once(run: Run, subject: Subject, phone: bool, time: int) -> None:
    empty = await asyncio.to_thread(subject.new_chat, "Empty chat")
    with Noise() as noise:
        async with Tab(run.browser, subject, phone=phone) as tab:
            await tab.before_load(f"window.__pl.watchComposer({quoted(subject.composer)})")
            await tab.go(subject.start_url(empty))
            composer = await tab.wait("window.__pl && __pl.composer", 180 if phone else 40)
            at_composer = tab.traffic()["kb"]
            await tab.quiet(seconds=10)
            paint = await tab.js("__pl.fcp")
            busy = await tab.busy()
            traffic = tab.traffic()
            typed = await types(tab, subject)
    run.results.add(
        subject.name, "load", "slow_phone" if phone else "fast", run=time, others=noise.others,
        composer_ms=round(composer) if composer else None, paint_ms=round(paint) if paint else None,
        kb_at_composer=at_composer, busy_ms=round(busy["TaskDuration"] * 1000), typed=typed, **traffic,
    )  # fmt: skip


async def types(tab: Tab, subject: Subject) -> bool:
    """True when a key that is pressed now lands in the prompt box."""
    try:
        await tab.page.locator(subject.composer).first.click(timeout=5000)
    except BrowserError:
        return False
    await tab.page.keyboard.type("hi")
    box = f"document.querySelector({quoted(subject.composer)})"
    return bool(await tab.js(f"({box}.value ?? {box}.innerText).includes('hi')"))
