# SPDX-License-Identifier: MIT
"""Writing a message in Chromium, on a real hub: drafts that follow, files, suggestions, what waits, being offline."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, Page, Route, expect

from tests.browser.hands import PICTURE
from tests.browser.talk import Talk, begin, running
from tests.browser.walk import PATIENCE, Walk, keep, violations
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    running_ = Provider(tmp_path_factory.mktemp("provider") / "said.jsonl")
    yield running_
    running_.close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, provider: Provider) -> Iterator[RealHub]:
    """A hub whose project knows the scripted provider."""
    with RealHub(tmp_path_factory.mktemp("composer"), opencode_binary) as hub:
        (hub.project / "opencode.json").write_text(json.dumps(provider.config()))
        (hub.project / "src").mkdir()
        (hub.project / "src" / "main.py").write_text("def alpha(): ...\n")
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        running(hub)
        yield hub


async def opened(
    walk: Walk, talk: Talk, width: int = 1440, *, script: bool = True, bypass_csp: bool = False, worker: bool = True
) -> tuple[Page, Locator]:
    page = await walk.signed_in(talk.hub.url, width, script=script, bypass_csp=bypass_csp, worker=worker)
    async with asyncio.timeout(2 * PATIENCE / 1000):
        await page.goto(talk.hub.url + talk.path)
        while not await field(page).count():  # OpenCode was late, 20 s for its first answer: the page says so
            await page.goto(talk.hub.url + talk.path)
    return page, field(page)


def field(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


async def kept(page: Page, act: Locator, words: str) -> None:
    """Write, and wait until the hub has the draft."""
    async with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.request.method == "POST"):
        await act.fill(words)


def typed(page: Page) -> Locator:
    return page.locator(".msg.user .typed")


async def test_a_draft_follows_and_two_devices_do_not_overwrite_each_other(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Drafts")
    desk, at_desk = await opened(walk, talk)
    await kept(desk, at_desk, "begun at the desk")
    phone, on_phone = await opened(walk, talk, 375)
    await expect(on_phone).to_have_value("begun at the desk")
    await kept(phone, on_phone, "changed on the phone")
    await desk.evaluate("dispatchEvent(new Event('focus'))")  # the field was not touched since: it follows
    await expect(at_desk).to_have_value("changed on the phone")
    await kept(phone, on_phone, "once more on the phone")
    await at_desk.fill("and at the desk")
    offer = desk.get_by_text("Another device has a draft: “once more on the phone”")
    await expect(offer).to_be_visible()
    await expect(at_desk).to_have_value("and at the desk")
    await desk.get_by_role("button", name="Use it").click()
    await expect(at_desk).to_have_value("once more on the phone")
    # a draft goes when it is taken, on every device, and not before
    await at_desk.press("Enter")
    await expect(typed(desk)).to_have_text(["once more on the phone"])
    await expect(at_desk).to_have_value("")
    await phone.reload()
    await expect(on_phone).to_have_value("")


async def test_words_that_another_device_wrote_over_are_offered_where_they_were_written(
    hub: RealHub, walk: Walk
) -> None:
    talk = begin(hub, "Written over")
    desk, at_desk = await opened(walk, talk)
    phone, on_phone = await opened(walk, talk, 375)
    await kept(phone, on_phone, "written on the phone")
    await at_desk.fill("and at the desk")
    await expect(desk.get_by_text("Another device has a draft: “written on the phone”")).to_be_visible()
    await at_desk.press("End")
    await kept(desk, at_desk, "and at the desk, by one who does not look")
    await desk.close()
    await phone.evaluate("dispatchEvent(new Event('focus'))")
    await expect(on_phone).to_have_value("and at the desk, by one who does not look")
    await expect(phone.get_by_text("changed what stood here: “written on the phone”")).to_be_visible()
    await phone.get_by_role("button", name="Use it").click()
    await expect(on_phone).to_have_value("written on the phone")


async def test_a_draft_does_not_stay_in_a_browser_that_signed_out(hub: RealHub, walk: Walk) -> None:
    page, box = await opened(walk, begin(hub, "Signed out"))
    await kept(page, box, "a secret of mine")
    drafts = "Object.entries(localStorage).filter(([name]) => name.startsWith('draft:')).join()"
    assert "a secret of mine" in await page.evaluate(drafts)
    unheard = '{"text":"unheard","version":1,"dirty":true}'
    await page.evaluate(f"localStorage['draft:srv_x/ses_x'] = '{unheard}'")
    await page.evaluate("fetch('/logout', {method: 'POST'})")
    await page.wait_for_url("**/login**")  # it goes there by itself: its stream ended with the login
    assert await page.evaluate(drafts) == f"draft:srv_x/ses_x,{unheard}"


async def test_what_is_written_offline_survives_a_reload_beside_a_newer_draft(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Both changed")
    desk, at_desk = await opened(walk, talk, worker=False)
    await kept(desk, at_desk, "known to the hub")
    await desk.route("**/draft", lambda route: route.abort())
    await at_desk.fill("only in this browser")
    phone, on_phone = await opened(walk, talk, 375)
    await kept(phone, on_phone, "newer on the hub")
    await desk.unroute_all()
    await desk.reload()
    await expect(at_desk).to_have_value("only in this browser")
    await expect(desk.get_by_text("Another device has a draft: “newer on the hub”")).to_be_visible()


async def test_files_are_dropped_pasted_chosen_refused_and_follow_to_the_phone(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Files")
    page, box = await opened(walk, talk)
    await kept(page, box, "What is on these?")
    await page.dispatch_event("[data-composer]", "drop", {"dataTransfer": await page.evaluate_handle(PICTURE)})
    chips = page.locator(".chips li")
    await expect(chips.locator("[name=attached]")).to_have_count(1)
    await page.evaluate(
        "async (made) => document.querySelector('[data-draft]').dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: made, bubbles: true, cancelable: true}))",
        await page.evaluate_handle(PICTURE),
    )
    await expect(chips.locator("[name=attached]")).to_have_count(2)
    refused = page.get_by_role("alert")
    for name, content, why in (
        ("tool.bin", b"\x7fELF\0\0", "“tool.bin” cannot be sent."),
        ("fake.png", b"MZ\0 no picture", "That kind of file cannot be sent."),
        ("big.txt", b"x" * 10_000_001, "A file may have 10 MB"),
    ):
        await page.set_input_files("[name=files]", _file(name, content))
        await expect(refused).to_contain_text(why)
        await expect(box).to_have_value("What is on these?")
    await page.set_input_files("[name=files]", _file("a.md", b"# a"))
    await expect(chips.locator("[name=attached]")).to_have_count(3)
    await page.get_by_role("button", name="Remove a.md").click()
    await expect(chips).to_have_count(2)
    phone, on_phone = await opened(walk, talk, 375, bypass_csp=True)
    await expect(phone.locator(".chips img")).to_have_count(2)
    sizes = await phone.locator(".chips img").evaluate_all(
        "all => all.map((img) => [img.naturalWidth, img.naturalHeight])"
    )
    assert sizes == [[2000, 1000]] * 2
    assert await violations(phone) == []
    await phone.get_by_role("button", name="Send", exact=True).click()
    await expect(typed(phone)).to_have_text(["What is on these?"])
    await expect(phone.locator(".chips li")).to_have_count(0)
    files = [part for part in talk.finished()[0]["parts"] if part["type"] == "file"]
    assert [(part["filename"], part["mime"]) for part in files] == [("shop.jpg", "image/jpeg")] * 2
    await expect(on_phone).to_have_value("")


def _file(name: str, content: bytes) -> FilePayload:
    kinds = {"png": "image/png", "txt": "text/plain", "md": "text/markdown"}
    kind = kinds.get(name.rpartition(".")[2], "application/octet-stream")
    return FilePayload(name=name, mimeType=kind, buffer=content)


async def test_words_are_completed_by_keyboard_and_by_touch(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Completing")
    page, box = await opened(walk, talk, bypass_csp=True)
    await box.press_sequentially("read @mai")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    await expect(options.first).to_contain_text("src/main.py")
    assert await violations(page) == []
    assert await box.get_attribute("aria-activedescendant") == await options.first.get_attribute("id")
    await box.press("Tab")
    await expect(box).to_have_value("read @src/main.py ")
    await box.press_sequentially("and ask @")
    await expect(options).not_to_have_count(0)
    assert await options.count() <= 8
    await box.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await box.press("Escape")
    await expect(options).to_have_count(0)
    await expect(box).to_be_focused()
    await box.fill("")
    await box.press_sequentially("/ini")
    await expect(options.first).to_contain_text("/init")
    await box.press("Enter")  # takes it, and sends nothing
    await expect(box).to_have_value("/init ")
    await expect(page.locator(".msg")).to_have_count(0)
    phone, on_phone = await opened(walk, begin(hub, "Touch"), 375)
    # a finger comes down where a row was: the list that stays is that of the last letter
    async with phone.expect_response(lambda answer: answer.url.endswith("/complete?q=%40gen")) as last:
        await on_phone.press_sequentially("@gen")
    await (await last.value).finished()
    hits = phone.get_by_role("listbox", name="Suggestions").get_by_role("option")
    await hits.filter(has_text="@general").tap()
    await expect(on_phone).to_have_value("@general ")
    await on_phone.fill("!echo by hand")
    await expect(phone.get_by_text("Runs in the shell, without the agent.")).to_be_visible()
    await phone.get_by_role("button", name="Send", exact=True).tap()
    await expect(phone.locator(".tool", has_text="echo by hand")).to_be_visible()


async def test_two_browsers_see_what_waits_and_each_can_change_it(hub: RealHub, walk: Walk, provider: Provider) -> None:
    talk = begin(hub, "Queue")
    desk, at_desk = await opened(walk, talk)
    phone, _ = await opened(walk, talk, 375, bypass_csp=True)
    await at_desk.fill('#script [[{"text": "begun "}, {"wait": "b1"}]]')
    await at_desk.press("Enter")
    await expect(desk.get_by_text("begun", exact=True)).to_be_visible()
    waits = phone.get_by_role("region", name="What waits").get_by_role("listitem")
    for count, words in enumerate(("first", "second", "third"), 1):
        await at_desk.fill(words)
        await at_desk.press("Enter")
        await expect(waits).to_have_count(count)
    await keep(phone, "chat-queue", 375, "light")
    assert await violations(phone) == []
    await waits.filter(has_text="second").get_by_role("button", name="Remove").tap()
    row = desk.get_by_role("region", name="What waits").get_by_role("listitem").filter(has_text="third")
    await row.locator("summary").click()
    await row.get_by_label("Text").fill("third, changed")
    await row.get_by_role("button", name="Save").click()
    await expect(waits).to_have_count(2)
    await expect(waits.last).to_contain_text("third, changed")
    # without script too
    plain, _ = await opened(walk, talk, 375, script=False)
    await plain.get_by_role("listitem").filter(has_text="first").get_by_role("button", name="Remove").click()
    await expect(waits).to_have_count(1)
    provider.release("b1")
    await expect(desk.get_by_text("echo: third, changed")).to_be_visible()
    await expect(phone.get_by_text("echo: third, changed")).to_be_visible()
    assert (await typed(desk).all_text_contents())[1:] == ["third, changed"]


async def test_what_is_written_while_a_message_is_on_its_way_goes_after_it(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Slow line")
    page, box = await opened(walk, talk, worker=False)
    line = asyncio.Event()

    async def slow(route: Route) -> None:
        if route.request.method == "POST":
            await line.wait()
        await route.continue_()

    async def press(words: str) -> None:
        await box.fill(words)
        await box.press("Enter")

    on_its_way = page.locator("[data-composer][data-busy]")
    await page.route(hub.url + talk.path, slow)
    await press("first")
    await expect(on_its_way).to_have_count(1)
    await box.press("Enter")  # the same once more is no second message
    await press("second")
    line.set()
    await expect(typed(page)).to_have_text(["first", "second"])
    await expect(box).to_have_value("")
    # who writes on after Enter is not done yet
    line.clear()
    await press("third")
    await expect(on_its_way).to_have_count(1)
    await press("fourth")
    await box.press_sequentially(" and")
    line.set()
    await expect(typed(page)).to_have_text(["first", "second", "third"])
    await expect(on_its_way).to_have_count(0)
    await expect(box).to_have_value("fourth and")
    await box.press("Enter")
    await expect(typed(page)).to_have_text(["first", "second", "third", "fourth and"])


async def test_what_is_sent_offline_goes_once_and_in_its_order(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Offline")
    page, box = await opened(walk, talk, worker=False)
    other = await page.context.new_page()  # another tab of the same browser flushes the same outbox
    await other.goto(hub.url + talk.path)
    await page.bring_to_front()
    await page.context.set_offline(True)
    for words in ("one", "two", "three"):
        await box.fill(words)
        await box.press("Enter")
        await expect(box).to_have_value("")
    waits = page.get_by_role("list", name="What waits for the connection").get_by_role("listitem")
    await expect(waits).to_have_text(
        [f"{words}Waits for the connectionEditRemove" for words in ("one", "two", "three")]
    )
    await waits.nth(1).get_by_role("button", name="Edit").click()
    await expect(box).to_have_value("two")
    await box.fill("two, changed")
    await box.press("Enter")
    await page.context.set_offline(False)
    await expect(typed(page)).to_have_text(["one", "three", "two, changed"])
    await expect(waits).to_have_count(0)
    # the answer is lost on its way: what was taken is not taken once more
    await page.route(hub.url + talk.path, _lose)
    await box.fill("was it taken?")
    await box.press("Enter")
    await expect(waits).to_have_count(1)
    await page.unroute_all()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(waits).to_have_count(0)
    await expect(page.get_by_text("echo: was it taken?")).to_be_visible()
    assert (await typed(page).all_text_contents()).count("was it taken?") == 1


async def _lose(route: Route) -> None:
    if route.request.method == "POST":
        await route.fetch()
        await route.abort()
    else:
        await route.continue_()


async def test_a_browser_without_room_keeps_what_is_sent_offline_in_the_field(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "No room")
    page, box = await opened(walk, talk)
    await page.evaluate(
        "for (let n = 1 << 20, i = 0; n; i++) try { localStorage['x' + i] = 'x'.repeat(n); } catch { n >>= 1; }"
    )
    await page.context.set_offline(True)
    await box.fill("dear words")
    await box.press("Enter")
    await expect(page.get_by_text("no room left to keep the message")).to_be_visible()
    await expect(box).to_have_value("dear words")
    await page.context.set_offline(False)
    await box.press("Enter")
    await expect(page.locator(".msg.user .typed")).to_have_text("dear words")


async def test_a_plain_form_sends_files_and_keeps_the_text_when_one_is_too_large(
    hub: RealHub, walk: Walk, tmp_path: Path
) -> None:
    talk = begin(hub, "Plain")
    page, box = await opened(walk, talk, 375, script=False)
    large = tmp_path / "large.txt"
    await asyncio.to_thread(large.write_bytes, b"x" * 100_000_000)
    await box.fill("read this")
    await page.set_input_files("[name=files]", str(large))
    await page.get_by_role("button", name="Send", exact=True).click()
    refused = page.get_by_role("alert")
    await expect(refused).to_contain_text("“large.txt” has more than 10 MB.")
    await expect(box).to_have_value("read this")
    for name, content in (("tool.bin", b"\x7fELF\0\0"), ("fake.png", b"MZ\0 no picture")):
        await page.set_input_files("[name=files]", _file(name, content))
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(refused).to_contain_text(f"“{name}” is neither a picture nor a PDF nor text.")
        await expect(box).to_have_value("read this")
    # the same for a program, which the page's own script is too
    ask = {"Accept": "application/json", "X-Nexus": "live", "Origin": hub.url}
    for name, content, status, code in (
        ("large.txt", b"x" * 10_000_001, 413, "attachment-too-large"),
        ("tool.bin", b"\x7fELF\0\0", 400, "attachment-kind"),
        ("fake.png", b"MZ\0 no picture", 400, "attachment-kind"),
    ):
        answer = await page.context.request.post(
            f"{hub.url}{talk.path}/attach", multipart={"files": _file(name, content)}, headers=ask
        )
        problem = await answer.json()
        assert (answer.status, problem["code"]) == (status, code)
        assert name in problem["detail"]
    await expect(page.locator(".chips li")).to_have_count(0)
    await page.set_input_files("[name=files]", _file("b.md", b"# b"))
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(box).to_have_value("")
    files = [part["filename"] for part in talk.finished()[0]["parts"] if part["type"] == "file"]
    assert files == ["b.md"]


async def test_the_effort_follows_the_model_and_is_remembered(hub: RealHub, walk: Walk) -> None:
    talk = begin(hub, "Effort")
    page, box = await opened(walk, talk)
    await page.get_by_label("Effort").select_option("high")
    await box.fill("think hard")
    await box.press("Enter")
    await expect(page.get_by_text("echo: think hard")).to_be_visible()
    await page.goto(hub.url + begin(hub, "Another").path)
    await expect(page.get_by_label("Effort")).to_have_value("high")
