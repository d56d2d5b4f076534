# SPDX-License-Identifier: MIT
"""Every page, looked at: axe finds nothing, nothing spills, text of twice the size fits; and its pictures are kept.

`make test` looks at each width in one theme, `make soak` (NEXUS_TEST_WAYS=all) in both.
"""

import pytest

from tests.browser.looks import Looks
from tests.browser.tour import Tour
from tests.browser.walk import Walk

pytestmark = pytest.mark.anyio

PARTS = 8  # in which the pages are looked at: none takes near as long as a test may, in a crowd neither


@pytest.mark.parametrize("part", range(PARTS))
async def test_pages_of_a_signed_in_person(tour: Tour, walk: Walk, part: int) -> None:
    page = await walk.signed_in(tour.hub.url, bypass_csp=True)
    look = Looks(page)
    for name, path in list(tour.pages.items())[part::PARTS]:
        await page.goto(tour.hub.url + path)
        await look(name)
    assert not look.found, "\n".join(look.found)


async def test_what_opens_on_a_page(tour: Tour, walk: Walk) -> None:
    page = await walk.signed_in(tour.hub.url, bypass_csp=True)
    desk, look = Looks(page, widths=[1440]), Looks(page)
    await page.get_by_role("button", name="Account").click()
    await desk("opened-account")
    await page.keyboard.press("Escape")
    await page.locator("article.server a[data-confirm]").first.click()
    await look("opened-dialog")
    await page.goto(tour.hub.url + tour.pages["chat"] + "?models=open")
    for summary in await page.locator("main details:not(#models) > summary").all():
        await summary.click()
    await look("opened-chat")
    phone = await walk.signed_in(tour.hub.url, 375, bypass_csp=True)
    hand = Looks(phone, widths=[375])
    await phone.get_by_role("button", name="More").click()
    await phone.get_by_role("button", name="Account").click()
    await hand("opened-more")
    found = [*desk.found, *look.found, *hand.found]
    assert not found, "\n".join(found)


async def test_login_and_its_refusal(tour: Tour, walk: Walk) -> None:
    page = await walk.page(bypass_csp=True)
    look = Looks(page)
    await page.goto(tour.hub.url + "login")
    await look("login")
    await page.get_by_label("User name").fill("nobody")
    await page.get_by_label("Password", exact=True).fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("alert").wait_for()
    await look("login-refused")
    assert not look.found, "\n".join(look.found)
