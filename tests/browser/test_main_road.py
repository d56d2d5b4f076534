# SPDX-License-Identifier: MIT
"""The whole first run with the keyboard alone, against the real OpenCode: from one command to an agent that answers."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.keys import Keys
from tests.browser.walk import PATIENCE, Walk, keep
from tests.browser.wizard import walk_the_wizard
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


@pytest.mark.parametrize("base", ["", "/x"])
async def test_from_one_command_to_an_answer_with_the_keyboard_alone(
    base: str, tmp_path: Path, opencode_binary: Path, walk: Walk
) -> None:
    with RealHub(tmp_path, opencode_binary) as hub:
        hub.start(*(["--base-path", base] if base else []))
        assert hub.url.endswith(f"{base}/")
        page = await walk.page()
        name = "road-base" if base else "road"
        await walk_the_wizard(page, hub, name)

        keys = Keys(page)
        await keys.fill("Message", "Hello, what is in this folder?")
        # every state of the answer that the page shows, to see that it came in pieces
        await page.evaluate(
            """() => { window.lengths = new Set(); new MutationObserver(() =>
            window.lengths.add(document.querySelector('main').innerText.length))
            .observe(document.querySelector('main'), {childList: true, subtree: true, characterData: true}); }"""
        )
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("main")).to_contain_text("practice model: a script, not an AI")
        ask = page.get_by_role("article", name="Run a command?")
        await expect(ask).to_contain_text("touch practice-note.txt")
        assert await page.evaluate("window.lengths.size") > 5
        await keep(page, f"{name}-7-asks", 1440, "light")
        note = hub.project / "practice-note.txt"
        assert not note.exists()

        await keys.press("Allow once")
        await expect(ask).to_have_count(0)
        await expect(page.get_by_role("heading", name="What you have just seen")).to_be_visible()
        assert note.exists()
        await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        await keep(page, f"{name}-8-answered", 1440, "light")

        said = await page.locator("main").inner_text()
        await page.reload()
        await expect(page.get_by_role("heading", name="What you have just seen")).to_have_count(1)
        assert "practice-note.txt" in said
        await page.goto(hub.url + "setup")
        await expect(page.get_by_role("main").get_by_role("link")).to_have_count(1)
        await expect(page.get_by_role("main").get_by_role("link")).to_have_attribute("href", f"{base}/settings")
