# SPDX-License-Identifier: MIT
"""Keeps a picture of every page at three widths and in both themes, for people to look at.

`make test` takes those of the width that test_axe does not look at, each page in one theme; NEXUS_TEST_WAYS=all
(`make soak`) takes all.
"""

import pytest

from tests.browser.tour import Tour
from tests.browser.walk import EVERY_WAY, HEIGHTS, Walk, keep, spills, themes

pytestmark = pytest.mark.anyio

WIDTHS = list(HEIGHTS) if EVERY_WAY else [768]


@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_has_its_picture(tour: Tour, walk: Walk, width: int) -> None:
    page = await walk.page(width)
    await page.goto(tour.hub.url + "login")
    kept = [await keep(page, "login", width, "light")]
    page = await walk.signed_in(tour.hub.url, width)
    for number, (name, path) in enumerate(tour.pages.items()):
        await page.goto(tour.hub.url + path)
        await page.wait_for_load_state("load")
        assert not await spills(page), name
        for theme in themes(number):
            await page.emulate_media(color_scheme=theme)
            kept.append(await keep(page, name, width, theme))
    assert all(picture.stat().st_size > 5000 for picture in kept)
