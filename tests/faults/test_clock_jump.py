# SPDX-License-Identifier: MIT
"""The machine's clock jumps by an hour under a running hub (libfaketime): what runs goes on, and is known again."""

import asyncio
import glob
import os
import signal
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.tiny_hub import TinyHub
from tests.faults.stage import until

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed (apt-get install libfaketime)"),
]


class Clock(TinyHub):
    """A hub whose wall clock is set as the file says; the monotonic one goes on, as a real machine's does."""

    def __init__(self, root: Path, opencode: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.told = root / "clock"
        self.jump("+0")
        self.faked = False  # the real OpenCode of the set-up does not like to be
        super().__init__(root, opencode)

    def environment(self) -> dict[str, str]:
        """With libfaketime once it is `faked`."""
        faked = {
            "LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.told), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        return super().environment() | (faked if self.faked else {})

    def jump(self, to: str) -> None:
        """Set the clock, as faketime's own words say it."""
        draft = self.told.with_suffix(".new")
        draft.write_text(to + "\n")
        draft.replace(self.told)

    def ahead(self) -> float:
        """How many seconds the hub's clock is before ours."""
        with self.api() as api:
            return parsedate_to_datetime(api.get("/servers").headers["date"]).timestamp() - time.time()

    def server(self) -> dict[str, Any]:
        """The server as the hub tells it."""
        with self.api() as api:
            found: dict[str, Any] = api.get("/servers").json()["items"][0]
            return found


@pytest.fixture
async def clock(tmp_path: Path, opencode_binary: Path) -> AsyncIterator[Clock]:
    hub = Clock(tmp_path / "hub", opencode_binary)
    try:
        done = await asyncio.to_thread(hub.set_up)
        assert done.returncode == 0, done.stdout + done.stderr
        await asyncio.to_thread(hub.make_token)
        hub.faked = True
        await asyncio.to_thread(hub.start)
        yield hub
    finally:
        await asyncio.to_thread(hub.__exit__, None, None, None)


async def test_an_hour_on_and_back(clock: Clock) -> None:
    """Several threads ask for the time: libfaketime without MT told one of them the real one now and then."""

    async def runs(but: int | None = None) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def look() -> bool:
            found.update(await asyncio.to_thread(clock.server))
            return bool(found["state"] == "running" and found["pid"] != but)

        await until(look, "the server runs")
        return found

    before = await runs()
    for jump in ("+1h", "-1h"):
        clock.jump(jump)
        while not await asyncio.to_thread(clock.ahead) * (1 if jump == "+1h" else -1) > 3000:
            await asyncio.sleep(0.1)  # the date in an answer is taken once a second
        now = await runs()
        assert (now["pid"], now["restarts"], now["uptime"] >= 0) == (before["pid"], 0, True), jump
        await asyncio.to_thread(clock.kill)
        await asyncio.to_thread(clock.start)  # another hub knows it again, though its start reads otherwise now
        again = await runs()
        assert (again["pid"], again["adopted"]) == (before["pid"], True), jump
    os.kill(before["pid"], signal.SIGKILL)  # and a crash is still dealt with, after a clock that was set back

    async def counted() -> bool:
        return bool((await runs(but=before["pid"]))["restarts"] == 1)

    await until(counted, "the crash is counted, and the server runs again")
