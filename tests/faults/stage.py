# SPDX-License-Identifier: MIT
"""What a fault happens on: a real hub, a real OpenCode, a provider with its own log, and an open page."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psutil
from playwright.async_api import Browser, BrowserContext, Error, Page

from tests.browser.walk import sign_in
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider, lasting_port

PATIENCE = 90.0  # seconds; only ends a test that waits for something that never comes
MARK = re.compile(r"⟦(\d+);")


class Stage:
    """Everything one scenario needs; `open` and `close` begin and end it."""

    def __init__(self, root: Path, opencode: Path, chromium: Browser) -> None:
        self.root = root
        self.provider = Provider(root / "provider.log")
        self.hub = RealHub(root, opencode)
        self._chromium = chromium
        self._port = lasting_port()
        self._runs = 0
        self.context: BrowserContext
        self.page: Page
        self.server_id = ""
        self.session_id = ""

    async def open(self) -> None:
        """Set the hub up against the provider, start it, and sign a browser in."""
        (self.hub.project / "opencode.json").write_text(json.dumps(self.provider.config()))
        done = await asyncio.to_thread(self.hub.set_up)
        assert done.returncode == 0, done.stdout + done.stderr
        await self.start_hub()
        await asyncio.to_thread(self.hub.make_token)
        self.server_id = (await self.servers())[0]["id"]
        await self.until_server("running")
        self.context = await self._chromium.new_context(viewport={"width": 900, "height": 900})
        self.page = await self.context.new_page()
        await sign_in(self.page, self.hub.url)

    async def close(self) -> None:
        """End all of it; nothing that it started is left."""
        with contextlib.suppress(AttributeError):
            await self.context.close()
        await asyncio.to_thread(self.hub.__exit__, None, None, None)
        self.provider.close()

    async def start_hub(self) -> None:
        """Start the hub, on the same address each time, so that an open page finds it again."""
        await asyncio.to_thread(self.hub.start, "--port", str(self._port))

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the API; fails the test when it is refused."""

        def work() -> Any:
            with self.hub.api() as api:
                reply = api.request(method, path, json=body)
                assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
                return reply.json() if reply.content else None

        return await asyncio.to_thread(work)

    async def servers(self) -> list[dict[str, Any]]:
        """The table of servers."""
        items: list[dict[str, Any]] = (await self.call("GET", "/servers"))["items"]
        return items

    async def until_server(self, state: str) -> dict[str, Any]:
        """Wait until the server is in `state`."""
        found: dict[str, Any] = {}

        async def look() -> bool:
            found.update((await self.servers())[0])
            return bool(found["state"] == state)

        await until(look, f"the server is {state}")
        return found

    async def begin(self, script: str) -> None:
        """Open a new session in the page and say `script` to it through the composer."""
        path = f"/servers/{self.server_id}/sessions"
        self._runs += 1
        self.session_id = (await self.call("POST", path, {"title": f"Fault {self._runs}"}))["id"]
        await self.show()
        composer = self.page.locator("#composer")
        await composer.fill(script)
        await composer.press("Enter")

    async def show(self) -> None:
        """Open the session's page."""
        await self.page.goto(f"{self.hub.url}chat/{self.server_id}/{self.session_id}")

    def said(self, since: float) -> list[tuple[int, float]]:
        """What the provider wrote by its own log: (number, epoch seconds) of each marked delta, in order."""
        lines = [line for line in self.provider.lines() if line["kind"] == "text" and line["t"] >= since]
        return [(int(m[1]), line["t"]) for line in lines if (m := MARK.search(line["text"]))]

    async def until_said(self, count: int, since: float) -> None:
        """Wait until the provider has written `count` marked deltas."""

        async def look() -> bool:
            return len(self.said(since)) >= count

        await until(look, f"{count} deltas were said")

    async def text(self, page: Page | None = None) -> str:
        """The conversation as the page shows it."""
        found: str = await (page or self.page).evaluate("document.querySelector('[role=log]')?.textContent ?? ''")
        return found

    async def shown(self) -> list[int]:
        """The numbers of the marked deltas in the page, in the order in which they stand there."""
        answer = (await self.text()).partition("STREAM n=")[2]
        return [int(number) for number in MARK.findall(answer)]

    async def until_shown(self, end: str) -> None:
        """Wait until the page shows `end`."""

        async def look() -> bool:
            with contextlib.suppress(Exception):  # the page may just be reconnecting or loading
                return end in (await self.text()).partition("STREAM n=")[2]
            return False

        await until(look, f"the page shows {end}")

    async def strays(self) -> list[str]:
        """Processes of this home that are neither the hub, nor a server in its table, nor below one."""
        table = {server["pid"] for server in await self.servers()}
        known = set(table)
        for pid in table - {None}:
            with contextlib.suppress(psutil.Error):
                known.update(child.pid for child in psutil.Process(pid).children(recursive=True))
        strays = []
        for process in self.hub.children():
            with contextlib.suppress(psutil.Error):
                if process.pid not in known and process.ppid() not in known:
                    strays.append(f"{process.pid}: {' '.join(process.cmdline())}")
        return strays

    async def until_no_strays(self) -> None:
        """Wait until every process of this home is in the table or gone."""
        left: list[str] = []

        async def look() -> bool:
            left[:] = await self.strays()
            return not left

        try:
            await until(look, "no stray process is left", 30)
        except AssertionError as error:
            raise AssertionError(f"strays: {left}") from error


async def until(look: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Ask `look` again and again until it says yes."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.HTTPError, Error):  # Error: the page is just on its way to another address
            if await look():
                return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never: {what}")
