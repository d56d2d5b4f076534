# SPDX-License-Identifier: MIT
"""A page that slept: for seconds or minutes, with another network or another hub on waking. (Another server, with the
real hub, is in test_past.py.)"""

import asyncio
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatApp, spoken, until, words
from tests.browser.sleeper import MINUTES, Sleeper
from tests.browser.walk import Walk
from tests.fakes.proxy import Proxy
from tests.fakes.real import lasting_port

pytestmark = pytest.mark.anyio

BUSY: list[dict[str, object]] = [{"do": "busy"}, {"do": "begin"}]
END: list[dict[str, object]] = [{"do": "end"}, {"do": "idle"}]
EVENTS = 2000
# What the page waits 5 s for, it waits half a second for.
IMPATIENT = "{ const set = setTimeout; window.setTimeout = (act, ms) => set(act, ms === 5000 ? 500 : ms); }"
# What it does three seconds after it was hidden it comes not to do: it is stopped before.
SOON = "{ const set = setTimeout; window.setTimeout = (act, ms) => ms === 3000 ? 0 : set(act, ms); }"
LINES = "window.lines = []; addEventListener('nexus:line', event => lines.push(event.detail))"


@pytest.fixture(scope="module")
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


def look(address: str) -> None:
    """Ask for a page as some other browser does."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=30) as answer:
        answer.read()


def said(text: str, rate: int = 0) -> list[dict[str, object]]:
    """The steps of a text that comes in as many events as the issue names."""
    return [{"do": "say", "text": text, "each": len(text) // EVENTS, "rate": rate}, *END]


async def test_two_thousand_events_in_five_seconds_of_sleep(walk: Walk, app: ChatApp) -> None:
    session, text = await app.script(title="Short", steps=BUSY), words(EVENTS * 2)
    sleeper = Sleeper(await walk.page(375))
    await sleeper.open(app.address(session))
    async with sleeper.asleep():
        await app.script(session=session, steps=said(text, EVENTS // 5))
    await until(sleeper.page, spoken(text))
    await sleeper.drafted()


async def test_two_thousand_events_in_five_minutes_of_sleep_of_a_laptop(walk: Walk, app: ChatApp) -> None:
    """It holds on to a line that nobody reads."""
    session, text = await app.script(title="Laptop", steps=BUSY), words(EVENTS * 2)
    sleeper = Sleeper(await walk.page())
    await sleeper.open(app.address(session))
    async with sleeper.asleep(MINUTES):
        await app.script(session=session, passed=MINUTES / 1000, steps=said(text))
    await until(sleeper.page, spoken(text))
    await sleeper.drafted()


async def test_two_thousand_events_in_five_minutes_of_sleep_of_a_phone(walk: Walk, app: ChatApp) -> None:
    """It lets go of its line, so that the topic ends, and somebody else begins it anew."""
    session, first, text = await app.script(title="Phone", steps=BUSY), words(40, "a"), words(EVENTS * 2)
    sleeper = Sleeper(await walk.page(375))
    await sleeper.page.add_init_script(SOON)
    await sleeper.open(app.address(session))
    await app.script(session=session, steps=[{"do": "say", "text": first, "rate": 200}])
    await until(sleeper.page, spoken(first))  # so that its cursor is beyond where the next stream begins
    await sleeper.told(hidden=True)
    await app.script(session=session, alone=True)
    async with sleeper.asleep(MINUTES):
        await app.script(session=session, passed=MINUTES / 1000)
        await asyncio.to_thread(look, app.address(session))
        await app.script(session=session, steps=said(text, EVENTS // 2))
    await sleeper.told(hidden=False)
    await until(sleeper.page, spoken(first) + spoken(text))
    await sleeper.drafted()


async def test_another_network_on_waking(walk: Walk, app: ChatApp) -> None:
    """All connections of before are dead, and nobody has said so."""
    session, text = await app.script(title="Moved", steps=BUSY), words(EVENTS * 2)
    async with Proxy(app.url) as network:
        sleeper = Sleeper(await walk.page(375))
        await sleeper.open(app.address(session).replace(app.url, network.url))
        await sleeper.page.evaluate(LINES)
        async with sleeper.asleep(MINUTES):
            network.strand()
            await app.script(session=session, steps=said(text))
        await until(sleeper.page, spoken(text))
        assert await sleeper.page.evaluate("lines.filter(line => line !== 'live')") == [], "it did not wait to notice"
        await sleeper.drafted()


async def test_no_network_for_a_while_on_waking(walk: Walk, app: ChatApp) -> None:
    """First nothing answers, then the browser knows why; the page keeps the way that it took."""
    session, text = await app.script(title="None", steps=BUSY), words(EVENTS * 2)
    async with Proxy(app.url) as network:
        sleeper = Sleeper(await walk.page(375))
        await sleeper.page.add_init_script(IMPATIENT)
        await sleeper.open(app.address(session).replace(app.url, network.url))
        line = sleeper.page.locator("[data-line]")
        way = await line.inner_text()
        async with sleeper.asleep(MINUTES):
            network.block()
            await app.script(session=session, steps=said(text))
        await expect(line).to_have_text("Reconnecting…")
        await sleeper.page.context.set_offline(True)
        await expect(line).to_have_text("Offline")
        network.unblock()
        await sleeper.page.context.set_offline(False)
        await sleeper.live()
        await expect(line).to_have_text(way)
        await until(sleeper.page, spoken(text))
        await sleeper.drafted()


async def test_another_hub_on_waking(walk: Walk) -> None:
    first, second = words(200, "a"), words(EVENTS * 2, "b")
    steps = [*BUSY, {"do": "say", "text": first}, *END]
    app = ChatApp(lasting_port()).start()
    try:
        session = await app.script(title="Hub", steps=steps)
        sleeper = Sleeper(await walk.page(375))
        await sleeper.open(app.address(session))
        async with sleeper.asleep(MINUTES):
            app.kill()
            app.start()
            assert await app.script(title="Hub", steps=steps) == session
            await app.script(session=session, steps=[*BUSY, *said(second)])
        await until(sleeper.page, spoken(first) + spoken(second))
        await sleeper.drafted()
    finally:
        app.kill()
