# SPDX-License-Identifier: MIT
"""The set-up in the browser, walked with the keyboard alone."""

import re

from playwright.async_api import Page, expect

from tests.browser.keys import Keys
from tests.browser.talk import eventually
from tests.browser.walk import keep
from tests.fakes.hub import OWNER, PASSWORD, RealHub


def setup_code(hub: RealHub) -> str:
    """Return the one-time code that the command printed in its terminal."""

    def look() -> str | None:
        printed = (hub.root / "hub.out").read_text() + (hub.root / "hub.err").read_text()
        found = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", printed)
        return found[-1] if found else None

    return str(eventually(look, "the set-up code is printed"))


async def at_step(page: Page, heading: str) -> None:
    """Wait for a step, and see that its heading has the focus, so that a screen reader says where we are."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(page.get_by_role("heading", level=1)).to_be_focused()


async def walk_the_wizard(page: Page, hub: RealHub, prefix: str) -> None:
    """Go through all six steps with the keyboard, from the code to the chat."""
    keys = Keys(page)
    await page.goto(hub.url)
    await expect(page).to_have_url(hub.url + "setup")
    await keys.fill("Set-up code", setup_code(hub))
    await page.keyboard.press("Enter")

    await at_step(page, "Welcome")
    await keep(page, f"{prefix}-1-welcome", 1440, "light")
    await keys.press("Begin")

    await at_step(page, "System check")
    await keep(page, f"{prefix}-2-check", 1440, "light")
    await keys.press("Continue")

    await at_step(page, "OpenCode")
    await keys.choose("Bring a copy", "Another path")
    await keys.fill("Path of the program", str(hub.opencode))
    await keep(page, f"{prefix}-3-opencode", 1440, "light")
    await keys.press("Continue")

    await at_step(page, "Project folder")
    await keys.fill("Project folder", str(hub.project))
    await keys.press("Offer the practice model", "Space")
    await keep(page, f"{prefix}-3-project", 1440, "light")
    await keys.press("Continue")

    await at_step(page, "Owner account")
    await keys.fill("User name", OWNER)
    await keys.fill("Password", PASSWORD)
    await keys.fill("Password again", PASSWORD)
    await keep(page, f"{prefix}-4-owner", 1440, "light")
    await keys.press("Make the account")

    await at_step(page, "Remote access")
    await page.reload()  # a reload goes on where it was
    await at_step(page, "Remote access")
    await keep(page, f"{prefix}-5-remote", 1440, "light")
    await keys.press("Continue")

    await at_step(page, "Finish")
    await keep(page, f"{prefix}-6-finish", 1440, "light")
    await keys.press("Start and go to the chat")
    await page.wait_for_url(re.compile(r"/chat/[^/]+/[^/]+$"))
