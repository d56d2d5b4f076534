# SPDX-License-Identifier: MIT
"""A browser without script in front of the pages of remote access."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from opencode_nexus.core.clock import ManualClock
from tests.fakes.hub import OWNER, PASSWORD
from tests.fakes.remote_hub import application, remote_hub
from tests.fakes.tunnels import FakeTunnels


@dataclass
class Desk:
    """A hub with an owner, seen by a browser that keeps cookies and follows nothing."""

    hub: Any
    clock: Any
    client: httpx2.AsyncClient
    base: str

    @property
    def tunnels(self) -> FakeTunnels:
        found: FakeTunnels = self.hub.tunnels
        return found

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(self.base + path, headers={"Accept": "text/html"})

    async def post(self, path: str, **data: str) -> httpx2.Response:
        return await self.client.post(self.base + path, data=data, headers={"Accept": "text/html"})

    async def sign_in(self) -> None:
        await self.post("/login", username=OWNER, password=PASSWORD)

    def to(self, answer: httpx2.Response) -> str:
        """Where an answer leads, below the base path."""
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).removeprefix(self.base)


def words(page: httpx2.Response) -> str:
    """What a person reads on the page."""
    text = re.sub(r"<(script|style|svg|noscript)\b.*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return " ".join(text.split())


@asynccontextmanager
async def remote_desk(folder: Path, base: str = "/nexus") -> AsyncIterator[Desk]:
    """A browser that is signed in, in front of the pages."""
    clock = ManualClock()
    async with remote_hub(folder, clock, base) as hub:
        transport = httpx2.ASGITransport(app=application(hub), client=("127.0.0.1", 5000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:4600") as client:
            desk = Desk(hub, clock, client, base)
            await desk.sign_in()
            yield desk
