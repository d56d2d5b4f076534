# SPDX-License-Identifier: MIT
"""A person at the browser: opens pages, signs in, looks; notices what goes wrong in a page by itself."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from tests.fakes.hub import OWNER, PASSWORD
from tests.fakes.real import ROOT
from tests.leaks import remember

AXE = ROOT / "node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "tests/browser/screenshots"
HEIGHTS = {1440: 900, 768: 1024, 375: 780}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, Theme] = ("light", "dark")
EVERY_WAY = os.environ.get("NEXUS_TEST_WAYS") == "all"  # `make soak`
PATIENCE = 60_000  # ms; a start of OpenCode takes 2 to 4 s, more when the machine is crowded

expect.set_options(timeout=PATIENCE)  # for every test: conftest.py imports this, and the 5 s of Playwright are too few


def sights(number: int, widths: Iterable[int] = (1440, 375)) -> list[tuple[int, Theme]]:
    """Width and theme of each look at page `number` of many.

    In `make soak` every width in both themes; else each in one, the phone in the other, in turn from page to page: as
    all pages have one frame and one set of pieces, each of these is seen in every way.
    """
    if EVERY_WAY:
        return [(width, theme) for width in widths for theme in THEMES]
    return [(width, THEMES[(number + (width < 500)) % 2]) for width in widths]


class Walk:
    """Pages of one test; `mishaps` is what their scripts threw or the browser complained about."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.mishaps: list[str] = []

    async def page(
        self,
        width: int = 1440,
        theme: str = "light",
        *,
        script: bool = True,
        bypass_csp: bool = False,
        worker: bool = True,
    ) -> Page:
        """Return an empty page; below 500 px it is a phone with a touch screen.

        Without `worker` no service worker takes the page over: from then on `page.route` sees its requests no more.
        """
        phone = width < 500
        context = await self._browser.new_context(
            viewport=ViewportSize(width=width, height=HEIGHTS.get(width, 900)),
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            has_touch=phone,
            is_mobile=phone,
            java_script_enabled=script,
            bypass_csp=bypass_csp,
            service_workers="allow" if worker else "block",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.mishaps.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._hear(page, message))
        return page

    async def signed_in(self, url: str, width: int = 1440, theme: str = "light", **more: bool) -> Page:
        """Return a page on the dashboard of the hub at `url`, signed in as its owner, a login of its own.

        What the form sends is sent without its page, which `sign_in` loads for a good part of a second of a core.
        """
        page = await self.page(width, theme, **more)
        given: dict[str, str | float | bool] = {"username": OWNER, "password": PASSWORD}
        answer = await page.context.request.post(url + "login", form=given, max_redirects=0, timeout=PATIENCE)
        assert answer.status == 303, await answer.text()
        await remember_login(page)
        await page.goto(url)
        return page

    async def close(self) -> None:
        """Close every page; raises AssertionError when one of them had a mishap."""
        for context in self._contexts:
            await context.close()
        assert not self.mishaps, self.mishaps

    def _hear(self, page: Page, message: ConsoleMessage) -> None:
        told = (
            "Failed to load resource",  # an answer of 4xx too, and that is often what the test is about
            "WebSocket connection to",  # and that a hub which was ended cannot be reached
            "An unknown error occurred when fetching the script.",  # of the worker, from a hub that ended
        )
        if message.type == "error" and not message.text.startswith(told):
            self.mishaps.append(f"{page.url}: {message.text}")


async def sign_in(page: Page, url: str) -> None:
    """Sign in as the owner that `RealHub.set_up` makes; ends on the dashboard."""
    await page.goto(url + "login")
    await page.get_by_label("User name").fill(OWNER)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(url)
    await remember_login(page)


async def remember_login(page: Page) -> None:
    """Have all output searched for the page's login."""
    for cookie in await page.context.cookies():
        if cookie.get("httpOnly"):
            remember(cookie.get("value", ""))


async def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands: one line for each rule and element. The page bypasses its CSP."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url}: {rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def spills(page: Page) -> list[str]:
    """What stands beyond the right edge, so that the page would have to be scrolled sideways, or hides it.

    What lies in a box that is meant to be scrolled sideways (it can have the focus) does not count, nor what only a
    screen reader is told, unless the page grows by it.
    """
    found: list[str] = await page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            const found = [...document.querySelectorAll('body *')].filter(e =>
                e.getBoundingClientRect().right > wide + 1 && e.checkVisibility() && !e.matches('.sr')
                && !e.parentElement.closest('[tabindex="0"], .sr, .clip, svg')).map(e => e.outerHTML.slice(0, 120));
            const page = document.documentElement.scrollWidth;
            return page > wide ? [`the page: ${page} px in ${wide}`, ...found] : found;
        }"""
    )
    return found


async def text_size(page: Page, size: str) -> None:
    """Set the size of all text, as a reader's setting does: "200%", or "" for the usual one."""
    await page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)


async def keep(page: Page, name: str, width: int, theme: str) -> Path:
    """Keep a screenshot of the whole page, for people to look at; returns its file."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    path = SHOTS / f"{name}-{width}-{theme}.png"
    await page.screenshot(path=path, full_page=True)
    return path
