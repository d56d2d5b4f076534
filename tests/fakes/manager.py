# SPDX-License-Identifier: MIT
"""A real `Manager` with everything it keeps below one folder; it can be left behind and opened again."""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.processes.tree import marked
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home
from opencode_nexus.store.tunnels import TunnelTable
from opencode_nexus.tunnels.arguments import MARK
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.manager import Manager
from opencode_nexus.tunnels.pauses import PAUSES, Pauses
from opencode_nexus.tunnels.program import Program, Version
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.status import TunnelInfo, TunnelStatus
from opencode_nexus.tunnels.visits import Test


@dataclass
class Place:
    """Where the hub would listen for tunnels."""

    unix: Path | None = None
    port: int = 1
    moved: bool = False
    left: frozenset[int] = frozenset()
    main: int = 0
    names: frozenset[str] = frozenset()

    def taken(self, name: str) -> bool:
        return name in self.names


class ManagerUnderTest:
    """`root` holds the home folder and the user's HOME; `infos` is all that the bus told of tunnels."""

    def __init__(self, root: Path, binary: Path, arguments: str = "", **environ: str) -> None:
        self.root, self.home = root, root / "nexus"
        self.program: Program | NexusError = Program(binary, (2026, 6, 0), "")
        self.arguments, self.origins = arguments, Place()
        self.has_owner = True
        self.test: Test | None = None
        self.account: Account | None = None
        # as they are in use, but that nobody waits for them
        self.pauses = Pauses({cause: Backoff(0.05, 0.2, pause.limit, pause.window) for cause, pause in PAUSES.items()})
        self.infos: list[TunnelInfo] = []
        self.topics: list[tuple[str, Any]] = []
        self.environ = environ

    def verified(self, version: Version = (2026, 6, 0)) -> None:
        """From now on the program counts as verified, by its real sum."""
        assert isinstance(self.program, Program)
        path = self.program.path
        self.program = Program(path, version, hashlib.sha256(path.read_bytes()).hexdigest())

    async def open(self) -> Self:
        """Open home and tunnels as a hub's start does."""
        Home(self.home).prepare()
        (self.root / "user").mkdir(exist_ok=True)
        clock = SystemClock()
        self.db = Database(self.home / "nexus.db")
        await self.db.open()
        self.bus = Bus(clock)
        self.bus.listen(self._heard)
        self.activity = Activity(self.db, self.bus, clock)
        self.vault = SealedFile(self.home / "secrets")
        self.store = TunnelTable(self.db)

        async def program() -> Program:
            if isinstance(self.program, NexusError):
                raise self.program
            return self.program

        self.manager = Manager(
            db=self.db, bus=self.bus, clock=clock, home=self.home, activity=self.activity, vault=self.vault,
            program=program, origins=self.origins, has_owner=lambda: self.has_owner,
            arguments=lambda: self.arguments, environ={**os.environ, "HOME": str(self.root / "user"), **self.environ},
            test=self.test, account=self.account, pauses=self.pauses,
        )  # fmt: skip
        await self.manager.open()
        return self

    def _heard(self, record: Record) -> None:
        self.topics.append((record.topic, record.data))
        if isinstance(record.data, TunnelInfo):
            self.infos.append(record.data)

    async def close(self) -> None:
        """End as a hub does at a normal stop."""
        await self.manager.close()
        await self.db.close()

    async def crash(self) -> None:
        """Vanish as a hub does that is killed: nothing is stopped, nothing is written."""
        await self.manager._tasks.close()
        await self.db.close()

    def carriers(self) -> list[int]:
        """The process ids of all cloudflareds of this home."""
        prefix = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:16]
        return [found.identity.pid for found in marked(MARK, prefix)]

    async def add(self, name: str = "phone", **chosen: Any) -> str:
        """Add a tunnel (a quick one over http2, if nothing else is chosen); returns its id."""
        secret = chosen.pop("secret", None)
        wanted = {"kind": "quick", "protocol": "http2", **chosen}
        return (await self.manager.create_tunnel(TunnelConfig(name, **wanted), secret=secret)).id

    def status(self, tunnel_id: str) -> TunnelStatus:
        """How a tunnel is now."""
        return self.manager.get_tunnel_status(tunnel_id)

    async def until(self, tunnel_id: str, look: Callable[[TunnelStatus], bool], within: float = 60) -> TunnelStatus:
        """Wait until the tunnel is as `look` wants it."""
        try:
            async with asyncio.timeout(within):
                while not look(status := self.status(tunnel_id)):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log = "\n".join(await self.manager.logs(tunnel_id, 40))
            raise AssertionError(f"never so: {self.status(tunnel_id)}\n{log}") from None
        return status

    async def until_state(self, tunnel_id: str, state: str, within: float = 60) -> TunnelStatus:
        """Wait until the tunnel is in `state`."""
        return await self.until(tunnel_id, lambda status: status.state == state, within)

    def notes(self, kind: str) -> list[str]:
        """What the activity list holds of that kind, newest first."""
        return [row.text for row in self.activity.recent(100) if row.kind == kind]


def code(status: TunnelStatus) -> object:
    """The code of the problem that a status shows."""
    return None if status.problem is None else status.problem["code"]


def tell(rig: ManagerUnderTest, tunnel_id: str, **told: Any) -> None:
    """Tell `tiny_cloudflared` what to do for this tunnel."""
    folder = rig.home / "tunnels" / tunnel_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.json").write_text(json.dumps(told))


async def noted(rig: ManagerUnderTest, kind: str, count: int = 1) -> str:
    """The newest line of that kind once there are `count`: it is written after the state has changed."""
    async with asyncio.timeout(60):
        while len(notes := rig.notes(kind)) < count:
            await asyncio.sleep(0.01)
    return notes[0]
