# SPDX-License-Identifier: MIT
"""Login and settings with their real templates, middleware and access; servers and models are stand-ins."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from opencode_nexus.access.access import Access
from opencode_nexus.access.pairing import Pairing
from opencode_nexus.access.passwords import Passwords
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.install.check import Checked, check
from opencode_nexus.render.page import environment
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.web.middleware.stack import stack
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages import login, pair, settings
from opencode_nexus.web.problems import HANDLERS
from opencode_nexus.web.static import StaticFiles
from tests.fakes.no_tunnels import NoTunnels

OWNER, PASSWORD, BASE = "Ada", "Correct Horse 7", "/nexus"
PUBLIC, VISITOR = "code.example", "203.0.113.7"


@dataclass
class Desk:
    """A hub with an owner, seen by a browser that keeps cookies and follows nothing."""

    hub: SimpleNamespace
    clock: ManualClock
    client: httpx2.AsyncClient
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    app: Callable[[Scope, Receive, Send], Any] | None = None

    def phone(self) -> httpx2.AsyncClient:
        """Another browser, which comes through a tunnel to `PUBLIC`."""
        assert self.app is not None
        inner = self.app
        self.hub.tunnels.names.add(PUBLIC)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {})["remote"] = True
            await inner(scope, receive, send)

        headers = {"CF-Connecting-IP": VISITOR, "Accept": "text/html", "User-Agent": "Mozilla (iPhone) Safari/9"}
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 5000))
        return httpx2.AsyncClient(transport=transport, base_url=f"https://{PUBLIC}", headers=headers)

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(BASE + path, headers={"Accept": "text/html", "User-Agent": "Firefox/9 Linux"})

    async def post(self, path: str, **data: str) -> httpx2.Response:
        headers = {"Accept": "text/html", "User-Agent": "Mozilla Firefox/9 (X11; Linux)"}
        return await self.client.post(BASE + path, data=data, headers=headers)

    async def sign_in(self, password: str = PASSWORD, **more: str) -> httpx2.Response:
        return await self.post("/login", username=OWNER, password=password, **more)


def words(page: httpx2.Response) -> str:
    """What a person reads on the page."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return " ".join(text.split())


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    db, clock = Database(tmp_path / "nexus.db"), ManualClock()
    await db.open()
    calls: list[tuple[Any, ...]] = []

    class Practice:
        enabled, problem = False, ""

        async def enable(self) -> None:
            self.enabled = True

        async def disable(self) -> None:
            self.enabled = False

    class Chat:
        async def set_key(self, *args: object) -> None:
            calls.append(("set_key", *args))

        async def add_compatible(self, *args: object) -> None:
            calls.append(("add_compatible", *args))

    class Installer:
        async def check(self, path: Path) -> Checked:
            return await asyncio.to_thread(check, path)

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    bus = Bus(clock)
    hub = SimpleNamespace(
        settings=Settings(home=tmp_path, base_path=BASE),
        address="",
        access=Access(db=db, clock=clock, bus=bus, local_token="local", passwords=Passwords(weak)),
        bus=bus,
        clock=clock,
        stored=Kv(db),
        wizard=SimpleNamespace(done=True),
        tunnels=NoTunnels(),
        fleet=SimpleNamespace(list=lambda: [SimpleNamespace(id="srv_1", name="Work", state="running")]),
        installer=Installer(),
        chat=Chat(),
        practice=Practice(),
        pages=Pages(environment(), StaticFiles()),
    )
    hub.pairing = Pairing(db=db, clock=clock, access=hub.access)
    inner = Starlette(
        routes=[*login.routes, *pair.routes, *settings.routes], middleware=stack(), exception_handlers=HANDLERS
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = BASE
        scope.setdefault("state", {})["hub"] = hub
        await inner(scope, receive, send)

    await hub.access.create_owner(OWNER, PASSWORD)
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 5000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:4600") as client:
        yield Desk(hub, clock, client, calls, app)
    await db.close()
