# SPDX-License-Identifier: MIT
"""A page that sleeps and wakes up later, and can tell that it slept."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, expect

from tests.fakes.stopped_browser import stopped

DRAFT = "half a thought"
MINUTES = 300_000  # ms
# `did`: when (ms, by the true clock) the page did something. `passes`: ms by which its own clock is on, from the first
# look at it after a second in which nothing was done.
SPY = """{
    const now = Date.now, did = window.did = [];
    let last = now(), more = 0;
    window.passes = 0;
    Date.now = () => {
        const t = now();
        if (t - last > 1000) { more += passes; passes = 0; }
        last = t;
        return t + more;
    };
    const note = () => { Date.now(); did.push(now()); };
    setInterval(note, 20);
    new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
}"""
TOLD = """hidden => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    document.dispatchEvent(new Event(hidden ? "freeze" : "resume"));
}"""


class Sleeper:
    """A page with a draft in it, which can be put to sleep."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, address: str) -> None:
        """Open it, live, and begin to type."""
        await self.page.add_init_script(SPY)
        await self.page.goto(address)
        await self.live()
        await self.page.locator("#composer").fill(DRAFT)

    async def live(self) -> None:
        """Until it is live, whichever way it took."""
        await expect(self.page.locator("[data-line]")).to_have_attribute("data-line", "live")

    async def told(self, *, hidden: bool) -> None:
        """Tell the page what a phone's browser tells it before it stops it, and after; a laptop's lid says nothing."""
        await self.page.evaluate(TOLD, hidden)

    @asynccontextmanager
    async def asleep(self, passed: int = 0) -> AsyncIterator[None]:
        """Sleep while the block runs, and prove it; then its clock is on by `passed` ms more than it slept."""
        await self.page.evaluate("passed => { window.passes = passed; }", passed)
        browser = self.page.context.browser
        assert browser is not None
        async with stopped(browser):
            began = time.time() * 1000
            yield
            while time.time() * 1000 < began + 1100:  # for the page to see that it slept
                await asyncio.sleep(0.05)
            ended = time.time() * 1000
        did = await self.page.evaluate("window.did")
        assert [at for at in did if at < began], "the spy saw it awake"
        assert not [at for at in did if began < at < ended], "it slept"

    async def drafted(self) -> None:
        """What was typed is there."""
        await expect(self.page.locator("#composer")).to_have_value(DRAFT)
