# SPDX-License-Identifier: MIT
"""Keeps a picture of every page at three widths and in both themes, for people to look at."""

import pytest

from tests.browser.tour import Tour
from tests.browser.walk import HEIGHTS, THEMES, Walk, keep, spills

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", HEIGHTS)
async def test_every_page_has_its_picture(tour: Tour, walk: Walk, width: int, theme: str) -> None:
    page = await walk.page(width, theme)
    await page.goto(tour.hub.url + "login")
    kept = [await keep(page, "login", width, theme)]
    page = await walk.signed_in(tour.hub.url, width, theme)
    for name, path in tour.pages.items():
        await page.goto(tour.hub.url + path)
        await page.wait_for_load_state("load")
        assert not await spills(page), name
        kept.append(await keep(page, name, width, theme))
    assert all(picture.stat().st_size > 5000 for picture in kept)
