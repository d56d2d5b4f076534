# SPDX-License-Identifier: MIT
"""The main road of many servers: one is added, set up, copied, ordered about with others, and removed; its look."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.looks import Looks
from tests.browser.walk import PATIENCE, Walk
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)
SECRET = "a-value-that-no-page-shows"


def row(page: Page, name: str) -> Locator:
    """A server on the page of all of them."""
    return page.locator("[data-k=servers-rows] li").filter(has=page.get_by_role("link", name=name, exact=True))


async def test_servers_are_added_changed_copied_ordered_about_and_removed(hub: RealHub, walk: Walk) -> None:
    page = await walk.signed_in(hub.url, bypass_csp=True)
    look = Looks(page, "servers-")
    folder = hub.root / "second"
    folder.mkdir()
    await page.goto(hub.url + "servers/new")
    await page.get_by_label("Name").fill("Second")
    await page.get_by_label("Project folders").fill(str(folder))
    await page.get_by_text("What it is started with").click()
    await page.get_by_label("Variables", exact=True).fill("OPENCODE_SERVER_PASSWORD=x")
    await page.get_by_label("Secret variables").fill(f"MY_TOKEN={SECRET}")
    await page.get_by_role("button", name="Add the server").click()
    await expect(page.get_by_role("alert")).to_contain_text("OpenCode Nexus itself")
    assert SECRET not in await page.content()
    await look("refused")
    await page.get_by_label("Variables", exact=True).fill("COLOUR=blue")
    await page.get_by_label("Secret variables").fill(f"MY_TOKEN={SECRET}")
    await page.get_by_role("button", name="Add the server").click()
    await expect(page.get_by_role("heading", name="Second", exact=True)).to_be_visible()
    now = page.locator("[data-k=srv-now]")
    await expect(now.locator(".status")).to_have_text("Running")

    await page.get_by_role("link", name="Edit").click()
    await expect(page.get_by_label("Secret variables")).to_have_value("MY_TOKEN")
    await page.get_by_label("Arguments").fill("--port 1")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("--port is for OpenCode Nexus alone to set")
    await page.get_by_label("Arguments").fill("--log-level DEBUG")
    await page.get_by_label("Warn at this many MB of memory").fill("4000")
    await look("form")
    await page.get_by_role("button", name="Save").click()
    await expect(now).to_contain_text("That applies after its next start.")
    wanted = page.locator("[data-k=srv-wanted]")
    await expect(wanted).to_contain_text("COLOUR, MY_TOKEN")
    await expect(wanted).to_contain_text("warned of at 4.0 GB")
    await look("one")
    await now.get_by_role("button", name="Restart").click()
    await expect(now).not_to_contain_text("That applies after its next start.")
    await expect(now.locator(".status")).to_have_text("Running")

    await page.get_by_role("button", name="Duplicate").click()
    await expect(page.get_by_label("Name")).to_have_value("Second copy")
    await page.get_by_role("link", name="Cancel").click()
    # its folder goes to the other server and comes back as nothing: it is the copy's last one
    await expect(page.get_by_role("heading", name="Second copy", exact=True)).to_be_visible()

    await page.goto(hub.url + "servers")
    await expect(row(page, "Second").locator(".status")).to_have_text("Running")
    await row(page, "Second").get_by_role("checkbox").check()
    await row(page, "Second copy").get_by_role("checkbox").check()
    await look("list")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(row(page, "Second copy").locator(".status")).to_have_text("Running")
    await page.get_by_role("button", name="Stop", exact=True).click()  # none is ticked: all are meant
    await expect(page.get_by_role("heading", name="Stop 3 servers?")).to_be_visible()
    await look("order")
    await page.get_by_role("button", name="Stop 3 servers").click()
    await expect(page.locator("[data-k=servers-rows] .status")).to_have_text(["Stopped"] * 3)

    await page.get_by_role("link", name="Second copy").click()
    await page.get_by_role("link", name="Remove").click()
    await page.get_by_role("button", name="Remove the server").click()
    await expect(page.get_by_role("heading", name="Servers")).to_be_visible()
    await expect(page.locator("[data-k=servers-rows] .status")).to_have_count(2)
    assert folder.is_dir()
    assert look.found == []
