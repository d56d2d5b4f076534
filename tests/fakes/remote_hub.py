# SPDX-License-Identifier: MIT
"""A hub with the pages of remote access: real templates, middleware, access and pairing; tunnels that only remember."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.access.access import Access
from opencode_nexus.access.pairing import Pairing
from opencode_nexus.access.passwords import Passwords
from opencode_nexus.chat.sessions import Counts
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live.hub import Live
from opencode_nexus.render.page import environment
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.tunnels.providers.cloudflare.permissions import (
    PERMISSIONS,
    CloudAccount,
    Permission,
    Verified,
    Zone,
)
from opencode_nexus.web import live
from opencode_nexus.web.drafts import Drafts
from opencode_nexus.web.middleware.stack import stack
from opencode_nexus.web.opening import Opener
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages import dashboard, login, phone, remote, theme
from opencode_nexus.web.pages.dashboard import DashboardSource
from opencode_nexus.web.pages.remote import RemoteSource
from opencode_nexus.web.pages.remote_api import MakingSource
from opencode_nexus.web.pages.remote_tunnel import TunnelSource
from opencode_nexus.web.presence import Presence
from opencode_nexus.web.problems import HANDLERS
from opencode_nexus.web.static import StaticFiles
from tests.fakes.hub import OWNER, PASSWORD
from tests.fakes.tunnels import CLOUDFLARED, FakeCloudflared, FakeTunnels
from tests.leaks import remember

LOCAL_KEY = "local-key-of-remote-pages"
VERIFIED = Verified(
    permissions=tuple(Permission(one.name, one.why, "granted") for one in PERMISSIONS),
    accounts=(CloudAccount("acc1", "Ada's account", "granted"),),
    zones=(Zone("zone1", "example.com", "acc1", "active", "granted"),),
)


class FakeAccount:
    """Cloudflare's API as far as the wizard asks it: `says` is what it answers, or refuses with."""

    def __init__(self) -> None:
        self.says: Verified | NexusError = VERIFIED
        self.asked: list[Secret] = []

    async def verify(self, token: Secret) -> Verified:
        self.asked.append(token)
        if isinstance(self.says, NexusError):
            raise self.says
        return self.says


@asynccontextmanager
async def remote_hub(folder: Path, clock: Clock, base: str = "") -> AsyncIterator[Any]:
    """The services that these pages use."""
    db, tasks, bus = Database(folder / "nexus.db"), Tasks(), Bus(clock)
    await db.open()
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    activity = Activity(db, bus, clock)
    access = Access(
        db=db, clock=clock, bus=bus, activity=activity, local_token=remember(LOCAL_KEY), passwords=Passwords(weak)
    )
    tunnels, cloudflared = FakeTunnels(bus, clock), FakeCloudflared(CLOUDFLARED)
    hub: Any = SimpleNamespace(
        settings=Settings(home=folder, base_path=base), address="", access=access, clock=clock, bus=bus,
        activity=activity, stored=Kv(db), wizard=SimpleNamespace(done=True), tunnels=tunnels, cloudflared=cloudflared,
        opener=Opener(
            tunnels=tunnels, cloudflared=cloudflared, tasks=tasks, bus=bus, activity=activity,
            own=lambda: hub.settings.cloudflared_binary,
        ),
        drafts=Drafts(clock), pairing=Pairing(db=db, clock=clock, access=access, activity=activity),
        cloudflare=FakeAccount(), door=SimpleNamespace(port=21000), live=Live(bus.boot, tasks),
        usage=SimpleNamespace(watch=lambda: lambda: None), fleet=SimpleNamespace(list=list),
        chat=SimpleNamespace(waiting=list, busy=lambda server: [], counts=lambda server: Counts(0, 0)),
        machine=SimpleNamespace(latest=None), history=SimpleNamespace(of=lambda *what: []),
        alerts=SimpleNamespace(all=list, get=lambda alert_id: None),
        presence=Presence(), pages=Pages(environment(), StaticFiles()),
    )  # fmt: skip
    hub.live.register("dashboard", lambda rest: DashboardSource(hub))
    hub.live.register("remote", lambda rest: RemoteSource(hub))
    hub.live.register("tunnel", lambda rest: TunnelSource(hub, rest))
    hub.live.register("tunnel-making", lambda rest: MakingSource(hub))
    await access.create_owner(OWNER, PASSWORD)
    yield hub
    await hub.live.close()
    await tasks.close()
    await db.close()


def application(hub: Any) -> ASGIApp:
    """These pages and what leads to them."""
    inner = Starlette(
        routes=[
            *hub.pages.static.routes(), *login.routes, *dashboard.routes, *theme.routes, *remote.routes, *phone.routes,
            *live.routes,
        ],
        middleware=stack(),
        exception_handlers=HANDLERS,
    )  # fmt: skip

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = hub.settings.base_path
        scope.setdefault("state", {})["hub"] = hub
        await inner(scope, receive, send)

    return app
