# SPDX-License-Identifier: MIT
"""The hub on a phone: installed, without a connection, with notifications; gestures, and room for a finger."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import CDPSession, Error, Page, expect

from tests.browser.chat_page import eventually as shows
from tests.browser.talk import Talk, begin, eventually, running
from tests.browser.walk import Walk, sign_in
from tests.fakes.push_service import PushService
from tests.fakes.pushed_hub import PushedHub

pytestmark = pytest.mark.anyio

BASE = "/deep/nexus"
# What Chromium gives only when it can reach Google: the subscription, with keys whose other half the test has.
SUBSCRIBED = """told => {
    PushManager.prototype.getSubscription = async () => null;
    PushManager.prototype.subscribe = async options => ({options, toJSON: () => told});
}"""
# Everything that can be pressed, smaller than 44 px: not what a larger label stands for, nor links within a sentence,
# nor what only the keyboard reaches, nor the words that fold something away when they are as high as a line.
SMALL = """() => [...document.querySelectorAll('a[href], button, select, summary, textarea, input:not([type=hidden])')]
    .filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(e => !e.closest('.sr, .skip, dialog'))
    .map(e => [e, (e.matches('input[type=checkbox], input[type=radio], input[type=file]') && e.closest('label')) || e])
    .filter(([e]) => !(getComputedStyle(e).display === 'inline' && e.matches('p a, li a, td a, dd a, h2 a, h3 a')))
    .map(([e, box]) => [e, box.getBoundingClientRect()])
    .filter(([e, r]) => r.width && (r.height < 43.5 || r.width < 43.5))
    .map(([e, r]) => `${Math.round(r.width)} x ${Math.round(r.height)}: ${e.outerHTML.slice(0, 110)}`)"""


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as service:
        yield service


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path) -> Iterator[PushedHub]:
    """A hub below a base path, with the practice model, whose push services are stand-ins."""
    with PushedHub(tmp_path_factory.mktemp("hub"), opencode_binary, OPENCODE_NEXUS_BASE_PATH=BASE) as hub:
        done = hub.set_up("--practice")
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        running(hub)
        yield hub


@pytest.fixture(scope="module")
def talks(hub: PushedHub) -> list[Talk]:
    """Three chats, the one used last with a long answer first."""
    made = [begin(hub, f"Chat {name}") for name in "ABC"]
    made[2].say("tour")
    made[2].reply("once")
    made[2].finished()
    return made


async def worker(page: Page) -> None:
    """Return when the page's service worker rules it; one that came while it began is ruled from the next load on."""
    await page.evaluate("navigator.serviceWorker.ready.then(r => r.active.state)")
    await shows(page, "navigator.serviceWorker.ready.then(r => r.active.state === 'activated')")
    await page.reload()
    await shows(page, "!!navigator.serviceWorker.controller")


