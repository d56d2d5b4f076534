# SPDX-License-Identifier: MIT
"""Chats of 3,000 and 10,000 messages opened by address and by a click, until the newest message is in view."""

import asyncio

from bench.noise import Noise
from bench.run import Run
from bench.subject import DEEP, MESSAGES, SHORT, Chat, Subject
from bench.tab import Tab, quoted, spent


async def measure(run: Run) -> None:
    """Variants `<messages>/<address|click>/cpu<1|4>`; the short chat is the floor."""
    # A round holds every variant, as those that are compared must meet the same machine: with one variant after the
    # other the first was measured cold, and "3,000 beside 30" told which came first (133, 99, 65 ms for the same page).
    for time in range(run.times):
        # The three that are compared come in a row, each two others after its own click, so that the hub has or has not
        # its messages at hand alike: with the short one at hand and the long ones not, they took 26 % longer.
        for count, way, cpu in (
            (SHORT, "address", 1),
            (MESSAGES, "address", 1),
            (DEEP, "address", 1),
            (MESSAGES, "address", 4),
            (MESSAGES, "click", 4),
            (SHORT, "click", 1),
            (MESSAGES, "click", 1),
            (DEEP, "click", 1),
        ):
            for subject in run.subjects:
                await once(run, subject, subject.chats[count], f"{count}/{way}/cpu{cpu}", way, cpu, time)


async def once(run: Run, subject: Subject, chat: Chat, variant: str, way: str, cpu: int, time: int) -> None:
    empty = await asyncio.to_thread(subject.new_chat, "Empty chat")
    home = subject.start_url(empty)
    with Noise() as noise:
        async with Tab(run.browser, subject, cache=True) as tab:
            # Both begin with a warm HTTP cache; some pages list a chat only after it was open.
            await tab.go(subject.chat_url(chat.id) if way == "click" and subject.click_needs_visit else home)
            await asyncio.sleep(2)
            await tab.go(home)
            await tab.wait(f"document.querySelector({quoted(subject.composer)}) !== null", 30)
            await tab.quiet()
            await tab.throttle(cpu)
            before: dict[str, float] = {}
            tab.forget()
            if way == "address":
                await tab.before_load(f"window.__pl.watchText({quoted(chat.mark)})")
                await tab.go(subject.chat_url(chat.id))
            else:
                await tab.js(f"__pl.watchText({quoted(chat.mark)})")
                before = await tab.busy()
                await subject.click(tab.page, chat)
            seen = await tab.wait("window.__pl && __pl.textVis != null", 60 * cpu)
            after = await tab.busy()
            figures = await tab.js("({dom: __pl.textDom, visible: __pl.textVis, from: __pl.t0})")
            origin = figures["from"] if way == "click" else 0
            traffic = tab.traffic()
            heap = await tab.heap()
    run.results.add(
        subject.name, "long", variant, run=time, others=noise.others,
        dom_ms=round(figures["dom"] - origin) if seen else None,
        visible_ms=round(figures["visible"] - origin) if seen else None,
        kb=traffic["kb"], **spent(before, after), **heap,
    )  # fmt: skip
