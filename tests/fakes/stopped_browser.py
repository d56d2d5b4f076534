# SPDX-License-Identifier: MIT
"""A browser's pages put to sleep for real, as a phone or a closed laptop does it: their processes are stopped.

`Page.setWebLifecycleState` does not do it: the page that it "freezes" goes on (seen with Chromium 156 under Playwright,
which holds each page for visible). Nor does virtual time, which stops timers alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil
from playwright.async_api import Browser

KINDS = ("renderer", "network.mojom.NetworkService")  # what runs a page, and what takes its bytes off the network


@asynccontextmanager
async def stopped(browser: Browser) -> AsyncIterator[None]:
    """All pages of `browser` are stopped while the block runs: ask them nothing, for nothing answers."""
    session = await browser.new_browser_cdp_session()
    told = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    processes = [psutil.Process(one["id"]) for one in told["processInfo"] if one["type"] in KINDS]
    try:
        for process in processes:
            process.suspend()
        while not all(process.status() == psutil.STATUS_STOPPED for process in processes):
            await asyncio.sleep(0.01)
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
