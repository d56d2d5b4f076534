# SPDX-License-Identifier: MIT
"""The inbox in front of the real OpenCode: it calls from every page, and is answered from the keyboard."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.keys import Keys
from tests.browser.talk import begin
from tests.browser.walk import PATIENCE, Walk
from tests.fakes.hub import RealHub

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)

COUNT = "[data-k=inbox-badge]"


async def without_rows(page: Page, hub: RealHub) -> None:
    """Put away what other tests left."""
    with hub.api() as api:
        for item in api.get("inbox").raise_for_status().json()["items"]:
            if item["kind"] in ("permission", "question"):
                api.post(f"inbox/{item['id']}/reply", json={"reply": "reject"})
            else:
                api.post(f"inbox/{item['id']}/dismiss")
    await expect(page.locator(COUNT)).to_be_hidden()


async def test_it_calls_on_every_page_and_is_answered_by_keyboard(hub: RealHub, walk: Walk) -> None:
    here, asks = begin(hub, "Open here"), begin(hub, "Asks elsewhere")
    page = await walk.signed_in(hub.url)
    await without_rows(page, hub)
    still = await page.context.new_page()  # a page without a stream of its own, and a phone
    await still.goto(hub.url + "inbox/history")
    phone = await walk.signed_in(hub.url, 375)
    await phone.goto(hub.url + "inbox")
    await expect(phone.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    await page.goto(hub.url + here.path)
    await expect(page.locator("[data-line=live]")).to_be_visible()

    asks.say("tour")
    for shown in (page, still, phone):
        await expect(shown.locator(COUNT)).to_have_text("1 open")
        await expect(shown).to_have_title(
            "(1) " + {page: "Open here", still: "Inbox history", phone: "Inbox"}[shown] + " – OpenCode Nexus"
        )
    await expect(page.locator("#say")).to_have_text("“Asks elsewhere” asks for permission. It is in the inbox.")
    await expect(phone.locator("[data-row]")).to_have_count(1)
    await expect(phone.locator("[data-row] pre")).to_have_text("touch practice-note.txt")
    bar = phone.get_by_role("navigation", name="Main").get_by_role("list")
    box = await bar.bounding_box()
    assert box is not None and box["y"] + box["height"] == 780
    for link in await bar.locator("li:visible > :is(a, button)").all():
        size = await link.bounding_box()
        assert size is not None and size["height"] >= 44 and size["width"] >= 44

    keys = Keys(page)
    await keys.press("Inbox")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    await page.keyboard.press("j")
    await expect(page.locator("[data-row]")).to_be_focused()
    await keys.press("Allow once")
    await expect(page.locator("[data-row]").filter(has_text="Waiting for you")).to_have_count(0)
    await expect(phone.locator("[data-row]").filter(has_text="Waiting for you")).to_have_count(0)
    # its turn ends while nobody shows that chat: that comes in, and goes as soon as the chat is looked at
    done = page.locator("[data-row]").filter(has_text="The agent is done")
    await expect(done).to_have_count(1)
    await done.get_by_role("link", name="Open the chat").click()
    await page.wait_for_url(hub.url + asks.path)
    for shown in (page, still, phone):
        await expect(shown.locator(COUNT)).to_be_hidden()
    await expect(phone).to_have_title("Inbox – OpenCode Nexus")
    await phone.goto(hub.url + "inbox/history")
    line = phone.locator("ol.list > li").first
    await expect(line).to_contain_text("Allowed once by owner, Chrome on Linux (127.0.0.1)")


async def test_it_works_without_script(hub: RealHub, walk: Walk) -> None:
    asks = begin(hub, "Without script")
    page = await walk.signed_in(hub.url, 375, script=False)
    asks.say("tour")
    waiting = asks.asked()
    await page.goto(hub.url + "inbox?kind=waiting")
    row = page.locator(f"#row-{waiting['id']}")
    await row.get_by_text("Say why you reject it").click()
    await row.get_by_label("Tell the agent what to do instead").fill("another time")
    await row.get_by_role("button", name="Reject").click()
    await page.wait_for_url(hub.url + "inbox?said=reject")
    await expect(page.locator(".note.ok")).to_have_text("Rejected.")
    await expect(page.locator(f"#row-{waiting['id']}")).to_have_count(0)
    # an answer that comes too late is told what became of it
    with hub.api() as api:
        late = api.post(f"inbox/{waiting['id']}/reply", json={"reply": "once"})
    assert (late.status_code, late.json()["detail"]) == (404, "What became of it: rejected by owner.")
    await page.goto(hub.url + asks.path + "/accepting")
    await page.get_by_role("button", name="Allow all for 15 minutes").click()
    await page.wait_for_url(hub.url + asks.path)
    await expect(page.get_by_role("link", name="Allows all")).to_be_visible()
    await page.goto(hub.url + "inbox")
    await expect(page.get_by_text("is allowed all that it asks")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("is allowed all that it asks")).to_have_count(0)
