# SPDX-License-Identifier: MIT
"""wire.js in Chromium against the real live and render code: every word once, in order, whatever happens to
the line; forms, drafts and moving between chats without leaving the page."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat_page import ChatApp, eventually, shown, spoken, until, words
from tests.browser.walk import Walk
from tests.fakes.real import lasting_port

pytestmark = pytest.mark.anyio

BUSY = [{"do": "busy"}, {"do": "begin"}]
END = [{"do": "end"}, {"do": "idle"}]


@pytest.fixture(scope="module")
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


def say(text: str, rate: int = 200, **more: object) -> dict[str, object]:
    return {"do": "say", "text": text, "rate": rate, "each": 9, **more}


async def opened(walk: Walk, app: ChatApp, session: str, width: int = 1440, state: str = "live") -> Page:
    page = await walk.page(width)
    await page.goto(app.address(session))
    await expect(page.locator("[data-line]")).to_have_attribute("data-line", state)
    return page


async def test_a_streamed_answer_is_shown_word_for_word(walk: Walk, app: ChatApp) -> None:
    session, text = await app.script(title="Stream"), words(300)
    page = await opened(walk, app, session)
    await app.script(session=session, steps=[*BUSY, say(text, 400)], later=True)
    await expect(page.locator("[aria-busy=true].msg")).to_have_count(1)
    await until(page, spoken(text))
    await app.script(session=session, steps=END)
    await expect(page.locator(".state-line .status")).to_have_count(0)
    await page.reload()
    assert await shown(page) == spoken(text)


async def test_a_machine_without_any_network_reaches_its_own_hub(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Alone")
    page = await walk.page()
    await page.add_init_script("Object.defineProperty(Navigator.prototype, 'onLine', {get: () => false})")
    await page.goto(app.address(session))
    await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")


async def test_offline_in_the_middle_and_back(walk: Walk, app: ChatApp) -> None:
    session, text = await app.script(title="Offline"), words(300)
    page = await opened(walk, app, session)
    await app.script(session=session, steps=[*BUSY, say(text, 120)], later=True)
    await eventually(page, "document.querySelector('.msg.assistant .md')?.textContent.includes('w30 ')")
    await page.context.set_offline(True)
    await expect(page.locator("[data-line]")).to_have_text("Offline")
    await page.wait_for_timeout(1000)
    await page.context.set_offline(False)
    await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")  # whichever way it took
    await until(page, spoken(text))


async def test_the_hub_dies_and_comes_back(walk: Walk) -> None:
    app = ChatApp(lasting_port()).start()
    try:
        first, second = words(60, "a"), words(60, "b")
        session = await app.script(title="Restart", steps=[*BUSY, say(first, 0), *END])
        page = await opened(walk, app, session)
        await page.locator("#composer").fill("not sent yet")
        app.kill()
        await expect(page.locator("[data-line]")).to_have_text("Reconnecting…")
        app.start()  # the same port, another boot, and sessions told anew
        assert await app.script(title="Restart", steps=[*BUSY, say(first, 0), *END]) == session
        await app.script(session=session, steps=[*BUSY, say(second, 0), *END])
        await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")  # whichever way it took
        await until(page, spoken(first) + spoken(second))
        await expect(page.locator("#composer")).to_have_value("not sent yet")
    finally:
        app.kill()


async def test_the_other_two_ways_show_the_same(walk: Walk, app: ChatApp) -> None:
    for way, name in (("socket", "Live by WebSocket"), ("poll", "Live by asking again")):
        session, text = await app.script(title=way), words(120)
        page = await walk.page()
        await page.add_init_script(f"sessionStorage.setItem('way', '{way}')")
        await page.goto(app.address(session))
        await expect(page.locator("[data-line]")).to_have_text(name)
        await app.script(session=session, steps=[*BUSY, say(text), *END])
        await until(page, spoken(text))


async def test_a_line_that_is_held_back_is_left(walk: Walk, app: ChatApp) -> None:
    session, text = await app.script(title="Held back"), words(60)
    page = await walk.page()

    async def hold(route: object) -> None:  # what a buffering edge does: nothing until the end
        pass

    await page.route("**/live", hold)
    await page.goto(app.address(session))
    await expect(page.locator("[data-line]")).to_have_text("Live by WebSocket")
    await app.script(session=session, steps=[*BUSY, say(text), *END])
    await until(page, spoken(text))


async def test_a_draft_survives_and_goes_when_it_was_taken(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Draft")
    page = await opened(walk, app, session)
    composer = page.locator("#composer")
    await composer.fill("first line")
    await composer.press("Shift+Enter")
    await composer.press_sequentially("second")
    await page.reload()
    await expect(composer).to_have_value("first line\nsecond")
    await page.context.set_offline(True)
    await composer.press("Enter")
    await expect(page.locator(".outbox")).to_contain_text("Waits for the connection")
    await expect(composer).to_have_value("")
    await page.context.set_offline(False)
    await expect(page.locator(".msg.user .typed")).to_have_text("first line\nsecond")
    await expect(composer).to_have_value("")
    await page.reload()
    await expect(composer).to_have_value("")


async def test_a_permission_is_answered_in_place(walk: Walk, app: ChatApp) -> None:
    ask = {"do": "permission", "kind": "bash", "patterns": ["git push"], "metadata": {"command": "git push"}}
    session = await app.script(title="Ask", steps=[*BUSY, ask])
    page = await opened(walk, app, session)
    card = page.get_by_role("article", name="Run a command?")
    await expect(card).to_contain_text("git push")
    await card.get_by_role("button", name="Allow once").click()
    await expect(card).to_have_count(0)
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#say")).to_contain_text("What the agent said before is kept.")


async def test_moving_to_another_chat_keeps_the_script(walk: Walk, app: ChatApp) -> None:
    there = await app.script(title="Over there", steps=[*BUSY, say("there it is", 0), *END])
    here = await app.script(title="Over here")
    page = await opened(walk, app, here)
    await page.evaluate("window.mark = 1")
    await page.get_by_role("link", name="Over there").click()
    await expect(page.locator("h1")).to_have_text("Over there")
    await expect(page.locator("h1")).to_be_focused()
    assert page.url == app.address(there)
    assert await page.evaluate("window.mark") == 1
    await app.script(session=there, steps=[*BUSY, say("and goes on", 0), *END])
    await until(page, ["there", "it", "is", "and", "goes", "on"])
    await page.go_back()
    await expect(page.locator("h1")).to_have_text("Over here")


BELOW = "const e = document.querySelector('.talk'); return e.scrollHeight - e.clientHeight - e.scrollTop"


async def test_it_follows_only_at_the_end(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Follow", steps=[*BUSY, say(words(900), 0, open=True)])
    page = await opened(walk, app, session)
    talk = page.locator(".talk")
    assert await talk.evaluate("e => e.scrollHeight > e.clientHeight + 600")
    below = f"(() => {{ {BELOW} }})()"
    assert await page.evaluate(below) < 1, "a page opens at the end"
    await app.script(session=session, steps=[say(words(200, "x"), 0, open=True)])
    await eventually(page, "document.querySelector('.msg .body').textContent.includes('x199')")
    await eventually(page, f"{below} < 1")
    await talk.hover()
    await page.mouse.wheel(0, -500)
    await eventually(page, f"{below} > 400")
    looked_at = "document.elementFromPoint(800, 300).textContent.slice(0, 40)"
    before = await page.evaluate(looked_at)
    await app.script(session=session, steps=[say(words(200, "y"), 0)])
    await eventually(page, "document.querySelector('.msg .body').textContent.includes('y199')")
    assert await page.evaluate(looked_at) == before, "what is read stays where it is"


async def test_what_was_open_and_typed_survives_a_new_rendering(walk: Walk, app: ChatApp) -> None:
    tool = {"do": "tool", "tool": "bash", "state": {"status": "completed", "input": {"command": "ls"}, "output": "a b"}}
    ask = {
        "do": "question",
        "questions": [{"question": "Which one?", "options": [{"label": "A"}, {"label": "B"}], "multiple": False}],
    }
    session = await app.script(title="Keep", steps=[*BUSY, tool, ask])
    page = await opened(walk, app, session)
    await page.locator(".tool summary").click()
    await page.get_by_label("Your own answer").fill("neither")
    await page.locator("[name=q0]").nth(1).check()
    await page.context.set_offline(True)
    await expect(page.locator("[data-line]")).to_have_text("Offline")
    await app.script(session=session, steps=[{"do": "say", "text": "x" * 2_000_000, "each": 90_000}])
    await page.context.set_offline(False)  # far behind: past what is kept, so rendered anew
    await expect(page.locator(".msg .md")).to_contain_text("Show all (2,000 KB)")
    await expect(page.locator(".tool")).to_have_attribute("open", "")
    await expect(page.get_by_label("Your own answer")).to_have_value("neither")
    await expect(page.locator("[name=q0]").nth(1)).to_be_checked()


async def test_the_sign_of_work_stands_still_while_an_answer_streams(walk: Walk, app: ChatApp) -> None:
    page = await opened(walk, app, await app.script(title="Works", steps=[{"do": "busy"}]))
    look = "() => getComputedStyle(document.querySelector('.state-line .status'), '::before').animationName"
    assert await page.evaluate(look) == "none"


async def test_older_messages_come_in_their_place(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Old", steps=[{"do": "past", "count": 70}, {"do": "user", "text": "now"}])
    for script in (True, False):
        page = await walk.page(script=script)
        await page.goto(app.address(session))
        typed = page.locator(".typed")
        await expect(typed).to_have_count(1)
        older = page.get_by_role("link", name="Show older messages")
        if script:
            await older.click()
            while await older.count():  # they come as one gets near
                await page.locator(".talk").hover()
                await page.mouse.wheel(0, -200)
                await page.wait_for_timeout(20)
            await expect(typed).to_have_count(71)
        for shown_then in () if script else (15, 15, 15, 15, 10):
            await older.click()
            await expect(typed).to_have_count(shown_then)
        await expect(older).to_have_count(0)
        if script:
            assert await typed.all_inner_texts() == [f"past{number}" for number in range(70)] + ["now"]


async def test_a_hidden_page_lets_go_and_comes_back(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Hidden")
    page = await opened(walk, app, session)
    hide = (
        "hidden => {Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))}"
    )
    ended = page.wait_for_event("requestfailed", lambda request: request.url.endswith("/live"))
    await page.evaluate(hide, True)
    await ended
    text = words(60)
    await app.script(session=session, steps=[*BUSY, say(text, 0), *END])
    await page.wait_for_timeout(300)
    assert await shown(page) == [], "nothing comes while nobody looks"
    await page.evaluate(hide, False)
    await until(page, spoken(text))