async def drag(touch: CDPSession, x: float, y: float, right: float, down: float, *, lift: bool = True) -> None:
    """Put a finger down, move it, and lift it."""
    point = [{"x": x, "y": y}]
    await touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    for step in range(1, 7):
        point = [{"x": x + right * step / 6, "y": y + down * step / 6}]
        await touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": point})
    if lift:
        await touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_it_can_be_installed_below_a_base_path(walk: Walk, hub: PushedHub) -> None:
    page = await walk.page(375)
    await page.goto(hub.url + "login")  # nobody is signed in: the browser asks for all this without the cookie
    touch = await page.context.new_cdp_session(page)
    found = await touch.send("Page.getAppManifest")
    assert not found["errors"]
    told = json.loads(found["data"])
    assert (told["id"], told["start_url"], told["scope"]) == (BASE + "/",) * 3
    wrong = (await touch.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert [one["errorId"] for one in wrong] in ([], ["in-incognito"])  # test browsers keep nothing
    sizes = await page.evaluate(
        """icons => Promise.all(icons.map(async icon => {
            const image = new Image();
            image.src = icon.src;
            await image.decode();
            return `${image.naturalWidth}x${image.naturalHeight}` === icon.sizes;
        }))""",
        [*told["icons"], *(icon for one in told["shortcuts"] for icon in one["icons"])],
    )
    assert all(sizes) and len(sizes) == 5
    assert [one["purpose"] for one in told["icons"]].count("maskable") == 1
    for shortcut in told["shortcuts"]:  # they lead somewhere below the base path
        answer = await page.request.get(urlsplit(hub.url)._replace(path=shortcut["url"]).geturl(), max_redirects=0)
        assert answer.status == 303, shortcut


async def test_without_a_connection_the_last_seen_window_is_there_and_a_draft(
    walk: Walk, hub: PushedHub, talks: list[Talk]
) -> None:
    page = await walk.signed_in(hub.url, 375)
    await page.goto(hub.url + talks[2].path)
    await worker(page)
    await page.goto(hub.url + talks[0].path)
    await page.goto(hub.url + talks[2].path)
    await expect(page.locator(".msg.assistant").last).to_be_visible()
    seen = await page.locator(".msg.assistant .md").last.inner_text()
    await page.evaluate("document.dispatchEvent(new CustomEvent('nexus:line', {bubbles: true, detail: 'off'}))")
    # this one: another that was seen may be kept by now, or not yet
    here = json.dumps(urlsplit(page.url).path)
    await shows(page, f"caches.open('nexus:{BASE}:seen').then(c => c.match({here})).then(kept => !!kept)")
    await page.locator("#composer").fill("typed before the tunnel")
    port = str(urlsplit(hub.url).port)
    hub.kill()
    try:
        await page.reload()
        await expect(page.locator(".offline")).to_contain_text("Offline. This is what was seen at")
        assert await page.locator(".msg.assistant .md").last.inner_text() == seen
        await expect(page.locator("#composer")).to_have_value("typed before the tunnel")
        await expect(page.locator("#composer")).to_be_editable()
        assert await page.title() == "Chat C"
        # what could be pressed is not there, and nothing of the page has more rights than the real one
        assert await page.locator("main form:not(.composer), main .more, main .menu").count() == 0
        assert await page.evaluate("fetch(location.href).then(r => r.status).catch(() => 'no answer')") == "no answer"
        await page.goto(hub.url + "settings")
        await expect(page.locator("h1")).to_have_text("Offline")
        await page.get_by_role("link", name="Chat C").click()
        await expect(page.locator(".offline")).to_contain_text("what was seen")
        # from here on its script has the form, which would else be sent to nobody
        await expect(page.locator("#composer")).to_have_value("typed before the tunnel")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator(".outbox")).to_contain_text("typed before the tunnel")
    finally:
        hub.start("--port", port)
        running(hub)
    await expect(page.locator(".offline")).to_have_count(0)  # by itself
    await expect(page.locator(".msg.user .typed", has_text="typed before the tunnel")).to_have_count(1)
    # the end of the login is the end of what was kept
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/login?said=out")
    await shows(page, f"caches.has('nexus:{BASE}:seen').then(has => !has)")


async def test_the_worker_gives_way_to_the_one_of_another_version(walk: Walk, hub: PushedHub) -> None:
    page = await walk.signed_in(hub.url, 375)
    await worker(page)
    name = "caches.keys().then(k => k.filter(n => n.includes(':files:')).join())"
    before = await page.evaluate(name)
    # the page that it keeps is part of its version, and has the colours that were chosen
    await page.evaluate(f"fetch('{BASE}/theme', {{method: 'POST', body: new URLSearchParams({{theme: 'dark'}})}})")
    await page.evaluate("navigator.serviceWorker.ready.then(r => r.update())")
    await shows(page, f"{name}.then(n => n !== '{before}' && !n.includes(','))")


async def pressed(page: Page, press: str) -> Any:
    """Press Once on the notification, in the worker as it is now: the browser ends one that has nothing to do."""
    for _ in range(5):
        try:
            return await page.context.service_workers[-1].evaluate(press, "once")
        except Error as error:
            if "restarted" not in str(error):
                raise
    raise AssertionError("the worker never stayed")


