# SPDX-License-Identifier: MIT
"""What a person with a phone needs: a hub with the real OpenCode, Cloudflare's side, and two browsers.

The owner's browser is at the hub's own address. The phone's finds the public names at the edge's front, over TLS. Where
the two need not be apart they may be one program: each page has a context of its own anyway.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import Browser, Playwright, async_playwright

from tests.browser.conftest import FLAGS
from tests.edge.edge import Edge
from tests.edge.visitor import browser_flags, visitor
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider
from tests.faults.stage import until
from tests.tunnels.conftest import to_the_edge

DOMAIN = "example.com"  # below which named tunnels have their names


class Scene:
    """Everything open; `owner` and `phone` are browsers without a page."""

    def __init__(self, hub: RealHub, edge: Edge, provider: Provider, owner: Browser, phone: Browser) -> None:
        self.hub, self.edge, self.provider, self.owner, self.phone = hub, edge, provider, owner, phone

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the API; fails the test when it is refused."""

        def work() -> Any:
            with self.hub.api() as api:
                reply = api.request(method, path, json=body)
                assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
                return reply.json() if reply.content else None

        return await asyncio.to_thread(work)

    async def tunnel(self) -> dict[str, Any]:
        """The only tunnel there is, as the API tells it."""
        (found,) = (await self.call("GET", "/tunnels"))["items"]
        assert isinstance(found, dict)
        return found

    async def new_chat(self, title: str) -> str:
        """A new session on the running server; returns the path of its page."""
        servers: list[dict[str, Any]] = []

        async def running() -> bool:
            servers[:] = (await self.call("GET", "/servers"))["items"]
            return bool(servers[0]["state"] == "running")

        await until(running, "the server runs")
        server = servers[0]["id"]
        session = (await self.call("POST", f"/servers/{server}/sessions", {"title": title}))["id"]
        return f"/chat/{server}/{session}"

    async def status(self, url: str, path: str = "/") -> int:
        """What a stranger gets at the public address."""

        def work() -> int:
            with visitor(self.edge, url) as client:
                return client.get(path).status_code

        return await asyncio.to_thread(work)

    def carriers(self) -> list[int]:
        """Every cloudflared that this hub has started and that lives."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = " ".join(process.cmdline())
                if str(self.hub.home) in words and "cloudflared" in words:
                    found.append(process.pid)
        return found


async def launch(playwright: Playwright, binary: Path, *flags: str) -> Browser:
    """A Chromium with these flags beside our own."""
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return await playwright.chromium.launch(executable_path=binary, args=[*FLAGS, *root, *flags])


@contextlib.asynccontextmanager
async def scene(
    root: Path, opencode: Path, chromium: Path, cloudflared: Path, *, apart: bool = True
) -> AsyncIterator[Scene]:
    """A scene below `root`; nothing that it started is left at the end. Not `apart`: one Chromium is both."""
    provider = Provider(root / "provider.log")
    try:
        with Edge(root / "edge") as edge, RealHub(root, opencode, **to_the_edge(edge, cloudflared)) as hub:
            (hub.project / "opencode.json").write_text(json.dumps(provider.config()))
            done = await asyncio.to_thread(hub.set_up)
            assert done.returncode == 0, done.stdout + done.stderr
            await asyncio.to_thread(hub.start)
            await asyncio.to_thread(hub.make_token)
            async with async_playwright() as playwright:
                phone = await launch(playwright, chromium, *browser_flags(edge, DOMAIN))
                owner = await launch(playwright, chromium) if apart else phone
                made = Scene(hub, edge, provider, owner, phone)
                yield made
                for browser in {phone, owner}:
                    await browser.close()
            await asyncio.to_thread(hub.stop)
            assert made.carriers() == []
    finally:
        provider.close()
