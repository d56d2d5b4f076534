# SPDX-License-Identifier: MIT
"""A page that is put to sleep as a phone does it, and wakes up later."""

from playwright.async_api import Page, expect

DRAFT = "half a thought"
MINUTES = 300_000  # ms
# Lets a test move the page's clock, as it is after a sleep.
CLOCK = "{ const now = Date.now; window.slept = 0; Date.now = () => now() + window.slept; }"


class Sleeper:
    """A page with a draft in it, which can be put to sleep."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, address: str) -> None:
        self._cdp = await self.page.context.new_cdp_session(self.page)
        await self.page.add_init_script(CLOCK)
        await self.page.goto(address)
        await self.live()
        await self.page.locator("#composer").fill(DRAFT)

    async def live(self) -> None:
        """Until it is live, whichever way it took."""
        await expect(self.page.locator("[data-line]")).to_have_attribute("data-line", "live", timeout=30_000)

    async def sleep(self) -> None:
        """Freeze it: no timer and no stream of it runs from now on."""
        await self._cdp.send("Page.setWebLifecycleState", {"state": "frozen"})

    async def wake(self, slept: int) -> None:
        """Let it go on `slept` ms later."""
        await self._cdp.send("Page.setWebLifecycleState", {"state": "active"})
        await self.page.evaluate("slept => { window.slept = slept; }", slept)

    async def drafted(self) -> None:
        """What was typed is there."""
        await expect(self.page.locator("#composer")).to_have_value(DRAFT)
