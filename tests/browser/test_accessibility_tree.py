# SPDX-License-Identifier: MIT
"""What a screen reader is given: the accessibility trees of the chat and the search as golden files, and what is
announced while an answer is streamed. The inbox's, with a row of each kind, is in `tests/e2e/test_depth_two.py`."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatApp, eventually
from tests.browser.reading import as_it_was
from tests.browser.test_chat_pieces import PIECES, tool
from tests.browser.tour import Tour
from tests.browser.walk import PATIENCE, Walk

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


async def test_every_piece_of_a_chat_is_read_in_its_order_and_has_its_name(app: ChatApp, walk: Walk) -> None:
    session = await app.script(title="Every piece there is", steps=PIECES)
    page = await walk.page()
    await page.goto(app.address(session))
    await expect(page.locator("[data-line=live]")).to_be_attached()
    # what is folded is read as well
    await page.locator(".flow details").evaluate_all("all => all.forEach(e => e.open = true)")
    await as_it_was(page, "chat")


async def test_the_search_is_read_in_its_order_and_has_its_names(tour: Tour, walk: Walk) -> None:
    page = await walk.signed_in(tour.hub.url)
    await page.goto(tour.hub.url + "search")
    await page.get_by_role("searchbox", name="What to search for").fill("just seen")
    await expect(page.locator(".hit")).to_have_count(1)
    await expect(page.get_by_role("region", name="The index")).to_contain_text("Up to date")
    await as_it_was(page, "search")


# Every text that a live region had, from then on; regions that come later as well.
LISTEN = """() => {
    window.told = [];
    const LIVE = '[aria-live]:not([aria-live=off]), ' +
        ':is([role=status], [role=alert], [role=log], output):not([aria-live])';
    const note = (el) => el?.textContent.trim() && told.push(el.textContent.trim());
    new MutationObserver((records) => {
        for (const {target, addedNodes} of records) {
            note((target.nodeType === 1 ? target : target.parentElement)?.closest(LIVE));
            for (const one of addedNodes) {
                if (one.matches?.(LIVE)) note(one);
                one.querySelectorAll?.(LIVE).forEach(note);
            }
        }
    }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""
END = "The agent has answered."


async def test_the_end_of_a_turn_is_announced_once_and_its_words_never(app: ChatApp, walk: Walk) -> None:
    session = await app.script(title="Announced")
    page = await walk.page()
    await page.goto(app.address(session))
    await expect(page.locator("[data-line=live]")).to_be_visible()
    await page.evaluate(LISTEN)
    said = " ".join(f"token{number}" for number in range(100))
    await app.script(
        session=session,
        steps=[
            {"do": "user", "text": "Say."},
            {"do": "busy"},
            {"do": "begin"},
            {"do": "say", "kind": "reasoning", "text": said, "rate": 200},
            tool("bash", status="completed", input={"command": "echo token"}, output="token\n", metadata={"exit": 0}),
            {"do": "say", "text": said, "rate": 200},
            {"do": "end", "info": {"finish": "tool-calls"}},
            {"do": "begin"},
            {"do": "say", "text": f"{said} tail", "rate": 200},
            {"do": "end", "info": {"finish": "stop"}},
            {"do": "idle"},
        ],
    )
    await eventually(page, f"told.includes('{END}')")
    # something that is told later shows that nothing more of the first turn is on its way
    await app.script(session=session, steps=[{"do": "untaken", "text": "In vain"}])
    await eventually(page, "told.some(words => words.startsWith('OpenCode did not take'))")
    told: list[str] = await page.evaluate("told")
    assert not [words for words in told if "token" in words or "tail" in words]
    assert told.count(END) == 1, told