async def test_a_permission_is_told_and_answered_on_the_notification(
    walk: Walk, hub: PushedHub, service: PushService, talks: list[Talk]
) -> None:
    page = await walk.page(375)
    receiver = service.receiver()
    await page.context.grant_permissions(["notifications"])
    await page.add_init_script(f"({SUBSCRIBED})({json.dumps(receiver.subscription())})")
    await sign_in(page, hub.url)
    await page.goto(hub.url + "settings")
    await page.get_by_role("link", name="Choose what you are told").click()
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.locator(".note[role=status]")).to_have_text("Notifications are on here.")
    await page.get_by_label("A turn is finished").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("A turn is finished")).not_to_be_checked()
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.locator(".note[role=status]")).to_contain_text("A test is on its way")
    assert [one.payload["kind"] for one in service.taken] == ["trial"]

    await page.goto("about:blank")  # nobody looks
    talk = begin(hub, "Asks from afar")
    await asyncio.to_thread(talk.say, "tour")
    asked = await asyncio.to_thread(talk.asked)
    told = (await asyncio.to_thread(eventually, lambda: service.taken[1:], "the device is told"))[0].payload
    assert (told["id"], told["answers"]) == (asked["id"], True)
    assert told["text"] == f"bash: {asked['patterns'][0]}"

    await page.goto(hub.url + "settings/notifications")
    await worker(page)
    devtools = await page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    await devtools.send("ServiceWorker.enable")
    await asyncio.to_thread(eventually, lambda: registrations, "the registration is known")
    parts = urlsplit(hub.url)
    delivery = {
        "origin": f"{parts.scheme}://{parts.netloc}",
        "registrationId": registrations[0]["registrationId"],
        "data": json.dumps(told),
    }
    await devtools.send("ServiceWorker.deliverPushMessage", delivery)
    shown = "navigator.serviceWorker.ready.then(r => r.getNotifications())"
    await shows(page, f"{shown}.then(n => n.length === 1)")
    assert await page.evaluate(f"{shown}.then(([n]) => [n.title, n.body, n.tag, n.actions.map(a => a.action)])") == [
        told["title"], told["text"], asked["id"], ["once", "reject"],
    ]  # fmt: skip

    press = """async action => {
        const [notification] = await registration.getNotifications(), waits = [];
        const event = new NotificationEvent('notificationclick', {notification, action});
        event.waitUntil = wait => waits.push(wait);
        dispatchEvent(event);
        await Promise.allSettled(waits);
        return (await registration.getNotifications()).map(n => [n.title, n.body]);
    }"""
    assert await pressed(page, press) == []
    await asyncio.to_thread(talk.finished)
    closing = (await asyncio.to_thread(eventually, lambda: service.taken[2:], "its end is told"))[0].payload
    assert closing == {"close": asked["id"]}
    await devtools.send("ServiceWorker.deliverPushMessage", delivery)  # one that came late
    await shows(page, f"{shown}.then(n => n.length === 1)")
    late = await pressed(page, press)
    assert late and late[0][0] == "Your answer did not count" and "allowed once" in late[0][1], late
    await devtools.send("ServiceWorker.deliverPushMessage", {**delivery, "data": json.dumps({"close": "unanswered"})})
    await shows(page, f"{shown}.then(n => n.length === 0)")
    await page.goto(hub.url + "settings/notifications")
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_role("button", name="Switch on")).to_be_enabled()
    assert not service.refused


