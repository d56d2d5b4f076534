# SPDX-License-Identifier: MIT
"""A message that OpenCode did not take, in Chromium: it is sent again or dropped, with script and without."""

import asyncio
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat_page import ChatApp
from tests.browser.walk import PATIENCE, Walk, keep, sights
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)

NOT_TAKEN = "OpenCode did not take this message."
TYPED = "Rename the shop to “The Corner”,\n\tand tell me which files name it."


@pytest.mark.parametrize("script", [True, False])
async def test_it_is_sent_again_or_dropped(walk: Walk, script: bool) -> None:
    app = ChatApp().start()
    try:
        session = await app.script(steps=[{"do": "untaken", "text": text} for text in (TYPED, "never mind")])
        page = await walk.page(375, script=script)
        await page.goto(app.address(session))
        if script:
            await page.get_by_label("Message", exact=True).fill("half a thought")
        marks = page.get_by_role("region", name=NOT_TAKEN)
        await expect(marks).to_have_count(2)
        await marks.filter(has_text="The Corner").get_by_role("button", name="Send again").click()
        await expect(marks).to_have_count(1)
        await marks.get_by_role("button", name="Drop it").click()
        await expect(marks).to_have_count(0)
        assert await page.locator(".msg.user .typed").all_text_contents() == [TYPED]
        if script:
            await expect(page.get_by_label("Message", exact=True)).to_have_value("half a thought")
    finally:
        app.kill()


async def test_how_it_looks(walk: Walk) -> None:
    app = ChatApp().start()
    try:
        session = await app.script(
            title="Lost and found",
            steps=[
                {"do": "user", "text": "What is in this folder?"},
                {"do": "begin"},
                {"do": "say", "text": "A small shop: three pages and their styles."},
                {"do": "end"},
                {"do": "untaken", "text": TYPED},
                {"do": "untaken", "text": "And commit it.", "sure": False},
            ],
        )
        for width, theme in sights(0):
            page = await walk.page(width, theme)
            await page.goto(app.address(session))
            await expect(page.get_by_role("region", name=NOT_TAKEN)).to_be_in_viewport()
            await keep(page, "chat-untaken", width, theme)
    finally:
        app.kill()


async def test_what_was_kept_as_the_hub_was_killed_is_sent_again(
    walk: Walk, tmp_path: Path, opencode_binary: Path
) -> None:
    with RealHub(tmp_path, opencode_binary) as hub:
        hub.set_up("--practice")
        hub.start()
        hub.make_token()
        server = await running(hub)
        with hub.api() as api:
            session = api.post(f"servers/{server['id']}/sessions", json={"title": "Kept"}).json()["id"]
        # Both die after the hub has kept the message, and before it is posted.
        hub.kill()
        os.kill(int(str(server["pid"])), signal.SIGKILL)
        with sqlite3.connect(hub.home / "nexus.db") as file:
            row = ("prt_00000000000000000000", server["id"], session, "tour of what was lost", None, None, time.time())
            file.execute(
                "INSERT INTO sent (id, server_id, session_id, text, model, agent, at) VALUES (?, ?, ?, ?, ?, ?, ?)", row
            )
        file.close()
        hub.start()
        await running(hub)
        page = await walk.signed_in(hub.url)
        await page.goto(f"{hub.url}chat/{server['id']}/{session}")
        mark = page.get_by_role("region", name=NOT_TAKEN)
        await expect(mark).to_contain_text("tour of what was lost")
        await mark.get_by_role("button", name="Send again").click()
        await expect(page.locator("article.user .typed")).to_have_text("tour of what was lost")
        await expect(mark).to_have_count(0)
        await expect(page.locator("article.assistant").first).to_be_visible()
        await once(page)
        await page.reload()
        await once(page)


async def once(page: Page) -> None:
    """The text stands there once."""
    await expect(page.get_by_text("tour of what was lost", exact=True)).to_have_count(1)


async def running(hub: RealHub) -> dict[str, object]:
    """The hub's server, once it runs."""
    with hub.api() as api:
        async with asyncio.timeout(PATIENCE / 1000):
            while True:
                server: dict[str, object] = api.get("servers").json()["items"][0]
                if server["state"] == "running":
                    return server
                await asyncio.sleep(0.1)
