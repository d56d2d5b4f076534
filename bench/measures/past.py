# SPDX-License-Identifier: MIT
"""Scrolling back 500 messages in a chat of 10,000: elements and memory of the page, memory of the hub."""

import psutil

from bench.noise import Noise
from bench.run import Run
from bench.subject import DEEP, Subject
from bench.tab import Tab, quoted

BACK = 500  # messages; LongSession makes two every 4 s
SPAN = BACK * 2000  # ms
FIRST = "+(document.querySelector('[data-at]')?.dataset.at || 0)"


async def measure(run: Run) -> None:
    """One variant, of Nexus alone: OpenCode's page names no message."""
    for time in range(run.times):
        for subject in run.subjects:
            if subject.name == "nexus":
                await once(run, subject, time)


async def once(run: Run, subject: Subject, time: int) -> None:
    chat = subject.chats[DEEP]
    with Noise() as noise:
        async with Tab(run.browser, subject, cache=True) as tab:
            await tab.before_load(f"window.__pl.watchText({quoted(chat.mark)})")
            await tab.go(subject.chat_url(chat.id))
            await tab.wait("window.__pl && __pl.textVis != null", 60)
            begun, hub = await tab.js(FIRST), _rss(subject)
            most = turns = 0
            await tab.page.locator(".talk").hover()
            while begun - await tab.js(FIRST) < SPAN and turns < 2000:
                await tab.page.mouse.wheel(0, -2000)
                most = max(most, await tab.js("document.querySelectorAll('*').length"))
                turns += 1
            back = (begun - await tab.js(FIRST)) // 2000
            heap = await tab.heap()
    run.results.add(
        subject.name, "past", "back", run=time, others=noise.others,
        messages=back, most_elements=most, hub_growth_mb=round(_rss(subject) - hub, 1), **heap,
    )  # fmt: skip


def _rss(subject: Subject) -> float:
    """Resident megabytes of our own processes."""
    total = 0
    for process in subject.own():
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6
