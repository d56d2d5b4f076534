# SPDX-License-Identifier: MIT
"""Search and command palette in Chromium, on a real hub with the real OpenCode."""

import pytest
from playwright.async_api import expect

from tests.browser.talk import Talk, begin, eventually
from tests.browser.walk import PATIENCE, Walk, violations
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def told(hub: RealHub) -> Talk:
    """A chat that is over, and that the index has."""
    talk = begin(hub, "Tidy the notes")
    talk.say("Where is the <img src=x onerror=alert(1)> quokka in src/app_main.py?")
    talk.reply("once")
    talk.finished()

    def indexed() -> bool:
        with hub.api() as api:
            return bool(api.get("search", params={"q": '"what you have just seen"'}).raise_for_status().json()["items"])

    eventually(indexed, "the index has it")
    return talk


async def test_search_finds_as_one_types_and_leads_to_the_message(hub: RealHub, told: Talk, walk: Walk) -> None:
    page = await walk.signed_in(hub.url, bypass_csp=True)
    await page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Go to or search")
    await expect(box).to_be_focused()
    await page.keyboard.type("sear")
    await expect(page.get_by_role("option", name="Search", exact=True)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    field = page.get_by_role("searchbox", name="What to search for")
    await expect(field).to_be_focused()
    await page.keyboard.type("app_main quok")
    hit = page.locator(".hit")
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark")).to_have_text(["quokka", "app_main"])
    await expect(hit).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(page).to_have_url(f"{hub.url}search?q=app_main+quok")
    assert not await violations(page)

    await field.fill('"just seen" -quokka')
    await expect(hit.locator("mark")).to_have_text(["just seen"])
    await page.keyboard.press("ArrowDown")
    await expect(hit.first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{hub.url}{told.path}?at_message=*")
    shown = page.locator(f"[id='{page.url.rpartition('#')[2]}']")
    await expect(shown).to_be_in_viewport()
    await expect(shown).to_contain_text("What you have just seen")


async def test_the_palette_on_a_phone_and_the_list_of_keys(hub: RealHub, told: Talk, walk: Walk) -> None:
    page = await walk.signed_in(hub.url, 375, "dark", bypass_csp=True)
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("option", name="Tidy the notes")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")  # round to the last one
    await expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    assert not await violations(page)
    await page.get_by_role("combobox").fill("light colours")
    await page.get_by_role("option", name="Light colours").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")

    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("tidy")
    await expect(page.get_by_role("option").first.locator("mark")).to_have_text("Tidy")
    await page.keyboard.press("Enter")
    await page.wait_for_url(hub.url + told.path)

    await page.goto(hub.url)
    await page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(keys).to_contain_text("Go to a page or a chat, or search")
    assert not await violations(page)
    await keys.get_by_role("button", name="Turn single keys off").click()
    await page.keyboard.press("Escape")
    await expect(keys).to_be_hidden()
    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await expect(keys).to_be_hidden()
