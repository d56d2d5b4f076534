# SPDX-License-Identifier: MIT
"""The hub seen through a tunnel: the genuine cloudflared, and the tests' stand-in for Cloudflare in between."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil
from aiohttp import ClientSession
from playwright.async_api import Browser

from bench.nexus import OWNER, PASSWORD, Nexus
from bench.subject import Subject

ROOT = Path(__file__).resolve().parent.parent
CLOUDFLARED = Path(os.environ.get("NEXUS_TEST_CLOUDFLARED", ROOT / ".venv" / "cloudflared" / "cloudflared"))


class EdgeProcess:
    """Cloudflare's side as a process of its own, so that its work is not the harness's. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.edge", str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.environ = {**told["environ"], "OPENCODE_NEXUS_CLOUDFLARED_BINARY": str(CLOUDFLARED)}
        self.flags: list[str] = told["flags"]
        self.port = int(told["front"].rpartition(":")[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate("")


class Way(Subject):
    """One way to the page of a hub that runs already: `base` is where a browser finds it."""

    composer = Nexus.composer

    def __init__(self, name: str, hub: Nexus, base: str, port: int, cookies: list[Any]) -> None:
        self.name, self.hub, self.base, self.port, self._cookies = name, hub, base, port, cookies
        self.server, self.chats, self.folders, self.opencode = hub.server, hub.chats, hub.folders, hub.opencode

    def start(self) -> dict[str, Any]:
        raise RuntimeError(f"{self.name} is a way to a hub that runs")

    def own(self) -> list[psutil.Process]:
        return self.hub.own()

    def project_id(self) -> str:
        return self.hub.project_id()

    def new_chat(self, title: str) -> str:
        return self.hub.new_chat(title)

    def prompt(self, chat: str, text: str) -> None:
        self.hub.prompt(chat, text)

    def cookies(self) -> list[Any]:
        return self._cookies

    def start_url(self, empty: str) -> str:
        return self.chat_url(empty)

    def chat_url(self, chat: str) -> str:
        return f"{self.base}/chat/{self.hub.server_id}/{chat}"

    async def watch(self, http: ClientSession, chat: str, got: Callable[[bytes], None]) -> None:
        await self.hub.watch(http, chat, got)


async def signed_in(browser: Browser, base: str) -> list[Any]:
    """The cookies of a browser that has signed in by the form at `base`."""
    page = await browser.new_page()
    await page.goto(base + "/login")
    await page.get_by_label("User name").fill(OWNER)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(base + "/")
    cookies = await page.context.cookies()
    await page.context.close()
    return list(cookies)
