# SPDX-License-Identifier: MIT
"""Connecting a phone in Chromium: by the link, without script, and what it says when the link is gone."""

import pytest
from playwright.async_api import expect

from opencode_nexus.access.local import LOCAL
from opencode_nexus.app import composed
from opencode_nexus.store.home import Home
from tests.browser.tour import Tour
from tests.browser.walk import PATIENCE, Walk, sights, spills, text_size, violations
from tests.fakes.hub import RealHub
from tests.leaks import remember

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)
NAME = "Ada's phone"


async def link(hub: RealHub) -> str:
    """A new link to the hub's own address, made beside it as a command does."""
    async with composed(Home(hub.home), {"home": str(hub.home)}, {}) as beside:
        made = await beside.pairing.invite(LOCAL, NAME, source="command")
    remember(made.secret)
    return hub.url.rstrip("/") + made.path


async def test_a_phone_says_its_name_and_is_in(tour: Tour, walk: Walk) -> None:
    page = await walk.page(375)
    address = await link(tour.hub)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    await page.goto(address)
    name = page.get_by_label("Name of this device")
    await expect(name).to_have_value(NAME)
    await expect(page.get_by_label("The link")).to_be_hidden()
    await name.fill("My other phone")
    await page.get_by_role("button", name="Connect").click()
    await page.wait_for_url(tour.hub.url)
    secret = address.partition("#")[2]
    assert not any(secret in url for url in sent)  # nothing but the body of the form has it
    await page.goto(tour.hub.url + "settings")
    await expect(page.locator("#devices")).to_contain_text("My other phone")

    again = await walk.page(375)
    await again.goto(address)
    await expect(again.get_by_role("alert")).to_contain_text("does not connect a device any more")
    await again.get_by_role("button", name="Connect").click()
    await expect(again.get_by_role("alert")).to_contain_text("does not connect a device any more")
    await again.goto(await link(tour.hub))
    await again.get_by_role("button", name="Connect").click()
    await again.wait_for_url(tour.hub.url)


async def test_a_second_link_in_the_same_tab_takes_the_place_of_the_first(tour: Tour, walk: Walk) -> None:
    page = await walk.page(375)
    await page.goto(tour.hub.url + "pair#gone")
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.goto(await link(tour.hub))  # another # of the same page: the browser loads nothing
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(page.get_by_label("Name of this device")).to_have_value(NAME)


async def test_without_script_the_link_is_pasted(tour: Tour, walk: Walk) -> None:
    page = await walk.page(375, script=False)
    address = await link(tour.hub)
    await page.goto(address)
    await page.get_by_label("The link").fill(address)
    await page.get_by_role("button", name="Connect").click()
    await page.wait_for_url(tour.hub.url)


@pytest.mark.parametrize(("width", "theme"), sights(0))
async def test_axe_finds_nothing(tour: Tour, walk: Walk, width: int, theme: str) -> None:
    page = await walk.page(width, theme, bypass_csp=True)
    found: list[str] = []
    for path in ("pair", "pair#gone"):
        await page.goto("about:blank")
        await page.goto(tour.hub.url + path)
        await expect(page.get_by_role("alert")).to_be_visible(visible=path != "pair")
        found += await violations(page)
    await page.goto("about:blank")
    await page.goto(await link(tour.hub))
    await expect(page.get_by_label("Name of this device")).to_have_value(NAME)
    found += await violations(page)
    await text_size(page, "200%")
    found += await spills(page)
    assert not found, "\n".join(found)
