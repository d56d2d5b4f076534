# SPDX-License-Identifier: MIT
"""The dashboard and a server's page, in front of the real OpenCode: live, measured, and true."""

import re

import httpx2
import psutil
import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.talk import begin, first_server
from tests.browser.walk import PATIENCE, Walk
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


async def dashboard(walk: Walk, hub: RealHub, width: int = 1440) -> tuple[Page, Locator]:
    """Return the dashboard, marked so that a reload would be noticed, and its first server's card."""
    page = await walk.signed_in(hub.url, width)
    await page.evaluate("window.notReloaded = true")
    return page, page.locator("article.server").first


async def figure(card: Locator, name: str) -> str:
    """Return the text of the figure `name` of a card."""
    pair = card.locator("dl > div", has=card.page.get_by_text(name, exact=True))
    return (await pair.locator("dd").inner_text()).strip()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_the_figures_are_those_of_the_real_process(hub: RealHub, walk: Walk) -> None:
    page, card = await dashboard(walk, hub)
    await expect(card.locator(".status")).to_have_text("Running")
    process = psutil.Process(int(await figure(card, "Process")))
    assert hub.opencode is not None
    assert process.exe() == str(hub.opencode.resolve())
    port = await figure(card, "Port")
    assert int(port) in {c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    assert httpx2.get(f"http://127.0.0.1:{port}/global/health", trust_env=False).status_code == 401
    assert await figure(card, "Version") == "1.18.33"
    memory = card.locator("dd", has_text=re.compile(r"^\d+(\.\d)? MB$"))
    await expect(memory).to_have_count(1)
    shown = float((await memory.inner_text()).split()[0]) * 1e6
    tree = [process, *process.children(recursive=True)]
    assert shown == pytest.approx(sum(p.memory_info().rss for p in tree), rel=0.3)
    machine = page.locator("[data-k=dash-machine]")
    await expect(machine).to_contain_text(f"of {psutil.virtual_memory().total / 1e9:.1f} GB")
    await expect(machine.get_by_role("meter")).to_have_count(3)


async def test_stop_asks_and_start_follows_without_a_reload(hub: RealHub, walk: Walk) -> None:
    page, card = await dashboard(walk, hub)
    pid = int(await figure(card, "Process"))
    await card.get_by_role("link", name=re.compile("^Stop")).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Stop OpenCode?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    assert alive(pid)

    await card.get_by_role("link", name=re.compile("^Stop")).click()
    await dialog.get_by_role("button", name="Stop the server").click()
    await expect(card.locator(".status")).to_have_text("Stopped")
    await expect(dialog).to_be_hidden()
    assert not alive(pid)
    await expect(page.locator("[data-k=dash-summary]")).to_contain_text("0 of 1 server running")

    await card.get_by_role("button", name=re.compile("^Start")).click()
    await expect(card.locator(".status")).to_have_text("Running")
    assert int(await figure(card, "Process")) != pid
    await expect(page.locator("[data-k=dash-activity] li").first).to_contain_text("start")
    assert await page.evaluate("window.notReloaded")


async def test_restart_gives_a_new_process(hub: RealHub, walk: Walk) -> None:
    page, card = await dashboard(walk, hub)
    pid = await figure(card, "Process")
    await card.get_by_role("button", name=re.compile("^Restart")).click()
    await expect(card.get_by_text(pid, exact=True)).to_have_count(0)
    await expect(card.locator(".status")).to_have_text("Running")
    assert await figure(card, "Process") != pid
    assert await page.evaluate("window.notReloaded")


async def test_what_waits_shows_at_once_and_leads_to_its_chat(hub: RealHub, walk: Walk) -> None:
    page, _ = await dashboard(walk, hub)
    waiting = page.get_by_role("region", name="Waiting for you")
    await expect(waiting).to_have_count(0)
    talk = begin(hub, "Something to allow")
    talk.say("tour")
    await expect(waiting).to_contain_text("touch practice-note.txt")
    await expect(page.locator("[data-k=dash-summary]")).to_contain_text("1 waiting for you")
    assert await page.evaluate("window.notReloaded")
    await waiting.get_by_role("link").click()
    await page.wait_for_url(re.compile(re.escape(talk.path)))
    talk.reply("reject")
    await page.goto(hub.url)
    await expect(page.get_by_role("region", name="Waiting for you")).to_have_count(0)


async def test_a_crash_is_told_with_its_reason(hub: RealHub, walk: Walk) -> None:
    page, card = await dashboard(walk, hub)
    pid = int(await figure(card, "Process"))
    psutil.Process(pid).kill()
    await expect(card.get_by_text(str(pid), exact=True)).to_have_count(0)
    await expect(card.locator(".status")).to_have_text("Running")  # by itself, after the back-off
    await expect(page.locator("[data-k=dash-activity]")).to_contain_text(
        re.compile("signal 9|SIGKILL|killed", re.IGNORECASE)
    )


async def test_a_project_folder_that_does_not_exist_is_named_and_kept(hub: RealHub, walk: Walk) -> None:
    page, card = await dashboard(walk, hub, 375)
    await card.get_by_role("heading").get_by_role("link").click()
    field = page.get_by_label("Folder on this machine")
    wrong = str(hub.root / "nowhere")
    await field.fill(wrong)
    await page.get_by_role("button", name="Add the folder").click()
    await expect(page.get_by_role("alert")).to_contain_text(wrong)
    await expect(field).to_have_value(wrong)
    await expect(field).to_have_attribute("aria-invalid", "true")
    right = hub.root / "second"
    right.mkdir()
    await field.fill(str(right))
    await page.get_by_role("button", name="Add the folder").click()
    await expect(page.locator("[data-k=srv-projects]")).to_contain_text(str(right))
    assert str(right) in first_server(hub)["projects"]


async def test_colours_follow_the_switch(hub: RealHub, walk: Walk) -> None:
    page, _ = await dashboard(walk, hub)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    await page.get_by_role("button", name=re.compile("^Account")).click()
    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await page.evaluate(ground) != light
    await page.reload()
    assert await page.evaluate(ground) != light
