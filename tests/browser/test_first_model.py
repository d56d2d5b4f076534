# SPDX-License-Identifier: MIT
"""The first use without a key: nothing goes to a third party before a person has chosen its model."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatApp
from tests.browser.looks import Looks
from tests.browser.walk import Walk

pytestmark = pytest.mark.anyio

FREE = ["opencode/big-pickle", "Big Pickle", "OpenCode Zen", False, "opencode.ai"]
PRACTICE = ["practice/practice", "Practice model", "Practice", True]


@pytest.fixture
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


async def test_a_model_without_a_key_is_chosen_by_hand_and_says_where_words_go(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="First", models=[FREE])
    page = await walk.page(375, bypass_csp=True)
    await page.goto(app.address(session))
    await expect(page.get_by_label("Provider")).to_be_visible()
    looks = Looks(page)
    await looks("chat-first")
    composer, told = (
        page.get_by_label("Message", exact=True),
        page.locator(".composer").get_by_text("goes to opencode.ai"),
    )
    await expect(told).to_be_hidden()
    await composer.fill("my words")
    await page.get_by_role("button", name="Send").click()
    assert await page.locator("#model").evaluate("field => field.matches(':focus:invalid')")
    await expect(composer).to_have_value("my words")
    await expect(page.locator(".msg")).to_have_count(0)
    await page.get_by_label("Model", exact=True).select_option("Big Pickle")
    await expect(told).to_be_visible()
    await page.locator("summary", has_text="Models and keys").click()
    await looks("chat-keyless")
    assert looks.found == []
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".msg")).to_have_count(1)


async def test_what_is_said_of_a_model_follows_the_picker(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Both", models=[FREE, PRACTICE])
    page = await walk.page(1440)
    await page.goto(app.address(session))
    practice, keyless = page.get_by_text("nothing leaves this machine"), page.get_by_text("goes to opencode.ai")
    await expect(practice).to_be_visible()
    await expect(keyless).to_be_hidden()
    await expect(page.get_by_label("Provider")).to_be_hidden()
    await page.locator("summary", has_text="Models and keys").click()  # a key can be entered beside the practice model
    await expect(page.get_by_label("Provider")).to_be_visible()
    await page.get_by_label("Model", exact=True).select_option("Big Pickle")
    await expect(practice).to_be_hidden()
    await expect(keyless).to_be_visible()
