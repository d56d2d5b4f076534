# SPDX-License-Identifier: MIT
"""Every piece that a conversation can hold, in Chromium: axe finds nothing, nothing spills, in both themes."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat_page import ChatApp, eventually
from tests.browser.walk import Walk, keep, sights, violations
from tests.unit.render.tool_calls import PIXEL, TODOS, calls

pytestmark = pytest.mark.anyio

DIFF = """--- a
+++ a
@@ -1,2 +1,2 @@
 same
-old line
+new line that is a good deal longer than the old one was, to be sure
"""
PROSE = """# Head

Words with `code`, **weight** and https://example.org/a/very/long/address/that/does/not/end/soon/and/goes/on.

1. one
2. two
   - [x] nested

> quoted

```python
def a_function_with_a_long_name(argument: int, another_argument: str = "x") -> dict[str, list[int]]:
    # a comment
    return {"key": [1, 2, 3]}  # and one more that makes the line too long for any phone there is
```

| Name | A number | Note |
|:--|--:|:-:|
| `one` | 12,345 | middle |

<b>raw</b> ![a picture](https://example.org/a.png)
"""


def tool(name: str, **state: Any) -> dict[str, Any]:
    return {"do": "tool", "tool": name, "state": state}


PIECES: list[dict[str, Any]] = [
    {"do": "user", "text": "Do this.\n\tAnd that: " + "x" * 90},
    {"do": "busy"},
    {"do": "begin"},
    {"do": "say", "kind": "reasoning", "text": "First I *think*."},
    {"do": "say", "text": PROSE},
    tool("bash", status="completed", input={"command": "make " * 30}, output="ok\n" * 200, metadata={"exit": 2}),
    tool("edit", status="completed", input={"filePath": "/home/ada/shop/a.py"}, output="ok", metadata={"diff": DIFF}),
    tool("grep", status="error", input={"pattern": "x"}, error="ripgrep execution failed"),
    tool("todowrite", status="completed", input={"todos": [{"content": "one", "status": "pending"}]}, output="[]"),
    {"do": "end", "info": {"finish": "stop", "cost": 0.5, "tokens": {"input": 1000, "output": 10}}},
    {"do": "begin"},
    *(tool(name, **state) for given in calls().values() for name, state in given),
    {"do": "part", "kind": "file", "data": {"filename": "a.gif", "mime": "image/gif", "url": PIXEL}},
    {"do": "part", "kind": "file", "data": {"filename": "\u202e" + "long" * 40, "mime": "x/y", "url": "data:,abc"}},
    {"do": "part", "kind": "compaction", "data": {"auto": True}},
    {"do": "part", "kind": "subtask", "data": {"agent": "general", "description": "Look", "prompt": "at it"}},
    {"do": "part", "kind": "step-finish", "data": {"reason": "tool-calls", "cost": 0.1, "tokens": {"input": 9}}},
    {"do": "part", "kind": "hologram", "data": {"of": "light"}},
    {"do": "todos", "todos": TODOS},
    {"do": "begin"},
    {"do": "say", "text": "before after", "open": True},
    {"do": "set", "part": {"gaps": [7]}},
    {"do": "say", "text": "cut off"},
    {"do": "set", "part": {"interrupted": True}},
    {"do": "error", "error": {"name": "APIError", "data": {"message": "Bad key", "responseBody": "{}"}}},
    {"do": "untaken", "text": "Sent in vain.\n\tAnd: " + "x" * 90},
    {"do": "untaken", "text": "Sent, and nobody knows.", "sure": False},
    {"do": "permission", "kind": "edit", "patterns": ["a.py"], "metadata": {"diff": DIFF}},
    {"do": "permission", "kind": "bash", "patterns": [], "metadata": {"command": "rm \u202efr- p\u0430y\u200b " * 9}},
    {
        "do": "question",
        "questions": [
            {"question": "Which one?", "options": [{"label": "A", "description": "the first"}, {"label": "B"}]},
            {"question": "And which of these?", "options": [{"label": "C"}], "multiple": True},
        ],
    },
]  # fmt: skip

# not among PIECES, whose reading order is kept in a golden file
GIVEN = {
    "do": "permission",
    "kind": "shop_pay",
    "patterns": ["*"],
    "metadata": {"input": {"n" * 60: 1, "to": "x" * 300}},
}


@pytest.fixture(scope="module")
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


async def spilled(page: Page) -> list[str]:
    """What of a conversation stands beyond its column and cannot be scrolled to."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('.flow *, .composer *')].filter(e =>
            e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility()
            && !e.closest('pre, .scroll, .clip, .sr, svg'))
            .map(e => e.outerHTML.slice(0, 160))"""
    )
    return found


@pytest.mark.parametrize(("width", "theme"), sights(0))
async def test_axe_finds_nothing_and_nothing_spills(walk: Walk, app: ChatApp, width: int, theme: str) -> None:
    session = await app.script(title="Every piece there is", steps=[*PIECES, GIVEN])
    page = await walk.page(width, theme, bypass_csp=True)
    await page.goto(app.address(session))
    await page.locator("details").evaluate_all("all => all.forEach(e => e.open = true)")
    await keep(page, "chat-pieces", width, theme)
    assert await violations(page) == []
    assert await spilled(page) == []
    blocks = page.locator(".ask .fields pre")
    assert await blocks.evaluate_all("all => all.map(e => e.getBoundingClientRect().right <= innerWidth)") == [True]
    await page.locator(".talk").evaluate("e => e.scrollTop = 0")
    await keep(page, "chat-pieces-top", width, theme)
    assert await violations(page) == []


async def test_the_other_pages_of_a_chat(walk: Walk, app: ChatApp) -> None:
    steps = [{"do": "past", "count": 40}, *PIECES]
    session = await app.script(title="Pages", steps=steps)
    for number, tail in enumerate(("/edit", "/delete", "?before=none&at=1")):
        for width, theme in sights(number):
            page = await walk.page(width, theme, bypass_csp=True)
            await page.goto(app.address(session) + tail)
            assert await violations(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_at_twice_the_text_size_on_a_phone(walk: Walk, app: ChatApp) -> None:
    session = await app.script(title="Large", steps=PIECES)
    page = await walk.page(375, bypass_csp=True)
    await page.goto(app.address(session))
    await page.add_style_tag(content="html { font-size: 200% }")
    await keep(page, "chat-large", 375, "light")
    assert await spilled(page) == []
    talk = await page.locator(".talk").bounding_box()
    assert talk is not None
    assert talk["height"] >= 280, "there is room to read"
    await page.locator("#composer").fill("and to write")
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_in_viewport()


CHANGES = {"summary": {"diffs": [
    {"file": "src/a.py", "patch": DIFF, "additions": 1, "deletions": 1, "status": "modified"},
    {"file": "a/very/long/path/" * 9 + "b.py", "patch": "@@ -0,0 +1 @@\n+" + "x" * 300, "additions": 1, "deletions": 0,
     "status": "added"},
]}}  # fmt: skip


@pytest.mark.parametrize(("width", "theme"), [(375, "light"), (1440, "dark")])
async def test_what_was_changed_in_one_column_and_in_two(walk: Walk, app: ChatApp, width: int, theme: str) -> None:
    session = await app.script(title="Changes", steps=[{"do": "user", "text": "Do.", "info": CHANGES}])
    page = await walk.page(width, theme, bypass_csp=True)
    await page.goto(app.address(session) + "/changes")
    await keep(page, "chat-changes", width, theme)
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width == 375:  # there is no room for two: nobody is asked
        await expect(page.get_by_role("button", name="Side by side")).to_be_hidden()
        await page.goto(app.address(session) + "/changes?view=two")
    else:
        await page.get_by_role("button", name="Side by side").click()
        await expect(page.get_by_role("button", name="Side by side")).to_have_attribute("aria-pressed", "true")
    columns = page.locator(".two ins, .two del")
    left = {box["x"] for box in [await one.bounding_box() for one in await columns.all()] if box}
    assert len(left) == (1 if width == 375 else 2)
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await keep(page, "chat-changes-two", width, theme)


COPIED = "navigator.clipboard.writeText = async (text) => { window.copied = text; };"


async def test_each_block_can_be_copied_by_mouse_and_keyboard(walk: Walk, app: ChatApp) -> None:
    told = [
        {"do": "user", "text": "Do."},
        {"do": "begin"},
        {"do": "say", "text": "Words.\n\n1. x\n   ```\n   in a list\n   ```\n"},
    ]
    done = tool("bash", status="completed", input={"command": "make"}, output="made <it>\n", metadata={"exit": 0})
    session = await app.script(title="Copy", steps=[*told, done, {"do": "end"}])
    page = await walk.page()
    await page.add_init_script(COPIED)
    await page.goto(app.address(session))
    count = "document.querySelectorAll('.live *').length"
    before = await page.evaluate(count)
    copy = page.get_by_role("button", name="Copy", exact=True)
    await page.locator(".md pre").hover()
    await copy.click()
    assert await page.evaluate("copied") == "in a list\n"
    assert await page.evaluate(count) <= before + 2, "one button for all of them"
    await page.locator(".tool summary").press("Enter")
    await page.get_by_role("group", name="Output").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await eventually(page, "copied === 'made <it>\\n'")
    await expect(page.locator("#say")).to_have_text("Copied")
    await app.script(session=session, steps=[{"do": "begin"}, {"do": "say", "text": "And more."}, {"do": "end"}])
    await expect(page.locator(".msg").last).to_contain_text("And more.")
    assert await page.evaluate("document.querySelectorAll('.copy').length") == 1


async def test_on_a_phone_a_tap_offers_the_copy_with_room_for_a_finger(walk: Walk, app: ChatApp) -> None:
    session = await app.script(
        title="Tap", steps=[{"do": "begin"}, {"do": "say", "text": "```\ncode\n```"}, {"do": "end"}]
    )
    page = await walk.page(375)
    await page.add_init_script(COPIED)
    await page.goto(app.address(session))
    await page.locator(".md pre").tap()
    copy = page.get_by_role("button", name="Copy", exact=True)
    box = await copy.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    await copy.tap()
    assert await page.evaluate("copied") == "code\n"
