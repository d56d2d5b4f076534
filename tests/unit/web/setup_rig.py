# SPDX-License-Identifier: MIT
"""A hub with everything that the set-up touches: real accounts, wizard, pages and middleware; servers that
only note.
"""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.access.access import Access
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.installer import Installer
from opencode_nexus.install.platforms import Machine
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.render.page import environment
from opencode_nexus.setup.wizard import Wizard
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.web import problems
from opencode_nexus.web.api.application import application as api
from opencode_nexus.web.middleware.stack import stack
from opencode_nexus.web.opening import Opener
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages import login, setup
from opencode_nexus.web.static import StaticFiles
from tests.fakes.tunnels import CLOUDFLARED, FakeCloudflared, FakeTunnels

STATIC = StaticFiles()


@dataclasses.dataclass(frozen=True)
class Server:
    """A server as the set-up sees one."""

    id: str
    name: str
    projects: tuple[str, ...]
    state: str = "stopped"


class Fleet:
    """Notes what is asked of it; `fails` is raised at the next start."""

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self.autostart: list[bool] = []
        self.started: list[str] = []
        self.fails: NexusError | None = None

    def list(self) -> "list[Server]":
        return self.servers

    async def add(self, name: str, projects: Any, *, autostart: bool = True) -> Server:
        self.autostart.append(autostart)
        self.servers.append(Server(f"srv_{len(self.servers) + 1}", name, tuple(projects)))
        return self.servers[-1]

    async def add_project(self, id: str, folder: str) -> None:  # noqa: A002 - fleet's own word
        self.servers = [
            dataclasses.replace(one, projects=(*one.projects, folder)) if one.id == id else one for one in self.servers
        ]

    async def start(self, id: str) -> None:  # noqa: A002
        if self.fails is not None:
            raise self.fails
        self.started.append(id)


class Practice:
    """A switch."""

    enabled = False

    async def enable(self) -> None:
        self.enabled = True

    async def disable(self) -> None:
        self.enabled = False


class Chat:
    """Makes one session."""

    async def create(self, server_id: str, title: str = "", project: str | None = None) -> str:
        return "ses_1"


class Rig:
    """The hub of one test: `folder/nexus` is its home, `path` the only folder on its PATH."""

    def __init__(self, folder: Path, base_path: str = "") -> None:
        self.folder, self.path = folder, folder / "path"
        self.path.mkdir(exist_ok=True)
        self.fleet, self.practice = Fleet(), Practice()
        self.environ = {"PATH": str(self.path), "HOME": str(folder / "user")}
        self.page = ReleasePage("http://127.0.0.1:9")
        self.settings = Settings(home=folder / "nexus", base_path=base_path)
        self.wizard: Wizard
        self.access: Access
        self.installer: Installer
        self.tunnels: FakeTunnels
        self.cloudflared: FakeCloudflared
        self.clock = ManualClock()

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Any]:
        self.settings.home.mkdir(exist_ok=True)
        db, tasks, bus = Database(self.settings.home / "nexus.db"), Tasks(), Bus(self.clock)
        await db.open()
        kv = Kv(db)
        self.access = Access(db=db, clock=self.clock, bus=bus, local_token="local")
        self.installer = Installer(
            home=self.settings.home,
            bus=bus,
            kv=kv,
            clock=self.clock,
            tasks=tasks,
            environ=self.environ,
            page=self.page,
            machine=lambda: Machine("linux", "x64"),
        )
        self.tunnels, self.cloudflared = FakeTunnels(bus, self.clock), FakeCloudflared(CLOUDFLARED)
        opener = Opener(
            tunnels=self.tunnels,
            cloudflared=self.cloudflared,
            tasks=tasks,
            bus=bus,
            activity=Activity(db, bus, self.clock),
        )
        self.wizard = Wizard(
            home=self.settings.home,
            kv=kv,
            clock=self.clock,
            installer=self.installer,
            access=self.access,
            fleet=self.fleet,
            practice=self.practice,
            tunnels=self.tunnels,
            opener=opener,
            environ=self.environ,
        )
        yield SimpleNamespace(
            settings=self.settings,
            address="",
            clock=self.clock,
            access=self.access,
            installer=self.installer,
            wizard=self.wizard,
            tunnels=self.tunnels,
            door=SimpleNamespace(port=21000),
            fleet=self.fleet,
            practice=self.practice,
            chat=Chat(),
            pages=Pages(environment(), STATIC),
        )
        await tasks.close()
        await db.close()

    def application(self) -> ASGIApp:
        hub: list[Any] = []

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with self.services() as made:
                hub.append(made)
                yield

        inner = Starlette(
            routes=[*STATIC.routes(), *login.routes, *setup.routes, Mount("/api/v1", api())],
            middleware=stack(),
            exception_handlers=dict(problems.HANDLERS),
            lifespan=lifespan,
        )

        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "lifespan":
                scope["root_path"] = self.settings.base_path
                scope.setdefault("state", {})["hub"] = hub[0]
            await inner(scope, receive, send)

        return outer

    @contextmanager
    def browser(self) -> Iterator[TestClient]:
        """A browser without script on this hub."""
        with TestClient(self.application(), base_url="http://127.0.0.1:4600") as client:
            yield client
