# SPDX-License-Identifier: MIT
"""With script off: the wizard, the login, starting and stopping a server, and sending a message."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.walk import PATIENCE, Walk, sign_in
from tests.browser.wizard import setup_code
from tests.fakes.hub import OWNER, PASSWORD, RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def new_hub(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path) -> Iterator[RealHub]:
    """A hub that has never been set up; the tests below set it up and use it, in their order."""
    with RealHub(tmp_path_factory.mktemp("no-script"), opencode_binary) as hub:
        yield hub.start()


async def test_the_wizard(new_hub: RealHub, walk: Walk) -> None:
    page = await walk.page(375, script=False)
    await page.goto(new_hub.url)
    await page.get_by_label("Set-up code").fill("WRNG-WRNG-WRNG")
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Set-up code").fill(setup_code(new_hub))
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await page.get_by_role("button", name="Begin").click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("OpenCode")
    await page.get_by_role("link", name="Back").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("System check")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("radio", name="Another path").check()
    await page.get_by_label("Path of the program").fill(str(new_hub.root / "not-there"))
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("not-there")
    await page.get_by_role("radio", name="Another path").check()
    await page.get_by_label("Path of the program").fill(str(new_hub.opencode))
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Project folder").fill(str(new_hub.project))
    await page.get_by_label("Offer the practice model").check()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("User name").fill(OWNER)
    await page.get_by_label("Password", exact=True).fill("short")
    await page.get_by_label("Password again").fill("short")
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("User name")).to_have_value(OWNER)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Remote access")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Start and go to the chat").click()
    await page.wait_for_url(re.compile(r"/chat/[^/]+/[^/]+$"))


async def test_sending_a_message_and_answering_a_permission(new_hub: RealHub, walk: Walk) -> None:
    page = await walk.signed_in(new_hub.url, 375, script=False)
    await page.goto(new_hub.url + "chat")
    await page.wait_for_url(re.compile(r"/chat/[^/]+/[^/]+$"))  # the newest conversation
    await page.get_by_label("Message", exact=True).fill("tour")
    await page.get_by_role("button", name="Send").click()
    ask = page.get_by_role("article", name="Run a command?")
    while not await ask.count():  # a page without script is asked again, as a person would
        await page.reload()
    await ask.get_by_role("button", name="Allow once").click()
    seen = page.get_by_role("heading", name="What you have just seen")
    while not await seen.count():
        await page.reload()
    assert (new_hub.project / "practice-note.txt").exists()


async def test_stopping_and_starting_the_server(new_hub: RealHub, walk: Walk) -> None:
    page = await walk.signed_in(new_hub.url, 375, script=False)
    status = page.locator("article.server .status").first
    await expect(status).to_have_text("Running")
    await page.get_by_role("link", name=re.compile("^Stop")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Stop .*[?]$"))
    await page.get_by_role("link", name="Cancel").click()
    await page.goto(new_hub.url)
    await page.get_by_role("link", name=re.compile("^Stop")).click()
    await page.get_by_role("button", name="Stop the server").click()
    await expect(page.locator(".status").first).to_have_text("Stopped")
    await page.goto(new_hub.url)
    await page.get_by_role("button", name=re.compile("^Start")).click()
    await expect(status).to_have_text("Running")


async def test_signing_out_and_in(new_hub: RealHub, walk: Walk) -> None:
    page = await walk.signed_in(new_hub.url, 375, script=False)
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile("/login"))
    await page.goto(new_hub.url)
    await expect(page).to_have_url(re.compile("/login"))
    await sign_in(page, new_hub.url)
