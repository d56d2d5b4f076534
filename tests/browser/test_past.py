# SPDX-License-Identifier: MIT
"""A long chat in a page of bounded size: both ways through it, to any message, and live all the while."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat_page import ChatApp, eventually, spoken, until, words
from tests.browser.imported import imported
from tests.browser.sleeper import MINUTES, Sleeper
from tests.browser.talk import begin, running
from tests.browser.walk import Walk
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

LENGTH = 400  # messages
MOST = 3000  # elements of a page
BUSY = [{"do": "busy"}, {"do": "begin"}]
END = [{"do": "end"}, {"do": "idle"}]

# The times between neighbours: LongSession lets an answer follow after 1 s and the next question after 3.
STEPS = """() => {
  const times = [...document.querySelectorAll(".msg")].map((row) => +row.dataset.at);
  return [...new Set(times.slice(1).map((time, n) => time - times[n]))].sort();
}"""
# How far the topmost message is moved by those that are put before it.
MOVED = """async () => {
  const talk = document.querySelector(".talk"), row = document.querySelector(".msg");
  const frame = () => new Promise(requestAnimationFrame), place = () => row.getBoundingClientRect().top;
  talk.scrollTop = 300;
  const before = place();
  while (!document.querySelector(".past > .msg")) await frame();
  await frame();
  await frame();
  return place() - before;
}"""
SIZE = "document.getElementsByTagName('*').length"
APART = "!document.querySelector('.msgs')"


async def scroll(page: Page, by: int, until_: str) -> int:
    """Turn the wheel until an expression holds; returns how many elements there were at most."""
    most = 0
    await page.locator(".talk").hover()
    for _ in range(600):
        await page.mouse.wheel(0, by)
        most = max(most, int(await page.evaluate(SIZE)))
        if await page.evaluate(until_):
            return most
        await page.wait_for_timeout(10)
    raise AssertionError(f"never while scrolling: {until_}")


async def test_through_a_long_chat_and_back(walk: Walk, hub: RealHub) -> None:
    talk, made = imported(hub, LENGTH)
    messages = [item["info"] for item in made.export()["messages"]]
    page = await walk.signed_in(hub.url)
    await page.goto(hub.url + talk.path)
    await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")
    assert abs(await page.evaluate(MOVED)) < 2, "what is read stays in its place when older messages come"
    await page.reload()
    first = await page.evaluate("document.querySelector('.msg').dataset.at")
    base = int(first) - (LENGTH - 30) // 2 * 4000  # of the first message, however the export was dated
    begun = f"document.querySelector('.msg').dataset.at === '{base}'"
    assert await scroll(page, -2500, begun) < MOST
    assert await page.evaluate(STEPS) == [1000, 3000], "nothing is left out, nothing twice"
    assert await page.evaluate(APART), "the newest are not on the page"
    await expect(page.get_by_role("link", name="Show older messages")).to_have_count(0)
    assert await scroll(page, 2500, f"!({APART})") < MOST
    await scroll(page, 2500, "!nexus.far()")
    assert await page.evaluate(STEPS) == [1000, 3000]
    await expect(page.locator(".msg").last).to_contain_text(made.mark)
    assert len(messages) == LENGTH


async def test_a_link_to_a_message_opens_there(walk: Walk, hub: RealHub) -> None:
    talk, _ = imported(hub, 80)
    with hub.api() as api:
        items = api.get(f"servers/{talk.server}/sessions/{talk.session}/messages?limit=80").json()["items"]
    sought = items[20]
    page = await walk.signed_in(hub.url)
    newest = hub.url + talk.path
    await page.goto(newest)
    at = int(await page.evaluate("document.querySelector('.msg').dataset.at")) - 30 // 2 * 4000
    link = f"{newest}?at_message={sought['id']}&at={at}#{sought['id']}"
    for script in (True, False):
        page = await walk.signed_in(hub.url, script=script)
        await page.goto(link)
        await expect(page.locator(f"[id={sought['id']}]")).to_be_in_viewport()
        await expect(page.locator(".msg")).to_have_count(31)
        await page.get_by_role("link", name="Jump to the newest").click()
        await expect(page.locator(".msg").last).to_contain_text("LASTMARK80")
        await page.goto(newest + "?at_message=msg_gone&at=1")
        await expect(page.locator(".note")).to_contain_text("not in this chat any more")
        await page.goto(f"{newest}?at_message={items[-1]['id']}&at=1#{items[-1]['id']}")  # it is on the page anyway
        await expect(page.locator(".msg").last).to_contain_text("LASTMARK80")


async def test_what_is_said_meanwhile_waits_below(walk: Walk) -> None:
    app = ChatApp().start()
    try:
        steps = [{"do": "past", "count": 200}, {"do": "user", "text": "now"}]
        session = await app.script(title="Past", steps=steps)
        page = await walk.page()
        await page.goto(f"{app.address(session)}?at_message=msg_00000000000102&at=0")
        await expect(page.locator(".note")).to_contain_text("not in this chat")  # its time is not that
        times = await page.evaluate("document.querySelector('.msg').dataset.at")
        await page.goto(
            f"{app.address(session)}?before={await page.evaluate('document.querySelector(`.msg`).id')}&at={times}"
        )
        await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")
        text = words(200)
        was = await page.locator(".typed").all_inner_texts()
        await app.script(session=session, steps=[*BUSY, {"do": "say", "text": text, "each": 40}])
        await expect(page.locator(".below")).to_contain_text("New messages below")
        await page.context.set_offline(True)
        await expect(page.locator("[data-line]")).to_have_text("Offline")
        more = words(40, "m")
        await app.script(session=session, steps=[{"do": "say", "text": "x" * 2_000_000, "each": 90_000}])
        await app.script(session=session, steps=[{"do": "say", "text": more}, *END])
        await page.context.set_offline(False)
        await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")
        assert await page.locator(".typed").all_inner_texts() == was, "the past stays as it was"
        await page.get_by_role("link", name="New messages below").click()
        await eventually(page, "!nexus.apart && !nexus.far()")
        await until(page, spoken(more), ".msg.assistant .md:last-child")
        await expect(page.locator(".typed")).to_have_text(["now"])
    finally:
        app.kill()


async def test_another_server_and_then_another_hub_on_waking(walk: Walk, hub: RealHub) -> None:
    """Each time the page shows what a fresh one shows, and its draft."""
    talk = begin(hub, "Server")
    talk.say("a long one")
    sleeper = Sleeper(await walk.signed_in(hub.url, 375))
    await sleeper.open(hub.url + talk.path)
    await eventually(sleeper.page, "document.querySelectorAll('.msg.assistant .md p').length > 3")
    async with sleeper.asleep(MINUTES):  # in the middle of the answer
        with hub.api() as api:
            api.post(f"servers/{talk.server}/restart").raise_for_status()
        running(hub)
    await like_a_fresh_one(sleeper)
    async with sleeper.asleep(MINUTES):
        port = str(urlsplit(hub.url).port)
        hub.kill()
        hub.start("--port", port)
        running(hub)
        talk.say("the next")
        talk.finished()
    await like_a_fresh_one(sleeper)
    await sleeper.page.evaluate("document.querySelector('#composer').form.requestSubmit()")
    await eventually(sleeper.page, "document.querySelectorAll('.msg.user').length === 3")


async def like_a_fresh_one(sleeper: Sleeper) -> None:
    """Until the page shows what another page that is opened now shows; its draft is there."""
    fresh = await sleeper.page.context.new_page()
    await fresh.goto(sleeper.page.url)
    expected = await fresh.locator(".msgs").inner_text()
    await fresh.close()
    assert "practice" in expected
    await expect(sleeper.page.locator(".msgs")).to_have_text(expected, use_inner_text=True)
    await sleeper.drafted()
