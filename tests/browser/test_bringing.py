# SPDX-License-Identifier: MIT
"""The set-up brings OpenCode: what the page says while it comes, what a cancel leaves, and how it goes on."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.looks import Looks
from tests.browser.paged_hub import PagedHub, SlowPage
from tests.browser.walk import PATIENCE, Walk
from tests.browser.wizard import setup_code
from tests.fakes import tiny_program

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not tiny_program.available(), reason="no tiny program for this system"),
]

expect.set_options(timeout=PATIENCE)

TOLD = re.compile(r"([\d.]+) MB of 12[.]\d MB, [\d.]+ [KM]?B/s, .+ left")


async def to_the_choice(page: Page, hub: PagedHub) -> None:
    """Go to the third step; with nothing on this machine, bringing a copy is what is picked."""
    await page.goto(hub.url)
    await page.get_by_label("Set-up code").fill(setup_code(hub))
    await page.get_by_role("button", name="Begin").click()
    await page.get_by_role("button", name="Begin").click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("radio", name="Bring a copy")).to_be_checked()


async def came(page: Page, unlike: str = "") -> tuple[float, str]:
    """Wait until bytes and rate show, and are not `unlike` what was said before; returns the MB, and the words."""
    told = page.locator(".measure .num")
    await expect(told).not_to_have_text(unlike)
    await expect(told).to_have_text(TOLD)
    said = await told.inner_text()
    found = TOLD.search(said)
    assert found is not None, said
    return float(found[1]), said


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_a_copy_is_brought_cancelled_and_brought(script: bool, tmp_path: Path, walk: Walk) -> None:
    with SlowPage() as release, PagedHub(tmp_path, release) as hub:
        hub.start()
        page = await walk.page(375, script=script, bypass_csp=script)
        look = Looks(page, "setup-")
        heading, text = page.get_by_role("heading", level=1), page.locator("[data-part=text]")
        await to_the_choice(page, hub)

        release.status[release.archive] = 503
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("alert")).to_contain_text(f"It answered 503 for {release.archive}")
        if script:
            await look("3-bringing-failed")
        del release.status[release.archive]
        await page.get_by_role("button", name="Try again").click()

        await expect(heading).to_have_text("Bringing OpenCode")
        await expect(text).to_have_text(f"Fetching {release.archive}.")
        first, said = await came(page)
        more, _ = await came(page, said)
        assert first < more
        if script:
            await look("3-bringing")
        await page.get_by_role("button", name="Cancel").click()
        await expect(heading).to_have_text("OpenCode")
        kept = hub.brought()  # no copy and no work; the bytes that came are kept for the next time
        part = f"downloads/{release.version}/{release.archive}.part"
        assert kept == [part, f"{part}.json"]
        assert not list((hub.home / "opencode").rglob("work-*"))
        size = (hub.home / "opencode" / part).stat().st_size
        assert size >= (more - 0.05) * 1e6
        await page.reload()
        await expect(page.get_by_role("radio", name="Bring a copy")).to_be_checked()

        await page.get_by_role("button", name="Continue").click()
        assert (await came(page))[0] > size / 1e6 - 0.05  # it goes on where it was
        assert release.ranges[-1] == f"bytes={size}-"
        await page.reload()  # which is no new beginning
        await came(page)
        release.hurry.set()
        await expect(heading).to_have_text("Project folder")
        assert hub.brought() == [f"versions/{release.version}/opencode"]
        assert len(release.ranges) == 3
        await page.get_by_role("link", name="Back").click()
        await expect(page.get_by_role("radio", name=f"Use the one found: version {release.version}")).to_be_visible()
        assert not look.found, "\n".join(look.found)
