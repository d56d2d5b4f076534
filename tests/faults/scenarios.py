# SPDX-License-Identifier: MIT
"""One function a fault. Each begins a turn, strikes at `moment` (0 to 1 of the stream), and looks at what is left."""

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable

from opencode_nexus.render.components.text import GAP
from tests.faults.stage import Stage, until

Scenario = Callable[[Stage, float], Awaitable[None]]

RATE = 50  # deltas a second
SHORT, LONG = 150, 650  # deltas of a turn: 3 s, and 13 s for what takes 10 s itself
OFFLINE = 10.0  # seconds


async def _begin(stage: Stage, count: int, moment: float) -> tuple[float, str]:
    """Start a turn and wait for the moment; returns when it began and what its last words are."""
    since, name = time.time(), f"x{time.monotonic_ns()}"
    await stage.begin(f"STREAM n={count} r={RATE} w=3 id={name}")
    await stage.until_said(max(2, int(count * moment)), since)
    return since, f"STREAMEND{name}"


async def _begin_gated(stage: Stage, count: int, moment: float) -> int:
    """The same, but the turn says its last words (STREAMEND and the number) only once its gate is released: what is
    there only while it runs can then be looked for on the slowest machine. Returns the number, which the gate has too.
    """
    since, number = time.time(), time.monotonic_ns()
    words = {"text": "⟦{i};0⟧ word ", "n": count, "rate": RATE}
    last = [{"text": "\n\nSTREAM"}, {"text": f"END{number}"}]  # in two, as the page shows the script too
    await stage.begin("STREAM n= #script " + json.dumps([[words, {"wait": f"gate{number}"}, *last]]))
    await stage.until_said(max(2, int(count * moment)), since)
    return number


async def _whole(stage: Stage, count: int, end: str) -> None:
    """The page, and a page opened anew, show every word once and in order."""
    await stage.until_shown(end)
    await _all(stage, count)  # a gap heals when the part closes, right after its last words
    await stage.show()
    await stage.until_shown(end)
    await _all(stage, count)
    assert GAP not in await stage.text(), "the gap healed"
    await stage.until_no_strays()


async def _all(stage: Stage, count: int) -> None:
    async def whole() -> bool:
        shown[:] = await stage.shown()
        return shown == list(range(count))

    shown: list[int] = []
    try:
        await until(whole, "every word is there once", 20)
    except AssertionError as error:
        wrong = [(at, number) for at, number in enumerate(shown) if at != number][:3]
        raise AssertionError(f"{len(shown)} of {count} shown; first out of place: {wrong}") from error


async def hub_killed(stage: Stage, moment: float) -> None:
    """kill -9 of the hub: the server is taken up again, what was heard is there with a mark behind it, and the missing
    words come when the part closes.
    """
    number = await _begin_gated(stage, SHORT, moment)
    before = (await stage.servers())[0]["pid"]
    heard_before = len(await stage.shown())
    await asyncio.to_thread(stage.hub.kill)
    await stage.start_hub()
    after = await stage.until_server("running")
    assert after["pid"] == before, "the running server was not adopted"

    async def marked() -> bool:
        return GAP in await stage.text()

    await until(marked, "the page marks the gap")
    shown = await stage.shown()
    heard = next((number for number, found in enumerate(shown) if number != found), len(shown))
    # what stood in the page is kept, but for what was not journalled yet: 50 ms of it, more on a busy machine
    assert heard >= heard_before - RATE // 5, (heard, heard_before)
    assert shown == sorted(set(shown))
    await asyncio.to_thread(stage.provider.release, f"gate{number}")
    await _whole(stage, SHORT, f"STREAMEND{number}")


async def opencode_killed(stage: Stage, moment: float) -> None:
    """kill -9 of OpenCode: its words stay, the turn is called interrupted, its tools are gone, it runs again."""
    since = time.time()
    tool = {"tool": "bash", "args": {"command": "setsid sleep 300 >/dev/null 2>&1 & echo begun", "description": "x"}}
    words = {"text": "⟦{i};0⟧ word ", "n": SHORT, "rate": RATE}
    gate = {"wait": f"never-{time.monotonic_ns()}"}  # so that the turn has no end of its own, however late we strike
    await stage.begin("STREAM n= #script " + json.dumps([[tool], [words, gate]]))
    await stage.until_said(max(2, int(SHORT * moment)), since)
    pid = (await stage.servers())[0]["pid"]
    # what stands in the page is kept; the provider's last words may never have reached OpenCode, however it is timed
    heard: list[int] = []

    async def some() -> bool:
        heard[:] = [number for number in await stage.shown() if number >= 0]
        return bool(heard)

    await until(some, "the page shows some of the words")
    os.kill(pid, signal.SIGKILL)

    try:
        await _interrupted(stage, pid, len(heard))
    finally:
        # by hand, which forgets the crashes: the fifth in ten minutes would rightly end the tries
        await stage.call("POST", f"/servers/{stage.server_id}/restart")
        await stage.until_server("running")


async def _interrupted(stage: Stage, pid: int, heard: int) -> None:
    """OpenCode runs again, and the page tells of at least `heard` words and of the interruption."""

    async def again() -> bool:
        server = (await stage.servers())[0]
        return bool(server["state"] == "running" and server["pid"] != pid)

    await until(again, "OpenCode runs again")

    async def told() -> bool:
        return "because OpenCode stopped" in await stage.text()

    for fresh in (False, True):
        if fresh:
            await stage.show()
        await until(told, "the page says that the answer was interrupted")
        shown = [number for number in await stage.shown() if number >= 0]
        assert shown == list(range(len(shown))), shown
        assert len(shown) >= heard, (len(shown), heard)
    await stage.until_no_strays()


async def browser_offline(stage: Stage, moment: float) -> None:
    """The phone has no network for ten seconds."""
    _, end = await _begin(stage, LONG, moment * 0.2)
    await stage.context.set_offline(True)
    await asyncio.sleep(OFFLINE)  # the length of the fault, not a wait for something
    await stage.context.set_offline(False)
    await _whole(stage, LONG, end)


async def tab_closed(stage: Stage, moment: float) -> None:
    """The tab is closed, and opened again while the agent goes on speaking."""
    since, end = await _begin(stage, SHORT, moment * 0.7)
    await stage.page.close()
    await stage.until_said(int(SHORT * (moment * 0.7 + 0.2)), since)
    stage.page = await stage.context.new_page()
    await stage.show()
    await _whole(stage, SHORT, end)


SCENARIOS: dict[str, Scenario] = {
    "hub killed": hub_killed,
    "opencode killed": opencode_killed,
    "browser offline": browser_offline,
    "tab closed": tab_closed,
}


def moments(name: str, count: int, seed: int) -> list[float]:
    """Return `count` moments between 0.05 and 0.9 of the stream; the same for the same name and seed."""
    chance = random.Random(f"{name} {seed}")
    return [round(0.05 + 0.85 * chance.random(), 3) for _ in range(count)]
