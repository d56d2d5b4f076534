# SPDX-License-Identifier: MIT
"""Keeps a picture of every page at three widths and in both themes, for people to look at."""

import pytest

from tests.browser.tour import furnish
from tests.browser.walk import HEIGHTS, THEMES, Walk, keep, spills
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pages(hub: RealHub) -> dict[str, str]:
    """Path by page name."""
    return furnish(hub)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", HEIGHTS)
async def test_every_page_has_its_picture(
    hub: RealHub, pages: dict[str, str], walk: Walk, width: int, theme: str
) -> None:
    page = await walk.page(width, theme)
    await page.goto(hub.url + "login")
    kept = [await keep(page, "login", width, theme)]
    page = await walk.signed_in(hub.url, width, theme)
    for name, path in pages.items():
        await page.goto(hub.url + path)
        await page.wait_for_load_state("load")
        assert not await spills(page), name
        kept.append(await keep(page, name, width, theme))
    assert all(picture.stat().st_size > 5000 for picture in kept)
