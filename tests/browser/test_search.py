# SPDX-License-Identifier: MIT
"""Search and command palette in Chromium, on a real hub with the real OpenCode."""

import pytest
from playwright.async_api import expect

from tests.browser.tour import Tour
from tests.browser.walk import PATIENCE, Walk, violations

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


async def test_search_finds_as_one_types_and_leads_to_the_message(tour: Tour, walk: Walk) -> None:
    hub = tour.hub
    page = await walk.signed_in(hub.url, bypass_csp=True)
    await page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Go to or search")
    await expect(box).to_be_focused()
    await page.keyboard.type("sear")
    await expect(page.get_by_role("option", name="Search", exact=True)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    field = page.get_by_role("searchbox", name="What to search for")
    await expect(field).to_be_focused()
    await page.keyboard.type("seen wha")
    hit = page.locator(".hit")
    await expect(hit).to_have_count(1)  # what was said in the tour is indexed by now, or the page says when it is
    await expect(hit.locator("mark").first).to_have_text("What")
    await expect(page).to_have_url(f"{hub.url}search?q=seen+wha")
    assert not await violations(page)

    await field.fill('"just seen" -quokka')
    await expect(hit.locator("mark")).to_have_text(["just seen"])
    await page.keyboard.press("ArrowDown")
    await expect(hit.first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{hub.url}{tour.pages['chat']}?at_message=*")
    shown = page.locator(f"[id='{page.url.rpartition('#')[2]}']")
    await expect(shown).to_be_in_viewport()
    await expect(shown).to_contain_text("What you have just seen")


async def test_the_palette_on_a_phone_and_the_list_of_keys(tour: Tour, walk: Walk) -> None:
    hub = tour.hub
    page = await walk.signed_in(hub.url, 375, "dark", bypass_csp=True)
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("option", name="One that waits for you")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")  # round to the last one
    await expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    assert not await violations(page)
    await page.get_by_role("combobox").fill("light colours")
    await page.get_by_role("option", name="Light colours", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")

    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("finish")
    await expect(page.get_by_role("option").first.locator("mark")).to_have_text("finished")
    await page.keyboard.press("Enter")
    await page.wait_for_url(hub.url + tour.pages["chat"])

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
