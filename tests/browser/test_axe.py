# SPDX-License-Identifier: MIT
"""axe finds nothing on any page, on desk and phone; and text of twice the size fits.

`make test` looks at each page in one theme on the desk and in the other on the phone; NEXUS_TEST_WAYS=all (`make soak`)
in both on both.
"""

import pytest
from playwright.async_api import Page

from tests.browser.tour import Tour
from tests.browser.walk import Walk, spills, text_size, themes, violations

pytestmark = pytest.mark.anyio

WIDTHS = (1440, 375)


async def looked_at(page: Page, number: int, width: int) -> list[str]:
    """What is wrong with the page as it stands. A theme is changed in place: colours are all that it changes."""
    found: list[str] = []
    for theme in themes(number + WIDTHS.index(width)):
        await page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {fault}" for fault in await violations(page)]
    found += [f"too wide: {what}" for what in await spills(page)]
    await text_size(page, "200%")
    found += [f"too wide at 200 %: {what}" for what in await spills(page)]
    await text_size(page, "")
    return [f"{page.url}, {fault}" for fault in found]


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_of_a_signed_in_person(tour: Tour, walk: Walk, width: int) -> None:
    page = await walk.signed_in(tour.hub.url, width, bypass_csp=True)
    found: list[str] = []
    for number, path in enumerate(tour.pages.values()):
        await page.goto(tour.hub.url + path)
        found += await looked_at(page, number, width)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", WIDTHS)
async def test_what_opens_on_a_page(tour: Tour, walk: Walk, width: int) -> None:
    page = await walk.signed_in(tour.hub.url, width, bypass_csp=True)
    if width == 375:
        await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Account").click()
    found = await looked_at(page, 0, width)
    await page.keyboard.press("Escape")
    await page.locator("article.server a[data-confirm]").first.click()
    found += await looked_at(page, 1, width)
    await page.goto(tour.hub.url + tour.pages["chat"] + "?models=open")
    for summary in await page.locator("main details:not(#models) > summary").all():
        await summary.click()
    found += await looked_at(page, 2, width)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", WIDTHS)
async def test_login_and_its_refusal(tour: Tour, walk: Walk, width: int) -> None:
    page = await walk.page(width, bypass_csp=True)
    await page.goto(tour.hub.url + "login")
    found = await looked_at(page, 0, width)
    await page.get_by_label("User name").fill("nobody")
    await page.get_by_label("Password", exact=True).fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("alert").wait_for()
    found += await looked_at(page, 1, width)
    assert not found, "\n".join(found)
