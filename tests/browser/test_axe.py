# SPDX-License-Identifier: MIT
"""axe finds nothing on any page, in both themes, on desk and phone; and text of twice the size fits."""

import pytest

from tests.browser.tour import Tour
from tests.browser.walk import THEMES, Walk, spills, text_size, violations

pytestmark = pytest.mark.anyio

WIDTHS = (1440, 375)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_of_a_signed_in_person(tour: Tour, walk: Walk, width: int, theme: str) -> None:
    page = await walk.signed_in(tour.hub.url, width, theme, bypass_csp=True)
    found: list[str] = []
    for path in tour.pages.values():
        await page.goto(tour.hub.url + path)
        found += await violations(page)
        found += [f"{path} is too wide: {what}" for what in await spills(page)]
        await text_size(page, "200%")
        found += [f"{path} is too wide at 200 %: {what}" for what in await spills(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_what_opens_on_a_page(tour: Tour, walk: Walk, width: int, theme: str) -> None:
    page = await walk.signed_in(tour.hub.url, width, theme, bypass_csp=True)
    if width == 375:
        await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Account").click()
    found = await violations(page)
    await page.keyboard.press("Escape")
    await page.locator("article.server a[data-confirm]").first.click()
    found += await violations(page)
    await page.goto(tour.hub.url + tour.pages["chat"] + "?models=open")
    for summary in await page.locator("main details:not(#models) > summary").all():
        await summary.click()
    found += await violations(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_login_and_its_refusal(tour: Tour, walk: Walk, width: int, theme: str) -> None:
    page = await walk.page(width, theme, bypass_csp=True)
    await page.goto(tour.hub.url + "login")
    found = await violations(page)
    await page.get_by_label("User name").fill("nobody")
    await page.get_by_label("Password", exact=True).fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("alert").wait_for()
    found += await violations(page)
    await text_size(page, "200%")
    found += await spills(page)
    assert not found, "\n".join(found)
