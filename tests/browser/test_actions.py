# SPDX-License-Identifier: MIT
"""What is done with a chat and a message, in Chromium with the real OpenCode: by mouse, by keyboard, without script."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.talk import Talk, begin
from tests.browser.walk import PATIENCE, Walk, spills, violations
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


def talk(hub: RealHub, title: str) -> Talk:
    """A chat in which one thing was said and answered."""
    found = begin(hub, title)
    found.say("Something long.")
    found.finished()
    return found


async def menu(page: Page) -> None:
    await page.get_by_role("button", name="Menu of this chat").click()
    await expect(page.locator("#chat-menu")).to_be_visible()


async def test_by_mouse(hub: RealHub, walk: Walk, tmp_path: Path) -> None:
    first, other = talk(hub, "First"), begin(hub, "Other")
    page = await walk.signed_in(hub.url)
    await page.goto(hub.url + first.path)
    said = page.locator(".msg.user")
    await expect(said).to_have_count(1)
    # axe looks at what undoing asks first; tests/e2e/test_doing.py does it, as it names, pins, forks and compacts
    await said.locator(".more").click()
    await page.get_by_role("link", name="Revert to here…").click()
    await expect(page.get_by_text("2 messages will be undone")).to_be_visible()
    assert await violations(page) == []
    await page.go_back()
    # edit and resend
    await said.locator(".more").click()
    await page.get_by_role("link", name="Edit and resend…").click()
    await page.get_by_role("button", name="Undo and edit").click()
    await expect(page.get_by_label("Message", exact=True)).to_have_value("Something long.")
    await page.get_by_role("link", name="Restore…").click()
    await page.get_by_role("button", name="Restore").click()
    # files
    await page.goto(hub.url + first.path + "/export")
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="JSON", exact=True).click()
    file = tmp_path / (await begun.value).suggested_filename
    await (await begun.value).save_as(file)
    assert len(json.loads(file.read_text())["messages"]) == 2
    await page.goto(f"{hub.url}chat/{first.server}/import")
    await page.get_by_label("File").set_input_files(file)
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_role("alert")).to_contain_text("That chat is on this machine already.")
    moved = json.loads(
        file.read_text().replace(first.session, "ses_moved").replace("msg_", "msg_m").replace("prt_", "prt_m")
    )
    file.write_text(json.dumps(moved))
    await page.get_by_label("File").set_input_files(file)
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_role("status").first).to_contain_text("All 2 messages came in.")
    await page.get_by_role("link", name="Open the chat").click()
    await expect(said).to_have_count(1)
    # delete, seen by another browser, and undo
    second = await walk.signed_in(hub.url, 375)
    await second.goto(hub.url + other.path)
    await page.goto(hub.url + other.path)
    await menu(page)
    await page.locator("#chat-menu").get_by_role("link", name="Delete").click()
    await expect(page.locator(".after")).to_contain_text("“Other” was deleted.")
    await expect(second.locator(".after")).to_contain_text("This chat was deleted. It goes for good at")
    assert await spills(second) == []
    await second.locator(".after").get_by_role("button", name="Undo").click()
    await expect(page.locator(".chat-rows")).to_contain_text("Other")


async def test_by_keyboard_and_a_stop_is_told_to_all(hub: RealHub, walk: Walk) -> None:
    found = talk(hub, "Keys")
    page, beside = await walk.signed_in(hub.url), await walk.signed_in(hub.url, 375, "dark")
    for one in (page, beside):
        await one.goto(hub.url + found.path)
    await page.locator(".msg.user .more").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Copy text")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("link", name="Revert to here…")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".msg.user .more")).to_be_focused()
    await page.get_by_role("button", name="Menu of this chat").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    for _ in range(3):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Fork “Keys”")
    await page.goto(hub.url + found.path)
    found.say("tour")
    found.asked()
    await page.get_by_role("button", name="Stop").focus()
    await page.keyboard.press("Enter")
    for one in (page, beside):
        await expect(one.locator(".after")).to_contain_text("Stopped this chat. 1 question to you was withdrawn.")
    assert await violations(beside) == []
    await beside.locator(".after").get_by_role("button", name="Close").click()
    await expect(page.locator(".after")).not_to_contain_text("Stopped")


async def test_without_script(hub: RealHub, walk: Walk) -> None:
    found = talk(hub, "Plain")
    page = await walk.signed_in(hub.url, 375, script=False)
    await page.goto(hub.url + found.path)
    await page.locator(".msg.user .more").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your message")
    await page.get_by_role("link", name="Revert to here…").click()
    await page.get_by_role("button", name="Revert").click()
    await page.get_by_role("link", name="Restore…").click()
    await page.get_by_role("button", name="Restore").click()
    await expect(page.locator(".msg.user")).to_have_count(1)
    await menu(page)
    await page.locator("#chat-menu").get_by_role("link", name="Delete").click()
    await page.get_by_role("button", name="Delete").click()
    await page.goto(f"{hub.url}chat/{found.server}/deleted")
    await page.get_by_role("button", name="Undo the deletion of Plain").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Plain")
