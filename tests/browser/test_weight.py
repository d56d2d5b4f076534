# SPDX-License-Identifier: MIT
"""What a chat page weighs as it crosses the wire: a phone on a poor line waits for each kilobyte."""

import asyncio
from typing import Any

import pytest

from tests.browser.talk import begin
from tests.browser.walk import Walk
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

MOST = 60 * 1024  # bytes, heads and bodies, of every file


async def test_every_file_of_a_chat_page_is_under_60_kb(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "An empty chat")
    page = await walk.signed_in(hub.url, worker=False)
    wire = await page.context.new_cdp_session(page)
    names: dict[str, str] = {}
    weights: dict[str, float] = {}

    def asked(event: dict[str, Any]) -> None:
        names[event["requestId"]] = event["request"]["url"].rpartition("/")[2]

    def came(event: dict[str, Any]) -> None:
        if event["requestId"] in names:  # not what the page before had begun
            weights[names[event["requestId"]]] = event["encodedDataLength"]

    wire.on("Network.requestWillBeSent", asked)
    wire.on("Network.loadingFinished", came)
    await wire.send("Network.enable")
    await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await page.goto(hub.url + talk.path)
    await page.locator("[data-line=live]").first.wait_for()
    async with asyncio.timeout(60):
        while {name for name in names.values() if name != "live"} - weights.keys():  # that one stays open
            await asyncio.sleep(0.05)
    assert {"wire.js", "nexus.css", "chat.css", "composer.js", "idiomorph.min.js"} <= weights.keys()
    assert 30_000 < sum(weights.values()) < MOST, weights
