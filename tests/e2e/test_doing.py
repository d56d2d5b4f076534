# SPDX-License-Identifier: MIT
"""All that is done in a chat, on the real OpenCode: by mouse, by keyboard alone, and by touch at 375 px.

`make test` does each thing in one way, all three ways among them; `make soak` does everything in every way.
"""

import asyncio
import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, Request, expect

from tests.browser.hands import WAYS, WIDTHS, Hands, Way
from tests.browser.talk import begin, eventually, running
from tests.browser.walk import PATIENCE, Walk, sign_in
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider

pytestmark = pytest.mark.anyio

expect.set_options(timeout=PATIENCE)

GIT = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
Cookies = list[Any]
EVERY_WAY = os.environ.get("NEXUS_TEST_WAYS") == "all"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mine: dict[str, Way] = {
        "test_what_is_written_waits_is_changed_removed_and_sent": "touch",
        "test_names_commands_the_shell_and_the_model_and_a_stop": "keyboard",
        "test_what_was_said_is_undone_forked_named_put_away_and_deleted": "mouse",
        "test_a_chat_leaves_comes_in_and_has_a_budget": "touch",
    }
    if "hands" in metafunc.fixturenames:
        metafunc.parametrize("hands", WAYS if EVERY_WAY else [mine[metafunc.function.__name__]], indirect=True)


@pytest.fixture(scope="module")
def hub(root: Path, provider: Provider, opencode_binary: Path) -> Iterator[RealHub]:
    """A hub whose project is a git repository, which is what OpenCode keeps snapshots of, and knows two models."""
    with RealHub(root, opencode_binary) as hub:
        second = {"name": "Other M2", "reasoning": True, "tool_call": True}
        config = provider.config(m2={**second, "limit": {"context": 200_000, "output": 8192}})
        config["command"] = {"greet": {"template": "Greet $ARGUMENTS", "description": "says hello"}}
        (hub.project / "opencode.json").write_text(json.dumps(config))
        (hub.project / "src").mkdir()
        (hub.project / "src" / "main.py").write_text("def alpha(): ...\n")
        for words in (["init", "-q", "."], ["add", "-A"], ["commit", "-qm", "first"]):
            subprocess.run([*GIT, *words], cwd=hub.project, check=True)
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        running(hub)
        yield hub


@pytest.fixture(scope="module")
async def cookies(hub: RealHub, chromium: Browser) -> Cookies:
    """One login for all: how one signs in is tested elsewhere."""
    context = await chromium.new_context()
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    await sign_in(page, hub.url)
    kept: Cookies = list(await context.cookies())
    await context.close()
    return kept


@pytest.fixture
async def hands(request: pytest.FixtureRequest, walk: Walk, cookies: Cookies) -> Hands:
    """An empty page, and the way in which it is used."""
    return await another(walk, cookies, request.param)


async def another(walk: Walk, cookies: Cookies, way: Way) -> Hands:
    page = await walk.page(WIDTHS[way])
    await page.context.add_cookies(cookies)
    return Hands(page, way)