async def test_a_finger_goes_from_chat_to_chat(walk: Walk, hub: PushedHub, talks: list[Talk]) -> None:
    page = await walk.signed_in(hub.url, 375)
    await page.goto(hub.url + talks[2].path)
    rows = await page.locator(".chat-rows b").all_inner_texts()
    here = rows.index("Chat C")
    after = rows[here + 1]
    touch = await page.context.new_cdp_session(page)
    heading = page.locator("main h1")
    await expect(page.locator(".msg.assistant").last).to_be_visible()
    await drag(touch, 300, 300, -60, 0)  # not far enough
    await drag(touch, 300, 300, -90, 200)  # that is scrolling
    await drag(touch, 10, 300, 200, 0, lift=False)  # from the edge: the browser's own gesture, which may go back a page
    await expect(page.locator(".swipe.on")).to_have_count(0)
    await touch.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    await expect(heading).to_have_text("Chat C")
    await drag(touch, 300, 300, -120, 4, lift=False)
    await expect(page.locator(".swipe.on.ready")).to_have_text(after)
    await touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(heading).to_have_text(after)
    await expect(page.locator(".swipe")).to_have_count(0)
    await drag(touch, 100, 300, 120, 4)
    await expect(heading).to_have_text("Chat C")
    await page.keyboard.press("Alt+ArrowDown")
    await expect(heading).to_have_text(after)
    # the same from the menu, without a gesture
    await page.get_by_role("button", name="Menu of this chat").click()
    await page.get_by_role("link", name="Previous chat").click()
    await expect(heading).to_have_text("Chat C")
    # what scrolls sideways by itself keeps its gesture
    await page.locator(".talk").evaluate(
        "e => { const pre = document.createElement('pre'); pre.textContent = 'x'.repeat(300); pre.id = 'wide';"
        " e.querySelector('.flow').append(pre); nexus.toEnd(); }"
    )
    box = await page.locator("#wide").bounding_box()
    assert box is not None
    await drag(touch, 300, box["y"] + box["height"] / 2, -150, 0)
    await page.locator("#wide").evaluate("e => e.remove()")
    await expect(heading).to_have_text("Chat C")
    # a long press beside the words opens what the button opens
    foot = page.locator(".msg.assistant .foot-line").last
    await foot.scroll_into_view_if_needed()
    box = await foot.bounding_box()
    assert box is not None
    await touch.send(
        "Input.dispatchTouchEvent",
        {"type": "touchStart", "touchPoints": [{"x": box["x"] + box["width"] - 70, "y": box["y"] + box["height"] / 2}]},
    )
    # That is what is long about it. The page's own clock: its timer of 500 ms is over before this one.
    await page.evaluate("new Promise(done => setTimeout(done, 600))")
    await touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(page.locator("#message-menu")).to_be_visible()


async def test_the_on_screen_keyboard_leaves_the_composer_free(walk: Walk, hub: PushedHub, talks: list[Talk]) -> None:
    page = await walk.signed_in(hub.url, 375)
    await page.goto(hub.url + talks[2].path)
    end = "(e => e.scrollHeight - e.clientHeight - e.scrollTop)(document.querySelector('.talk'))"
    bottom = "document.querySelector('.composer').getBoundingClientRect().bottom"
    await shows(page, f"document.querySelector('.talk').scrollHeight > 700 && {end} < 2")
    await page.locator("#composer").focus()
    # Android makes the page smaller
    await page.set_viewport_size({"width": 375, "height": 400})
    await shows(page, f"{bottom} <= 400 && {end} < 2")
    await page.locator(".talk").evaluate("e => { e.scrollTop = 300; }")
    await page.set_viewport_size({"width": 375, "height": 780})
    await page.set_viewport_size({"width": 375, "height": 400})
    assert await page.locator(".talk").evaluate("e => e.scrollTop") == 300  # who read further up still does
    # iOS lays the keyboard over it
    await page.set_viewport_size({"width": 375, "height": 780})
    await page.evaluate(
        "Object.defineProperty(visualViewport, 'height', {get: () => 420, configurable: true});"
        " visualViewport.dispatchEvent(new Event('resize'))"
    )
    await shows(page, f"{bottom} <= 420")
    await page.evaluate("delete visualViewport.height; visualViewport.dispatchEvent(new Event('resize'))")
    await shows(page, f"{bottom} > 420")


async def test_a_finger_hits_everything(walk: Walk, hub: PushedHub, talks: list[Talk]) -> None:
    page = await walk.signed_in(hub.url, 375)
    found: dict[str, list[str]] = {}
    server = talks[0].server
    paths = [
        "", f"servers/{server}", f"chat/{server}/all", talks[2].path, f"{talks[2].path}/edit", "inbox", "search",
        "remote", "remote/new/quick", "settings", "settings/notifications", "pair", "no-such-page",
    ]  # fmt: skip
    for path in paths:
        await page.goto(hub.url + path)
        await page.locator("main").wait_for()
        if small := await page.evaluate(SMALL):
            found[path] = small
    assert not found, json.dumps(found, indent=1)
