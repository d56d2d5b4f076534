# SPDX-License-Identifier: MIT
"""One page looked at as it stands: what spills and a picture at each width, axe and text of twice the size on desk and
phone. In which themes: `tests.browser.walk.sights`.

A page is loaded once: below 40 em its rules are those of a phone, whatever the screen is touched with.
"""

from collections.abc import Iterable

from playwright.async_api import Page

from tests.browser.walk import HEIGHTS, keep, sights, spills, text_size, violations

LEAST = 5000  # bytes of a picture with something on it
AXE_AT = (1440, 375)  # the layout between is made of the same pieces, and axe takes 0.2 s


class Looks:
    """Looks at one page (which bypasses its CSP) as often as asked; `found` is what is wrong, a line for each."""

    def __init__(self, page: Page, prefix: str = "", widths: Iterable[int] = tuple(HEIGHTS)) -> None:
        self._page, self._prefix, self._widths, self._number = page, prefix, tuple(widths), 0
        self.found: list[str] = []

    async def __call__(self, name: str) -> None:
        """Look at what is open now, and keep its pictures as `name`."""
        self._number += 1
        for width, theme in sights(self._number, self._widths):
            await self._page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            await self._page.emulate_media(color_scheme=theme)
            faults = await spills(self._page)
            if width in AXE_AT:
                faults += await violations(self._page)
                await text_size(self._page, "200%")
                faults += [f"at 200 %: {what}" for what in await spills(self._page)]
                await text_size(self._page, "")
            picture = await keep(self._page, self._prefix + name, width, theme)
            if picture.stat().st_size <= LEAST:
                faults.append("its picture shows nothing")
            self.found += [f"{name}, {width}, {theme}: {fault}" for fault in faults]
