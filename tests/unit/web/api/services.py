# SPDX-License-Identifier: MIT
"""Services that only remember, in the shapes that the API uses."""

import asyncio
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from opencode_nexus.access.pairing import Invitation
from opencode_nexus.chat.by import By
from opencode_nexus.chat.errors import NotWaiting
from opencode_nexus.chat.inbox.row import Ended, Row
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.errors import NotFound
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.fleet.variables import Variable
from tests.fakes.composer import Composer
from tests.fakes.tunnels import CLOUDFLARED, FakeCloudflared, FakeTunnels

SERVER = ServerState(
    id="srv_1",
    name="work",
    projects=("/p",),
    state="running",
    pid=7,
    started=1_800_000_000.0 - 90,
    port=4096,
    version="1.18.33",
    since=1_800_000_000.0 - 80,
    reason="",
    last_lines=(),
    adopted=False,
    autostart=True,
    restarts=0,
    retry_at=None,
)


Variables = list[Variable]


class ServerMissing(NotFound):
    code = "server-not-found"
    title = "There is no such server."


@dataclass
class FakeFleet:
    """Servers by id."""

    servers: dict[str, ServerState] = field(default_factory=lambda: {SERVER.id: SERVER})

    def list(self) -> "list[ServerState]":
        return [*self.servers.values()]

    def get(self, server_id: str) -> ServerState:
        if server_id not in self.servers:
            raise ServerMissing(f"It was asked for as {server_id!r}.")
        return self.servers[server_id]

    def variables(self, server_id: str) -> Variables:
        return [Variable(name, None, secret=True) for name in self.get(server_id).environment]

    async def stop(self, server_id: str) -> ServerState:
        stopped = replace(self.get(server_id), state="stopped", pid=None, started=None, port=None)
        self.servers[server_id] = stopped
        return stopped


@dataclass
class FakeChat:
    """What was sent, and nothing that waits."""

    answers: list[tuple[Any, ...]] = field(default_factory=list)

    def waiting(self, server_id: str | None = None) -> list[Any]:
        return []

    async def send(self, *words: Any) -> None:
        self.answers.append(("send", *words))


@dataclass
class FakeDesk:
    """What is open and what ended, and the answers that were given."""

    open: list[Row] = field(default_factory=list)
    over: list[Ended] = field(default_factory=list)
    answers: list[tuple[Any, ...]] = field(default_factory=list)

    def rows(self) -> list[Row]:
        return self.open

    def ended(self) -> list[Ended]:
        return self.over

    def get(self, row_id: str) -> Row | None:
        return next((row for row in self.open if row.id == row_id), None)

    def certainty(self, row: Row) -> str:
        return "checking" if row.id == "que_1" else "sure"

    def _known(self, row_id: str) -> None:
        if self.get(row_id) is None:
            raise NotWaiting(f"Asked for: {row_id!r}.")

    async def answer_permission(self, request_id: str, reply: str, message: str, who: By) -> None:
        self._known(request_id)
        self.answers.append(("permission", request_id, reply, message, who))

    async def answer_question(self, request_id: str, answers: list[list[str]] | None, who: By) -> None:
        self._known(request_id)
        self.answers.append(("question", request_id, answers, who))

    async def dismiss(self, row_id: str, who: By) -> None:
        self._known(row_id)
        self.answers.append(("dismiss", row_id, who))


@dataclass
class FakeAccess:
    """Lets everybody in until `open` is false; their passwords are fresh until `young` is false."""

    open: bool = True
    young: bool = True
    ended: list[str] = field(default_factory=list)

    def holds(self, who: object) -> bool:
        return self.open

    def fresh(self, who: object) -> bool:
        return self.young

    logged_in: list[SimpleNamespace] = field(default_factory=list)

    def users(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(id="usr_1")]

    def logins(self, user_id: str) -> list[SimpleNamespace]:
        return [row for row in self.logged_in if row.user_id == user_id]

    async def revoke_login(self, user_id: str, login_id: str, *, source: str) -> None:
        self.logged_in = [row for row in self.logged_in if (row.user_id, row.id) != (user_id, login_id)]

    async def end_remote(self, *, source: str) -> int:
        self.ended.append(source)
        return 2


@dataclass
class FakePairing:
    """One device, and invitations."""

    invited: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def waiting(self, who: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(id="pair_1", name="Tablet", created=1.0, expires=301.0)]

    async def cancel(self, who: object, pairing_id: str) -> None:
        self.cancelled.append(pairing_id)

    async def invite(self, who: object, name: str, *, source: str) -> Invitation:
        self.invited.append(name)
        return Invitation("pair_1", name, "a-secret", 1_800_000_300.0)

    def devices(self, who: object) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                id="lgn_1", device="Pocket", created=1.0, last_seen=2.0, expires=3.0, source="203.0.113.9",
                agent="Phone", remote=True,
            )
        ]  # fmt: skip

    async def revoke(self, who: object, device_id: str, *, source: str) -> None:
        self.revoked.append(device_id)


@dataclass
class FakeOpener:
    """The tunnels that wait for cloudflared."""

    waiting: set[str] = field(default_factory=set)

    def forget(self, tunnel_id: str) -> None:
        self.waiting.discard(tunnel_id)

    def forget_all(self) -> None:
        self.waiting.clear()


class Services:
    """In place of `web.context.Hub`."""

    def __init__(self) -> None:
        self.clock = ManualClock(1_800_000_000.0)
        self.bus = Bus(self.clock, size=8)
        self.fleet, self.chat, self.access = FakeFleet(), FakeChat(), FakeAccess()
        self.inbox_desk = FakeDesk()
        self.composer = Composer(self.chat)
        self.usage = SimpleNamespace(of=lambda server_id: SimpleNamespace(cpu=12.5, memory=1 << 20))
        self.sender = SimpleNamespace(address="127.0.0.1")
        self.tunnels, self.cloudflared = FakeTunnels(self.bus, self.clock), FakeCloudflared(CLOUDFLARED)
        self.pairing, self.door, self.opener = FakePairing(), SimpleNamespace(port=21000), FakeOpener()
        self.settings = SimpleNamespace(base_path="/nexus")
        self.closing = asyncio.Event()
        self.said: list[str] = []
