# SPDX-License-Identifier: MIT
"""A sub-agent of a sub-agent asks: until its row stands in the inbox of a browser, while another one shows a chat."""

import asyncio
import json
import statistics
from typing import Any

from bench.noise import Noise
from bench.run import Run
from bench.subject import SHORT, Subject
from bench.tab import Tab, quoted

ROUNDS = 10
DIGGER = "digger"  # an agent that may begin others: bench.folders
WITHIN = 60  # s
LIVE = "document.querySelector('[data-line=live]')?.checkVisibility()"
# Notes when a row with these words stands in the document, by the machine's clock, as the provider's log is.
WATCH = """(words => {
    window.__row = null;
    const watch = new MutationObserver(() => {
        if (![...document.querySelectorAll('[data-row]')].some(row => row.textContent.includes(words))) return;
        watch.disconnect();
        window.__row = Date.now();
    });
    watch.observe(document.body, {childList: true, subtree: true, characterData: true});
})"""


async def measure(run: Run) -> None:
    """One variant, of Nexus alone: OpenCode's page has no such list. `ROUNDS` times, whatever is told."""
    for subject in run.subjects:
        if subject.name == "nexus":
            await rounds(run, subject)


async def rounds(run: Run, subject: Subject) -> None:
    with Noise() as noise:
        async with Tab(run.browser, subject, cache=True) as other, Tab(run.browser, subject, cache=True) as inbox:
            await other.go(subject.chat_url(subject.chats[SHORT].id))
            await inbox.go(subject.base + "/inbox")
            for tab in (other, inbox):
                await tab.wait(LIVE, 30)
            took = [await once(run, subject, inbox, f"deep-{number}.txt") for number in range(ROUNDS)]
    run.results.add(
        subject.name, "inbox", "depth2", others=noise.others, ms=[round(ms) for ms in took],
        median_ms=round(statistics.median(took)), worst_ms=round(max(took)),
    )  # fmt: skip


async def once(run: Run, subject: Subject, inbox: Tab, file: str) -> float:
    """Milliseconds from the call of the tool, as the model said it, to the row. OpenCode's own part is in them."""
    chat = await asyncio.to_thread(subject.new_chat, f"Asks for {file}")
    await inbox.js(f"{WATCH}({quoted('touch ' + file)})")
    ask = {"tool": "bash", "args": {"command": f"touch {file}", "description": "ask"}}
    text = script([task(script([task(script([ask], [{"text": "third"}]))], [{"text": "second"}]))], [{"text": "first"}])
    await asyncio.to_thread(subject.prompt, chat, text)
    seen = await inbox.wait("window.__row", WITHIN)
    asked = run.provider.called("bash", file)
    if seen is None or asked is None:
        raise RuntimeError(f"{subject.name}: no row for {file} within {WITHIN} s")
    row = inbox.page.locator("[data-row]").filter(has_text=f"touch {file}")
    await row.get_by_role("button", name="Reject", exact=True).click()
    await row.wait_for(state="detached")
    return float(seen) - asked


def task(words: str) -> dict[str, Any]:
    return {"tool": "task", "args": {"description": "dig", "prompt": words, "subagent_type": DIGGER}}


def script(*steps: list[dict[str, Any]]) -> str:
    return "#script " + json.dumps(steps)
