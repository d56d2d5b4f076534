# SPDX-License-Identifier: MIT
"""axe on every step of the set-up, in both themes and at each width, and a picture of each."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.browser.looks import Looks
from tests.browser.walk import Walk
from tests.browser.wizard import setup_code
from tests.fakes.hub import OWNER, PASSWORD, RealHub

pytestmark = pytest.mark.anyio


async def press(page: Page, name: str) -> None:
    """Press a button and wait for the page behind it: between the two there is no document to look at."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


async def test_axe_and_pictures_of_the_wizard(tmp_path: Path, opencode_binary: Path, walk: Walk) -> None:
    with RealHub(tmp_path, opencode_binary) as hub:
        hub.start()
        page = await walk.page(375, bypass_csp=True)
        look = Looks(page, "setup-")
        await page.goto(hub.url)
        await look("0-code")
        await page.get_by_label("Set-up code").fill(setup_code(hub))
        await press(page, "Begin")
        await look("1-welcome")
        await press(page, "Begin")
        await look("2-check")
        await press(page, "Continue")
        await page.get_by_role("radio", name="Another path").check()
        await page.get_by_label("Path of the program").fill("/not/there")
        await press(page, "Continue")
        await look("3-refused")
        await page.get_by_label("Path of the program").fill(str(opencode_binary))
        await press(page, "Continue")
        await page.get_by_label("Project folder").fill(str(hub.project))
        await look("3-project")
        await press(page, "Continue")
        await page.get_by_label("User name").fill(OWNER)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_label("Password again").fill(PASSWORD)
        await look("4-owner")
        await press(page, "Make the account")
        await look("5-remote")
        await press(page, "Continue")
        await look("6-finish")
        assert not look.found, "\n".join(look.found)
