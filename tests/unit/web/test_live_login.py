# SPDX-License-Identifier: MIT
"""A login that ends takes its streams along at once, though nothing happens on the page: all three ways."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from opencode_nexus.access.access import Access
from opencode_nexus.access.passwords import Passwords
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live.channel import BEAT, Channel
from opencode_nexus.live.hub import Live
from opencode_nexus.store.db import Database
from opencode_nexus.web import live
from opencode_nexus.web.middleware.refusal import CLOSED
from opencode_nexus.web.middleware.stack import stack
from opencode_nexus.web.presence import Presence
from opencode_nexus.web.problems import HANDLERS
from opencode_nexus.web.server import bind, serve
from tests.fakes.no_tunnels import NoTunnels

pytestmark = pytest.mark.anyio

OWNER, PASSWORD, HERE = "Ada", "Correct Horse 7", "127.0.0.1"
WISH = {"topic": "quiet", "cursor": None}
AT_ONCE = BEAT / 3  # long before the next heartbeat would have found it out


class Quiet:
    """A page on which nothing happens."""

    async def start(self, channel: Channel) -> None:
        pass

    async def stop(self) -> None:
        pass

    def render(self) -> str:
        return "<p>quiet</p>"


@dataclass
class Site:
    """A served hub with that page alone."""

    access: Access
    port: int

    async def sign_in(self) -> tuple[dict[str, str], Any]:
        token = await self.access.login(OWNER, PASSWORD, HERE)
        return {"Cookie": f"nexus={token}"}, self.access.authenticate(token)

    async def end(self, who: Any) -> None:
        await self.access.revoke_login(who.user_id, who.key, source=HERE)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    db, clock, tasks = Database(tmp_path / "nexus.db"), SystemClock(), Tasks()
    await db.open()
    bus = Bus(clock)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    access = Access(db=db, clock=clock, bus=bus, passwords=Passwords(weak))
    await access.create_owner(OWNER, PASSWORD)
    hub = SimpleNamespace(
        settings=Settings(home=tmp_path), address="", access=access, clock=clock, live=Live(bus.boot, tasks),
        wizard=SimpleNamespace(done=True), tunnels=NoTunnels(), presence=Presence(),
    )  # fmt: skip
    hub.live.register("quiet", lambda rest: Quiet())
    inner = Starlette(routes=live.routes, middleware=stack(), exception_handlers=HANDLERS)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = ""
        scope.setdefault("state", {})["hub"] = hub
        await inner(scope, receive, send)

    listener, closing, up = bind(HERE, 0), asyncio.Event(), asyncio.Event()
    port = listener.getsockname()[1]

    async def ready() -> None:
        up.set()

    serving = asyncio.create_task(serve(app, listener, closing, ready=ready, before_close=hub.live.close))
    await up.wait()
    yield Site(access, port)
    closing.set()
    await serving
    await tasks.close()
    await db.close()


async def to_the_end(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def test_a_stream_says_goodbye(site: Site) -> None:
    cookie, who = await site.sign_in()
    async with (
        httpx2.AsyncClient(base_url=f"http://{HERE}:{site.port}", trust_env=False) as client,
        client.stream("POST", "/live", json=WISH, headers=cookie) as answer,
    ):
        lines = answer.aiter_lines()
        assert "hello" in await anext(lines)
        await site.end(who)
        async with asyncio.timeout(AT_ONCE):
            rest = [line async for line in lines]
    assert json.loads(rest[-1])[1] == [["bye", live.SIGNED_OUT]]


async def test_a_websocket_is_closed(site: Site) -> None:
    cookie, who = await site.sign_in()
    async with connect(f"ws://{HERE}:{site.port}/live/ws", additional_headers=cookie, proxy=None) as socket:
        await socket.send(json.dumps(WISH))
        assert "hello" in str(await socket.recv())
        await site.end(who)
        with pytest.raises(ConnectionClosed) as ended:
            await asyncio.wait_for(to_the_end(socket), AT_ONCE)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == CLOSED


async def test_a_poll_is_answered(site: Site) -> None:
    cookie, who = await site.sign_in()
    headers = {**cookie, "Accept": "application/json"}
    async with httpx2.AsyncClient(base_url=f"http://{HERE}:{site.port}", headers=headers, trust_env=False) as client:
        first = await client.post("/live/poll", json=WISH)
        _, [hello, *_] = json.loads(first.text.splitlines()[0])
        seq = json.loads(first.text.splitlines()[-1])[0]
        waits = asyncio.create_task(client.post("/live/poll", json={**WISH, "cursor": f"{hello[1]}.{seq}"}))
        done, _ = await asyncio.wait({waits}, timeout=0.3)
        assert not done, "it waits for something new"
        await site.end(who)
        async with asyncio.timeout(AT_ONCE):
            answer = await waits
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


async def test_other_logins_go_on(site: Site) -> None:
    cookie, _ = await site.sign_in()
    _, other = await site.sign_in()
    async with connect(f"ws://{HERE}:{site.port}/live/ws", additional_headers=cookie, proxy=None) as socket:
        await socket.send(json.dumps(WISH))
        assert "hello" in str(await socket.recv())
        await site.end(other)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(to_the_end(socket), 0.3)
