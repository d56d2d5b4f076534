# SPDX-License-Identifier: MIT
"""The whole corpus of tests/unit/render/xss.py in Chromium, as it arrives and as it is loaded: none of it runs, none
asks for anything, none leaves its block.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page, Request, expect

from tests.browser.chat_page import ChatApp, eventually
from tests.browser.walk import Walk
from tests.unit.render.xss import VECTORS, parts, states

pytestmark = pytest.mark.anyio

EACH = 8  # vectors on a page: some 2,000 elements, of which static/past.js lets none go yet
TURNS = 4  # each vector meets every fourth tool here, and all of them in tests/unit/render/test_xss.py
WATCH = """
window.ran = 0; window.blocked = [];
addEventListener('securitypolicyviolation', e => blocked.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
# what stands in the conversation that no component of ours makes
STRANGE = """() => [...document.querySelectorAll('.live *')].filter(e =>
    /^(script|style|link|meta|base|iframe|object|embed|template|video|audio|source|math|animate|use|image|textarea|marquee
      |title|foreignobject)$/ix.test(e.localName.replace(/\\s/g, ''))
    || [...e.attributes].some(a => /^on|^style$|^srcdoc$|^srcset$/i.test(a.name))
    || (e.localName === 'a' && !/^(https?|mailto):$/.test(e.protocol))
    || (e.localName === 'a' && /^(https?):$/.test(e.protocol) && e.origin !== location.origin && e.target !== '_blank')
    || (e.localName === 'img' && !/^data:image\\/(png|jpeg|gif|webp|avif);/.test(e.src))
    || (e.localName === 'form' && new URL(e.getAttribute('action'), location).origin !== location.origin)
    ).map(e => e.outerHTML.slice(0, 200))"""
STRANGE = STRANGE.replace("\n      |title", "|title").replace("/ix", "/i")


@pytest.fixture(scope="module")
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


def steps(vector: str, number: int) -> list[dict[str, Any]]:
    """A question and an answer that hold a vector wherever they can."""
    error = {"name": vector, "data": {"message": f"{vector}\n{vector}", "responseBody": vector}}
    return [
        {"do": "user", "text": vector},
        {"do": "begin"},
        {"do": "say", "text": vector, "each": 7},
        {"do": "say", "kind": "reasoning", "text": vector, "each": 1000},
        *({"do": "tool", "tool": name, "state": state} for name, state in states(vector)[number % TURNS :: TURNS]),
        *({"do": "part", "kind": kind, "data": data} for kind, data in parts(vector)),
        {"do": "error", "error": error},
        {"do": "end", "info": {"finish": "stop", "modelID": vector}},
    ]


def waits(vector: str) -> list[dict[str, Any]]:
    """What waits for the user, and stands at the end of the page."""
    asked = {"question": vector, "options": [{"label": vector, "description": vector}]}
    wanted = {"command": vector, "diff": f"@@ -1 +1 @@\n-{vector}\n+{vector}"}
    return [
        {"do": "permission", "kind": vector, "patterns": [vector], "metadata": wanted},
        {"do": "question", "questions": [asked]},
        {"do": "untaken", "text": vector},
    ]


async def unharmed(page: Page, vectors: list[str]) -> None:
    """The page shows every vector in its block, and nothing has happened."""
    await eventually(page, f"document.querySelectorAll('.untaken .typed').length === {len(vectors)}")
    await page.locator(".live details").evaluate_all("all => all.forEach(e => e.open = true)")
    # pictures and handlers that were there before this one have had their turn when it has
    await page.evaluate("new Promise(end => { const i = new Image(); i.onerror = end; i.src = 'no-such-picture'; })")
    assert await page.evaluate("[ran, blocked]") == [0, []]
    assert await page.evaluate(STRANGE) == []
    typed = await page.locator(".msgs > article > .body > .typed").all_text_contents()
    assert typed == [vector.replace("\0", "") for vector in vectors]
    shape = await page.evaluate(
        "[...document.querySelectorAll('.msgs > article')].map(e => [e.parentNode.className,"
        " e.querySelectorAll(':scope > .body > .tool').length, e.querySelectorAll('article, .composer').length])"
    )
    made = [len(states("x")[number % TURNS :: TURNS]) for number in range(len(vectors))]
    assert shape == [["msgs", tools, 0] for number in made for tools in (0, number)]
    for place in (".asks > .ask", ".untaken > .msg"):
        await expect(page.locator(place)).to_have_count(len(vectors) * (2 if "asks" in place else 1))
    await expect(page.locator("#composer")).to_have_count(1)
    await expect(page.locator(".live > *")).not_to_have_count(0)


async def test_no_vector_runs_asks_or_leaves_its_block(walk: Walk, app: ChatApp) -> None:
    told: list[str] = []

    def asks(request: Request) -> None:
        if not request.url.startswith((app.url, "data:")):
            told.append(request.url)

    page = await walk.page()
    page.on("dialog", lambda dialog: told.append(dialog.message))
    page.on("request", asks)
    await page.add_init_script(WATCH)
    for start in range(0, len(VECTORS), EACH):
        vectors = VECTORS[start : start + EACH]
        session = await app.script(title=vectors[0])
        await page.goto(app.address(session))
        await expect(page.locator("[data-line]")).to_have_attribute("data-line", "live")
        script = [step for number, vector in enumerate(vectors) for step in steps(vector, number)]
        script += [step for vector in vectors for step in waits(vector)]
        todos = [{"content": vector, "status": "pending"} for vector in vectors]
        await app.script(session=session, steps=[*script, {"do": "todos", "todos": todos}])
        await unharmed(page, vectors)  # as it came, patch by patch
        await page.goto(app.address(session))
        await unharmed(page, vectors)  # as a page that is opened
        assert told == []
