# SPDX-License-Identifier: MIT
"""What a sub-agent of a sub-agent asks, in the inbox of a browser that shows another chat too; with ends by kill -9 at
seeded moments in between; how a row of each kind reads; and two browsers on one session."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.reading import as_it_was
from tests.browser.talk import Talk, begin, eventually, running
from tests.browser.walk import PATIENCE, Walk
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider, lasting_port
from tests.replay.scenes import config

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)

SEED = 4


@pytest.fixture(scope="module")
def hub(root: Path, provider: Provider, opencode_binary: Path) -> Iterator[RealHub]:
    """A hub on a port that outlives it, whose project has a sub-agent that begins sub-agents of its own."""
    with RealHub(root, opencode_binary, OPENCODE_NEXUS_PORT=str(lasting_port())) as hub:
        (hub.project / "opencode.json").write_text(json.dumps(config(provider)))
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        running(hub)
        yield hub


def asks(talk: Talk, name: str) -> None:
    """Have a sub-agent at depth 2 ask whether it may make a file."""
    ask = {"tool": "bash", "args": {"command": f"touch {name}", "description": "ask"}}
    third = script([{"text": "deep "}, ask], [{"text": "third done"}])
    talk.say(script([task(script([task(third)], [{"text": "second done"}]))], [{"text": "all done"}]))


def task(words: str) -> dict[str, Any]:
    return {"tool": "task", "args": {"description": "dig", "prompt": words, "subagent_type": "digger"}}


def script(*steps: list[dict[str, Any]]) -> str:
    return "#script " + json.dumps(steps)


def rows(page: Page, name: str) -> Locator:
    return page.locator("[data-row]").filter(has_text=f"touch {name}")


def opencode_of(hub: RealHub) -> psutil.Process:
    """The running OpenCode."""
    return next(process for process in hub.children() if "serve" in process.cmdline())


async def opened(walk: Walk, hub: RealHub, elsewhere: Talk) -> tuple[Page, Page]:
    """One browser with two pages: the inbox, and a chat that has nothing to do with it."""
    inbox = await walk.signed_in(hub.url)
    await inbox.goto(hub.url + "inbox")
    other = await inbox.context.new_page()
    await other.goto(hub.url + elsewhere.path)
    for page in (other, inbox):
        await expect(page.locator("[data-line=live]")).to_be_visible()
    return inbox, other


async def test_what_is_asked_at_depth_two_shows_while_another_chat_is_open_and_is_answered(
    hub: RealHub, walk: Walk
) -> None:
    elsewhere, talk = begin(hub, "Elsewhere"), begin(hub, "Deep")
    inbox, other = await opened(walk, hub, elsewhere)
    asks(talk, "deep-one")
    row = rows(inbox, "deep-one")
    await expect(row).to_contain_text("Deep · digger ← digger ← main")
    await expect(other.locator("[data-k=inbox-badge]")).to_have_text("1 open")
    await expect(other).to_have_title("(1) Elsewhere – OpenCode Nexus")
    assert not (hub.project / "deep-one").exists()
    await row.get_by_role("button", name="Allow once").click()
    await expect(row).to_have_count(0)
    assert talk.finished()[-1]["parts"][-1]["type"]
    assert (hub.project / "deep-one").exists()
    await expect(other.locator("[data-k=inbox-badge]")).to_have_text("1 open")  # its turn is finished, unseen
    await other.goto(hub.url + talk.path)
    await expect(other.get_by_text("all done", exact=True)).to_be_visible()
    await expect(inbox.locator("[data-k=inbox-badge]")).to_be_hidden()


@pytest.mark.parametrize("killed", ["hub", "opencode", "both"])
async def test_no_row_lies_after_a_kill(hub: RealHub, walk: Walk, killed: str) -> None:
    """`killed` while the request waits, some moments after it was told, which the seed chooses."""
    chance = random.Random(f"{SEED} {killed}")
    name = f"killed-{killed}"
    elsewhere, talk = begin(hub, "Elsewhere"), begin(hub, f"Killed {killed}")
    inbox, other = await opened(walk, hub, elsewhere)
    server = opencode_of(hub)
    asks(talk, name)
    request = talk.asked()["id"]
    if chance.random() < 0.5:
        await expect(rows(inbox, name)).to_have_count(1)
    # as many answers of the hub as chance says lie between the request and the end
    for _ in range(chance.randrange(8)):
        first = talk.messages()
        assert first
    if killed != "opencode":
        await asyncio.to_thread(hub.kill)
    if killed != "hub":
        server.kill()
        await asyncio.to_thread(_gone, server)
    if killed != "opencode":
        await asyncio.to_thread(hub.start)
    await asyncio.to_thread(running, hub)
    row = inbox.locator(f"#row-{request}")
    if killed == "hub":
        # the server waits still: so does the row, and the answer counts
        assert opencode_of(hub).pid == server.pid
        await expect(row.get_by_role("button", name="Allow once")).to_be_visible()
        await expect(row).not_to_contain_text("being checked")
        await expect(other.locator("[data-k=inbox-badge]")).to_have_text("1 open")
        await row.get_by_role("button", name="Allow once").click()
        await expect(row).to_have_count(0)
        assert talk.finished()
        assert (hub.project / name).exists()
    else:
        # it waits no more, and the history says why; what failed is a row of its own
        await expect(row).to_have_count(0)
        await expect(inbox.locator("[data-row]")).to_contain_text(["OpenCode stopped while the agent was working."])
        assert not (hub.project / name).exists()
        await inbox.get_by_role("button", name="Dismiss").click()
    await inbox.goto(hub.url + "inbox/history")
    line = inbox.locator("ol.list > li").filter(has_text=f"touch {name}")
    await expect(line).to_contain_text(
        "Allowed once by owner" if killed == "hub" else "OpenCode stopped before you answered"
    )
    with hub.api() as api:
        for item in api.get("inbox").raise_for_status().json()["items"]:
            assert item["kind"] == "finished", item
            api.post(f"inbox/{item['id']}/dismiss").raise_for_status()


async def test_a_row_of_each_kind_is_read_in_its_order_and_has_its_name(hub: RealHub, walk: Walk) -> None:
    page = await walk.signed_in(hub.url)
    with hub.api() as api:

        def comes(title: str, kind: str, *steps: list[dict[str, Any]], tokens: int | None = None) -> None:
            talk = begin(hub, title)
            if tokens is not None:
                at = f"servers/{talk.server}/sessions/{talk.session}/budget"
                api.put(at, json={"tokens": tokens}).raise_for_status()
            talk.say(script(*steps))

            def there() -> bool:
                items = api.get("inbox", params={"kind": kind}).raise_for_status().json()["items"]
                return any(item["root_id"] == talk.session for item in items)

            eventually(there, f"{title} is in the inbox")

        for item in api.get("inbox").raise_for_status().json()["items"]:  # what the tests before have left
            api.post(f"inbox/{item['id']}/dismiss").raise_for_status()
        spends = {"tool": "bash", "args": {"command": "true", "description": "spends"}}
        asked = {"header": "Colour", "question": "Which colour?", "options": [
            {"label": "Red", "description": "As a rose."}, {"label": "Blue", "description": "As the sea."}
        ]}  # fmt: skip
        comes("Done", "finished", [{"text": "All of it is **done**."}])
        comes("Broken", "failed", [{"status": 400}])
        comes("Dear", "budget", [spends], [{"wait": "never"}], tokens=100)
        comes("Curious", "question", [{"tool": "question", "args": {"questions": [asked]}}], [{"text": "thanks"}])
        deep = [{"tool": "bash", "args": {"command": "touch careful", "description": "ask"}}]
        comes("Careful", "permission", [task(script([task(script(deep))]))])
        await page.goto(hub.url + "inbox")
        await expect(page.locator("[data-line=live]")).to_be_visible()
        await expect(page.locator("[data-row]")).to_have_count(5)
        await expect(page.get_by_text("Careful · digger ← digger ← main")).to_be_visible()
        await as_it_was(page, "inbox")
        for item in api.get("inbox").raise_for_status().json()["items"]:
            if item["kind"] in ("permission", "question"):
                api.post(f"inbox/{item['id']}/reply", json={"reply": "reject"}).raise_for_status()
            else:
                api.post(f"inbox/{item['id']}/dismiss").raise_for_status()


def _gone(process: psutil.Process) -> None:
    process.wait(60)


# What a page shows of a session: its words and boxes. Times go on by themselves, and what is open is the reader's.
SHOWN = """() => [...document.querySelectorAll('[data-follow] .msgs, .queue, .after, .state-line')].map(el => {
    const copy = el.cloneNode(true);
    for (const one of copy.querySelectorAll('time')) one.textContent = one.getAttribute('datetime');
    for (const one of copy.querySelectorAll('[data-until]')) one.textContent = '';
    for (const one of copy.querySelectorAll('details')) one.removeAttribute('open');
    return copy.outerHTML;
}).join('\\n')"""


async def test_two_browsers_on_one_session_stay_alike(hub: RealHub, provider: Provider, walk: Walk) -> None:
    talk = begin(hub, "Alike")
    desk, phone = await walk.signed_in(hub.url), await walk.signed_in(hub.url, 375)
    for page in (desk, phone):
        await page.goto(hub.url + talk.path)
        await expect(page.locator("[data-line=live]")).to_be_attached()

    async def alike() -> str:
        """Both pages, and the same one opened afresh, show the same."""
        fresh = await desk.context.new_page()
        async with asyncio.timeout(60):
            while True:
                await fresh.goto(hub.url + talk.path)
                shown: list[str] = [await page.evaluate(SHOWN) for page in (desk, phone, fresh)]
                if len(set(shown)) == 1:
                    await fresh.close()
                    return shown[0]

    file = str(hub.project / "alike.txt")
    talk.say(
        script(
            [
                {"reasoning": "hm {i} ", "n": 5}, {"text": "Word {i}. ", "n": 40, "rate": 400},
                {"tool": "write", "args": {"filePath": file, "content": "a\n"}},
                {"tool": "bash", "args": {"command": "seq 1 30; exit 3", "description": "count"}},
            ],
            [{"tool": "edit", "args": {"filePath": file, "oldString": "a", "newString": "b"}}],
            [{"text": "| a | b |\n|---|---|\n| 1 | {i} |\n", "n": 2}, {"wait": "alike"}, {"text": "\n\nThe **end**."}],
        )
    )  # fmt: skip
    await expect(phone.locator("table")).to_be_visible()
    box = desk.get_by_label("Message", exact=True)
    for words in ("first", "second"):
        await box.fill(words)
        await box.press("Enter")
        await expect(phone.get_by_role("region", name="What waits")).to_contain_text(words)
    await phone.get_by_role("listitem").filter(has_text="first").get_by_role("button", name="Remove").tap()
    await expect(desk.get_by_role("region", name="What waits")).not_to_contain_text("first")
    assert "second" in await alike()
    provider.release("alike")
    for page in (desk, phone):
        await expect(page.get_by_text("echo: second")).to_be_visible()
        await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    both = await alike()
    assert "The <strong>end</strong>." in both
    # undone in one, it goes in the other; restored there, it is back in both
    await desk.locator(".msg.user .more").last.click()
    await desk.get_by_role("link", name="Revert to here…").click()
    await desk.get_by_role("button", name="Revert").click()
    for page in (desk, phone):
        await expect(page.locator(".msg.user")).to_have_count(1)
        await expect(page.locator(".after")).to_contain_text("are undone")
    await alike()
    await phone.get_by_role("link", name="Restore…").tap()
    await phone.get_by_role("button", name="Restore").tap()
    for page in (desk, phone):
        await expect(page.locator(".msg.user")).to_have_count(2)
        await expect(page.locator(".after")).not_to_contain_text("are undone")
    assert await alike() == both
