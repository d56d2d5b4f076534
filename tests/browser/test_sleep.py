# SPDX-License-Identifier: MIT
"""A page that slept: frozen as phones do it, with another clock, another network, another hub or server on waking."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatApp, spoken, until, words
from tests.browser.sleeper import MINUTES, Sleeper
from tests.browser.walk import Walk
from tests.fakes.real import lasting_port

pytestmark = pytest.mark.anyio

BUSY = [{"do": "busy"}, {"do": "begin"}]
END = [{"do": "end"}, {"do": "idle"}]
EVENTS = 2000


@pytest.fixture
def app() -> Iterator[ChatApp]:
    app = ChatApp(lasting_port()).start()
    yield app
    app.kill()


@pytest.mark.parametrize("slept", [5_000, MINUTES])
async def test_two_thousand_events_while_it_slept(walk: Walk, app: ChatApp, slept: int) -> None:
    session = await app.script(title="Sleep", steps=BUSY)
    sleeper = Sleeper(await walk.page(375))
    await sleeper.open(app.address(session))
    await sleeper.sleep()
    text = words(EVENTS * 2)
    each = len(text) // EVENTS
    await app.script(session=session, steps=[{"do": "say", "text": text, "each": each}, *END])
    await sleeper.wake(slept)
    await until(sleeper.page, spoken(text))
    await sleeper.drafted()


async def test_another_network_on_waking(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Moved", steps=BUSY)
    sleeper = Sleeper(await walk.page(375))
    await sleeper.open(app.address(session))
    await sleeper.sleep()
    await sleeper.page.context.set_offline(True)
    text = words(300)
    await app.script(session=session, steps=[{"do": "say", "text": text, "each": 9}, *END])
    await sleeper.wake(MINUTES)
    await expect(sleeper.page.locator("[data-line]")).to_have_text("Offline")
    await sleeper.page.context.set_offline(False)
    await sleeper.live()
    await until(sleeper.page, spoken(text))
    await sleeper.drafted()


async def test_another_hub_on_waking(walk: Walk, app: ChatApp) -> None:
    first, second = words(200, "a"), words(200, "b")
    steps = [*BUSY, {"do": "say", "text": first}, *END]
    session = await app.script(title="Hub", steps=steps)
    sleeper = Sleeper(await walk.page(375))
    await sleeper.open(app.address(session))
    await sleeper.sleep()
    app.kill()
    app.start()
    assert await app.script(title="Hub", steps=steps) == session
    await app.script(session=session, steps=[*BUSY, {"do": "say", "text": second}, *END])
    await sleeper.wake(MINUTES)
    await until(sleeper.page, spoken(first) + spoken(second))
    await sleeper.drafted()