def field(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


def typed(page: Page) -> Locator:
    return page.locator(".msg.user .typed")


def button(where: Page | Locator, name: str) -> Locator:
    return where.get_by_role("button", name=name, exact=True)


def link(where: Page | Locator, name: str) -> Locator:
    return where.get_by_role("link", name=name, exact=True)


def script(*steps: list[dict[str, Any]]) -> str:
    return "#script " + json.dumps(steps)


def runs(hub: RealHub, name: str) -> bool:
    """Whether a program of that name was started below the hub."""
    with contextlib.suppress(psutil.Error):
        return any(process.name() == name for process in hub.children())
    return False


async def menu(hands: Hands, what: str) -> None:
    """Choose in the chat's menu."""
    await hands.use(button(hands.page, "Menu of this chat"))
    await hands.use(hands.page.locator("#chat-menu").locator("a, button").filter(has_text=re.compile(f"^{what}$")))


async def of_message(hands: Hands, said: Locator, what: str) -> None:
    """Choose in a message's menu."""
    await hands.use(said.locator(".more"))
    await hands.use(hands.page.locator("#message-menu").locator("a, button").filter(has_text=what))


async def test_what_is_written_waits_is_changed_removed_and_sent(
    hub: RealHub, provider: Provider, hands: Hands, walk: Walk, cookies: Cookies
) -> None:
    talk, page, gate = begin(hub, f"Writing by {hands.way}"), hands.page, f"busy-{hands.way}"
    await page.goto(hub.url + talk.path)
    box = field(page)
    # while the agent works, messages wait: one is changed, one removed
    await hands.send(box, script([{"text": "begun"}, {"wait": gate}]))
    await expect(page.get_by_text("begun", exact=True)).to_be_visible()
    waits = page.get_by_role("region", name="What waits").get_by_role("listitem")
    for count, words in enumerate(("first", "second"), 1):
        await hands.send(box, words)
        await expect(waits).to_have_count(count)
    await hands.use(waits.filter(has_text="second").locator("summary"))
    await hands.write(waits.filter(has_text="second").get_by_label("Text"), "second, changed")
    await hands.use(button(waits.filter(has_text="second"), "Save"))
    await expect(waits.last).to_contain_text("second, changed")
    await hands.use(button(waits.filter(has_text="first"), "Remove"))
    await expect(waits).to_have_count(1)
    provider.release(gate)
    await expect(page.get_by_text("echo: second, changed")).to_be_visible()
    await expect(waits).to_have_count(0)

    # what is sent offline is kept, and goes once
    await page.context.set_offline(True)
    await hands.send(box, "from the train")
    await expect(box).to_have_value("")
    kept = page.get_by_role("list", name="What waits for the connection").get_by_role("listitem")
    await expect(kept).to_contain_text("from the train")
    await page.context.set_offline(False)
    await expect(kept).to_have_count(0)
    await expect(page.get_by_text("echo: from the train")).to_be_visible()

    # a draft is there in another browser, with its file
    await hands.give(page.locator("[name=files]"), FilePayload(name="a.md", mimeType="text/markdown", buffer=b"# a"))
    await expect(page.locator(".chips [name=attached]")).to_have_count(1)
    async with page.expect_response(
        lambda answer: answer.url.endswith("/draft") and _has(answer.request, "on+the+desk")
    ):
        await hands.write(box, "begun on the desk")
    other = await another(walk, cookies, "mouse" if hands.way == "touch" else "touch")
    await other.page.goto(hub.url + talk.path)
    await expect(field(other.page)).to_have_value("begun on the desk")
    await expect(other.page.locator(".chips li")).to_contain_text("a.md")
    await hands.send(box, "begun on the desk")
    await expect(page.get_by_text("echo: begun on the desk")).to_be_visible()
    await expect(field(other.page)).to_have_value("")

    there = ["second, changed", "from the train", "begun on the desk"]
    for shown in (page, other.page):
        assert (await typed(shown).all_text_contents())[1:] == there
    parts = [part for message in talk.finished() if message["role"] == "user" for part in message["parts"]]
    assert [part["filename"] for part in parts if part["type"] == "file"] == ["a.md"]


def _has(request: Request, words: str) -> bool:
    return request.method == "POST" and words in (request.post_data or "")


async def test_names_commands_the_shell_and_the_model_and_a_stop(
    hub: RealHub, provider: Provider, hands: Hands
) -> None:
    talk, page = begin(hub, f"Choosing by {hands.way}"), hands.page
    await page.goto(hub.url + talk.path)
    box = field(page)
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")

    async def take(name: str) -> None:
        """Take a suggestion: with the keyboard one stays in the field."""
        one = options.filter(has_text=name).first
        await expect(one).to_be_visible()
        if hands.way != "keyboard":
            return await hands.use(one)
        while await one.get_attribute("aria-selected") != "true":
            await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")

    await hands.write(box, "read @mai", typed=True)
    await take("src/main.py")
    await expect(box).to_have_value("read @src/main.py ")
    await hands.write(box, "ask @gen", typed=True)
    await take("@general")
    await expect(box).to_have_value("ask @general ")
    await hands.send(box, "ask @general about @src/main.py please")
    await expect(typed(page)).to_have_text("ask @general about @src/main.py please")
    named = [(part["type"], part["filename"]) for part in talk.finished()[0]["parts"] if part["type"] != "text"]
    assert sorted(named) == [("agent", None), ("file", "src/main.py")]
    await hands.write(box, "/gre", typed=True)
    await take("/greet")
    await expect(box).to_have_value("/greet ")
    await hands.send(box, "/greet Ada")
    await expect(page.get_by_text("echo: Greet Ada")).to_be_visible()
    await expect(button(page, "Stop")).to_have_count(0)
    await hands.write(box, "!echo by hand", typed=True)
    await expect(page.get_by_text("Runs in the shell, without the agent.")).to_be_visible()
    await hands.send(box, "!echo by hand")
    await expect(page.locator(".tool", has_text="echo by hand")).to_be_visible()
    await expect(button(page, "Stop")).to_have_count(0)

    # model, effort and agent are remembered
    chosen = {"Model": ("Other M2", "scripted/m2"), "Effort": ("high", "high"), "Agent": ("plan", "plan")}
    for name, (words, _) in chosen.items():
        await hands.choose(page.get_by_label(name, exact=True), words)
    for name, (_, value) in chosen.items():
        await expect(page.get_by_label(name, exact=True)).to_have_value(value)
    await hands.send(box, "Who answers?")
    await expect(page.get_by_text("echo: Who answers?")).to_be_visible()
    await expect(button(page, "Stop")).to_have_count(0)
    await page.reload()
    for name, (_, value) in chosen.items():
        await expect(page.get_by_label(name, exact=True)).to_have_value(value)
    last = talk.finished()[-1]
    assert (last["model"], last["agent"]) == ("scripted/m2", "plan"), last
    assert [line["effort"] for line in provider.lines() if line.get("model") == "m2"] == ["high"]

    # a stop says what became of what ran
    await hands.choose(page.get_by_label("Agent", exact=True), "build")
    slow = {"tool": "bash", "args": {"command": "sleep 372", "description": "waits"}}
    await hands.send(box, script([slow], [{"text": "never"}]))
    await expect(page.locator(".tool", has_text="sleep 372")).to_be_visible()
    await asyncio.to_thread(eventually, lambda: runs(hub, "sleep"), "the command runs")
    await hands.use(button(page, "Stop"))
    await expect(page.locator(".after")).to_contain_text("The command “sleep 372” was ended.")
    await expect(button(page, "Stop")).to_have_count(0)


async def test_what_was_said_is_undone_forked_named_put_away_and_deleted(hub: RealHub, hands: Hands) -> None:
    talk, page, name = begin(hub, f"Changing by {hands.way}"), hands.page, f"{hands.way}.txt"
    file = hub.project / name
    write = {"tool": "write", "args": {"filePath": str(file), "content": "a\nb\n"}}
    talk.say(script([write], [{"text": "Written."}]))
    talk.finished()
    await page.goto(hub.url + talk.path)
    said = page.locator(".msg.user")
    await expect(page.get_by_role("link", name="1 file changed")).to_be_visible()  # OpenCode has summed it up

    # undone, with what that changes said before, and restored
    await of_message(hands, said, "Revert to here…")
    await expect(page.get_by_role("heading", name="1 file will be put back")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(f"{name} was added and will be deleted +2 −0")
    assert file.exists()
    await hands.use(button(page, "Revert"))
    await expect(said).to_have_count(0)
    await expect(page.locator(".after")).to_contain_text("One file was put back.")
    assert not file.exists()
    await hands.use(link(page, "Restore…"))
    await expect(page.get_by_role("heading", name="1 file will be as before the undo")).to_be_visible()
    await hands.use(button(page, "Restore"))
    await expect(said).to_have_count(1)
    assert file.read_text() == "a\nb\n"

    # compacted
    await menu(hands, "Compact")
    await hands.use(button(page, "Compact"))
    await expect(page.locator(".after")).to_contain_text("The chat was compacted.")
    await expect(page.get_by_text("The conversation so far was summarised here")).to_be_visible()
    await expect(page.get_by_text("scripted summary")).to_be_visible()

    # forked from a message: it goes along with what came before it, and nothing of what came after
    first = page.locator(".msg.user").first
    await of_message(hands, first, "Fork from here")
    await expect(page.get_by_text("Forked from")).to_contain_text(f"Changing by {hands.way}")
    fork = page.url
    assert not fork.endswith(talk.session)
    await expect(page.locator(".msg")).to_have_count(1)
    await expect(typed(page)).to_contain_text("#script")

    # named, pinned, archived and back
    if hands.way == "touch":
        await menu(hands, "Rename")
    else:
        await hands.use(button(page, "Rename this chat"))
    await hands.write(page.get_by_label("Name of this chat"), f"Fork of {hands.way}")
    await hands.use(button(page, "Save the name"))
    await expect(page.get_by_role("heading", level=1, name=f"Fork of {hands.way}")).to_be_visible()
    await menu(hands, "Pin")
    await expect(page.locator(".chat-rows li", has_text=f"Fork of {hands.way}").get_by_label("Pinned")).to_have_count(1)
    await menu(hands, "Archive")
    await expect(page.locator(".after")).to_contain_text("This chat is in the archive.")
    await hands.use(button(page, "Bring it back"))
    await expect(page.locator(".after")).not_to_contain_text("archive")

    # deleted, and back
    await menu(hands, "Delete")
    await expect(page.locator(".after")).to_contain_text(f"“Fork of {hands.way}” was deleted.")
    assert page.url != fork
    await hands.use(button(page.locator(".after"), "Undo"))
    await expect(page.locator(".after")).not_to_contain_text("was deleted")
    if hands.way == "touch":
        await hands.use(button(page, "Chats"))
    row = page.locator(".chat-rows").get_by_role("link", name=f"Fork of {hands.way}")
    await hands.use(row)
    await expect(page).to_have_url(fork)


async def test_a_chat_leaves_comes_in_and_has_a_budget(hub: RealHub, hands: Hands, tmp_path: Path) -> None:
    talk, page = begin(hub, f"Carried by {hands.way}"), hands.page
    talk.say("Something to carry.")
    talk.finished()
    await page.goto(hub.url + talk.path)
    await menu(hands, "Export")
    files = {}
    for name in ("Markdown", "JSON"):
        async with page.expect_download() as begun:
            await hands.use(link(page, name))
        files[name] = tmp_path / (await begun.value).suggested_filename
        await (await begun.value).save_as(files[name])
    assert "Something to carry." in files["Markdown"].read_text()
    content = files["JSON"].read_text()
    assert len(json.loads(content)["messages"]) == 2
    moved = content.replace(talk.session, f"ses_moved{hands.way}")
    moved = moved.replace("msg_", f"msg_{hands.way}").replace("prt_", f"prt_{hands.way}")

    await hands.use(link(page, "Back to the chat"))
    await menu(hands, "Import")
    await expect(page.get_by_role("heading", level=1, name="Import a chat")).to_be_visible()
    payload = FilePayload(name="moved.json", mimeType="application/json", buffer=moved.encode())
    await hands.give(page.get_by_label("File"), payload)
    await hands.use(button(page, "Import"))
    await expect(page.get_by_role("status").first).to_contain_text("All 2 messages came in.")
    await hands.use(link(page, "Open the chat"))
    await expect(typed(page)).to_have_text(["Something to carry."])

    await page.goto(hub.url + talk.path)
    await menu(hands, "Usage")
    await expect(page.get_by_role("heading", name=f"Usage of Carried by {hands.way}")).to_be_visible()
    await expect(page.locator("dl.kv > div", has_text="Answers").first).to_contain_text("1")
    await hands.use(page.get_by_label("A budget of its own"))
    await hands.write(page.get_by_role("textbox", name="Tokens"), "200")
    await hands.use(button(page, "Save budget"))
    await expect(page.get_by_role("status").filter(has_text="The budget is saved.")).to_be_visible()
    await hands.use(link(page, "Back to the chat"))
    # stopped in the middle of its turn: the next step would wait for ever
    await hands.send(
        field(page),
        script(
            [{"tool": "bash", "args": {"command": "true", "description": "spends"}}], [{"wait": f"spent-{hands.way}"}]
        ),
    )
    await expect(page.locator(".chat-head")).to_contain_text("Stopped: the budget of 200 tokens")
    await expect(button(page, "Stop")).to_have_count(0)

    def rows() -> list[str]:
        with hub.api() as api:
            found = api.get("inbox", params={"kind": "budget"}).json()["items"]
        return [one["detail"][:33] for one in found if one["root_id"] == talk.session]

    # it comes with the turn's end, a moment after the chat has said so
    found = await asyncio.to_thread(eventually, rows, "the budget's row")
    assert found == ["Stopped: the budget of 200 tokens"]
    await hands.send(field(page), "And again")
    await expect(page.get_by_role("alert")).to_contain_text("A budget is used up, so nothing was sent.")
    await expect(field(page)).to_have_value("And again")
