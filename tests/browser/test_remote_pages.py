# SPDX-License-Identifier: MIT
"""The pages of remote access in Chromium: live, by keyboard alone, without script, and looked at by axe."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from opencode_nexus.install.errors import CloudflaredNotFound
from opencode_nexus.tunnels.status import TunnelStatus
from tests.browser.keys import Keys
from tests.browser.looks import Looks
from tests.browser.remote_pages import RemotePages, remote_pages
from tests.browser.walk import PATIENCE, Walk, remember_login
from tests.fakes.hub import OWNER, PASSWORD
from tests.fakes.tunnels import CLOUDFLARED, URL, ready
from tests.leaks import remember

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)
API_TOKEN = remember("a-token-of-a-test")


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[RemotePages]:
    """The pages below a base path, as an address that forgets it shows only there."""
    async with remote_pages(tmp_path, "/nexus") as pages:
        yield pages


async def age_the_login(pages: RemotePages) -> None:
    """Let every login's password be given longer ago than ten minutes, as the page's clock has it."""
    pages.hub.access.fresh = lambda who: False
    confirm = pages.hub.access.confirm

    async def confirmed(*args: object, **more: object) -> None:
        await confirm(*args, **more)
        del pages.hub.access.fresh

    pages.hub.access.confirm = confirmed


async def test_axe_and_pictures(tmp_path: Path, walk: Walk) -> None:
    async with remote_pages(tmp_path) as pages:
        page = await walk.signed_in(pages.url, bypass_csp=True)
        look = Looks(page, "remote-")

        async def at(name: str, path: str) -> None:
            await page.goto(pages.url + path)
            await look(name)

        pages.hub.cloudflared.found = CloudflaredNotFound("It is nowhere.")
        await at("none", "remote")
        pages.hub.cloudflared.bring()
        await at("bringing", "remote")
        await pages.hub.cloudflared.cancel()
        pages.hub.cloudflared.found = CLOUDFLARED
        await pages.furnish()
        await at("all", "remote")
        for number, name in enumerate(("ready", "failed", "closed", "starting"), 1):
            await at(name, f"remote/tun_{number}")
        for kind in ("quick", "token", "config", "api"):
            await at(f"new-{kind}", f"remote/new/{kind}")
        await page.get_by_label("API token", exact=True).fill(API_TOKEN)
        await page.get_by_role("button", name="Look what it may do").click()
        await page.get_by_text("More choices").click()
        await look("new-api-name")
        await at("change", "remote/tun_1/change")
        await at("remove", "remote/tun_1/remove")
        await at("password", "remote/password?do=/remote/tun_2/start&back=/remote")
        await at("pair", "remote/tun_1/pair")
        await page.get_by_role("button", name="Show the link").click()
        await page.get_by_role("img", name="QR code that connects").wait_for()
        await look("paired")
        await at("dashboard", "")
        assert not look.found, "\n".join(look.found)


async def test_a_start_is_followed_live_to_its_address(pages: RemotePages, walk: Walk) -> None:
    page = await walk.signed_in(pages.url, 375)
    await page.goto(pages.url + "remote")
    await page.evaluate("window.notReloaded = true")
    await page.get_by_role("link", name="Open a quick tunnel").click()
    await page.get_by_role("button", name="Make it and start it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Quick tunnel")
    now = page.locator("[data-k=tun-now]")
    await expect(now.locator(".status")).to_have_text("Connecting")
    await expect(now.locator("[aria-current=step]")).to_contain_text("Address")
    await page.evaluate("window.notReloaded = true")
    pages.tunnels.see("tun_1", TunnelStatus(state="connecting", pid=7, url=URL))
    await expect(now.locator("[aria-current=step]")).to_contain_text("Connection")
    pages.tunnels.see("tun_1", ready(pages.hub.clock.now()))
    await expect(now.locator(".status")).to_have_text("Ready")
    await expect(now.get_by_role("link", name=URL)).to_be_visible()
    await expect(now.locator("[data-until]")).to_have_text("in 7 h")
    await expect(page.get_by_role("img", name=f"QR code of {URL}")).to_be_visible()
    await now.get_by_role("link", name="Close").click()
    await page.get_by_role("dialog").get_by_role("button", name="Close the tunnel").click()
    await expect(now.locator(".status")).to_have_text("Closed")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert await page.evaluate("window.notReloaded")


async def test_the_address_is_copied(pages: RemotePages, walk: Walk) -> None:
    await pages.furnish()
    page = await walk.signed_in(pages.url)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(pages.url + "remote/tun_1")
    button = page.get_by_role("button", name="Copy the address")
    await button.click()
    await expect(button).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == URL
    await expect(button).to_have_text("Copy")


async def test_a_link_is_shared_where_the_browser_can(pages: RemotePages, walk: Walk) -> None:
    await pages.furnish()
    page = await walk.page(375)
    await page.add_init_script("navigator.share = async (what) => { window.shared = what; };")
    await page.goto(pages.url + "login")
    await page.get_by_label("User name").fill(OWNER)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(pages.url)
    await remember_login(page)
    await page.goto(pages.url + "remote/tun_1/pair")
    await page.get_by_role("button", name="Show the link").click()
    await page.get_by_role("button", name="Share").click()
    shared = await page.evaluate("window.shared.url")
    assert re.fullmatch(re.escape(URL) + r"/nexus/pair#[\w-]{43}", shared)
    remember(shared.partition("#")[2])
    mail = await page.get_by_role("link", name="By e-mail").get_attribute("href")
    assert mail is not None and mail.startswith("mailto:?subject=")


async def test_closing_everything_from_the_page(pages: RemotePages, walk: Walk) -> None:
    await pages.furnish()
    page = await walk.signed_in(pages.url)
    await page.goto(pages.url + "remote")
    people = page.locator("[data-k=rem-people]")
    await expect(people).to_contain_text("Pocket")
    await page.get_by_role("link", name="Close everything").click()
    await page.get_by_role("dialog").get_by_role("button", name="Close everything").click()
    await expect(people).to_contain_text("Nobody is signed in through a tunnel.")
    await expect(page.locator("[data-k=tun_1] .status")).to_have_text("Closed")


async def test_an_old_login_is_asked_by_a_page_of_its_own(pages: RemotePages, walk: Walk) -> None:
    await pages.furnish()
    page = await walk.signed_in(pages.url)
    await age_the_login(pages)
    await page.goto(pages.url + "remote")
    await page.get_by_role("button", name="Start Work").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your password again")
    await page.get_by_label("Password", exact=True).fill("wrong")
    await page.get_by_role("button", name="Start the tunnel").click()
    await expect(page.get_by_role("alert")).to_contain_text("The current password is wrong.")
    assert pages.tunnels.started == []
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Start the tunnel").click()
    await expect(page.locator("[data-k=tun_3] .status")).to_have_text("Connecting")


async def test_the_steps_at_cloudflare_show_while_they_are_done(pages: RemotePages, walk: Walk) -> None:
    page = await walk.signed_in(pages.url)
    await page.goto(pages.url + "remote/new/api")
    await page.get_by_label("API token", exact=True).fill(API_TOKEN)
    await page.get_by_role("button", name="Look what it may do").click()
    await expect(page.get_by_label("Domain")).to_have_value("zone1")
    await page.get_by_label("Name in front of it").fill("desk")
    steps = await pages.hold_the_making()
    await page.get_by_role("button", name="Make it and start it").click()
    shown = page.locator("[data-k=making] li")
    await steps.tell("tunnel", "running")
    await expect(shown).to_have_count(2)
    await expect(shown.last).to_contain_text("At work")
    steps.go_on.set()
    await page.wait_for_url(re.compile(r"/remote/tun_1$"))
    assert pages.tunnels.get("tun_1").config.hostname == "desk.example.com"


async def test_with_the_keyboard_alone(pages: RemotePages, walk: Walk) -> None:
    page = await walk.signed_in(pages.url)
    keys = Keys(page)
    await keys.press("Remote")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Remote access")
    await keys.press("Open a quick tunnel")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Quick tunnel")
    await keys.fill("Name", "By hand")
    await keys.press("Make it and start it")
    await expect(page.get_by_role("heading", level=1)).to_have_text("By hand")
    pages.tunnels.see("tun_1", ready(pages.hub.clock.now()))
    await expect(page.locator("[data-k=tun-now] .status")).to_have_text("Ready")
    await keys.press("Connect a phone")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Connect a phone")
    await keys.fill("Name of the device", "Pocket")
    await keys.press("Show the link")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Connect Pocket")
    await page.goto(pages.url + "remote/tun_1")
    await keys.press("Close By hand")
    await keys.press("Close the tunnel")
    await expect(page.locator("[data-k=tun-now] .status")).to_have_text("Closed")


async def closed(page: Page) -> None:
    await expect(page.locator("[data-k=tun-now] .status")).to_have_text("Closed")


async def test_without_script(pages: RemotePages, walk: Walk) -> None:
    page = await walk.signed_in(pages.url, 375, script=False)
    await page.goto(pages.url + "remote")
    await page.get_by_role("link", name="Open a quick tunnel").click()
    await page.get_by_label("Name", exact=True).fill("a/b")
    await page.get_by_role("button", name="Make it and start it").click()
    await expect(page.get_by_role("alert")).to_contain_text("no slash")
    await page.get_by_label("Name", exact=True).fill("Plain")
    await page.get_by_role("button", name="Make it and start it").click()
    await expect(page.locator("[data-k=tun-now] .status")).to_have_text("Connecting")
    pages.tunnels.see("tun_1", ready(pages.hub.clock.now()))
    await page.reload()
    await expect(page.get_by_role("link", name=URL)).to_be_visible()
    await expect(page.get_by_text("Copy", exact=True)).to_be_hidden()  # nothing that a script alone could do
    await page.get_by_role("button", name="Test now Plain").click()
    await expect(page.locator("[data-k=tun-test]")).to_contain_text("What the chat needs passes")
    await page.get_by_role("link", name="Connect a phone").click()
    await page.get_by_role("button", name="Show the link").click()
    await expect(page.get_by_role("img", name="QR code that connects My phone")).to_be_visible()
    await expect(page.get_by_text("Share", exact=True)).to_be_hidden()
    await page.goto(pages.url + "remote/tun_1/change")
    await page.get_by_label("Start it together with Nexus").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("It was changed, and runs as it was before.")).to_be_visible()
    await page.get_by_role("link", name="Close Plain").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Close Plain?")
    await page.get_by_role("button", name="Close the tunnel").click()
    await closed(page)
    await page.get_by_role("button", name="Start Plain").click()
    await expect(page.locator("[data-k=tun-now] .status")).to_have_text("Connecting")
    await page.goto(pages.url + "remote/stop-all")
    await page.get_by_role("button", name="Close everything").click()
    await page.get_by_role("link", name="Details of Plain").click()
    await closed(page)
    await page.get_by_role("link", name="Remove").click()
    await page.get_by_role("button", name="Remove the tunnel").click()
    await expect(page.get_by_role("heading", name="No tunnel yet")).to_be_visible()
