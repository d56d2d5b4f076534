# SPDX-License-Identifier: MIT
"""A real `Fleet` with everything it keeps below one folder; it can be left behind and opened again."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.fleet.fleet import Fleet
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home
from opencode_nexus.store.servers import Servers


class FleetUnderTest:
    """`root` holds the home folder, the user's HOME and the project folders; `states` all that the bus told, and
    `told` is called with each at once.
    """

    def __init__(self, root: Path, binary: Path, config: dict[str, Any] | None = None, **environ: str) -> None:
        self.root, self.home, self.project = root, root / "nexus", root / "project"
        self.binary: Path | Exception = binary
        self.config = config or {}
        self.on_stop, self.busy = "stop", set[str]()
        self.backoff = Backoff()
        self.hang_after = 0.0
        self.heard: Callable[[str], float | None] = lambda server_id: None
        self.states: list[ServerState] = []
        self.told: Callable[[ServerState], None] = lambda state: None
        self._environ = environ
        self.project.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Nothing of the tester's own OpenCode, and a HOME that is ours."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENCODE", "XDG_"))}
        user = self.root / "user"
        user.mkdir(exist_ok=True)
        return {**kept, "HOME": str(user), **self._environ}

    async def open(self) -> Self:
        """Open home and fleet as a hub's start does."""
        Home(self.home).prepare()
        clock = SystemClock()
        self.db = Database(self.home / "nexus.db")
        await self.db.open()
        self.bus = Bus(clock)
        self.bus.listen(self._heard, "server")
        self.activity = Activity(self.db, self.bus, clock)
        self.vault = SealedFile(self.home / "secrets")
        self.store = Servers(self.db)

        async def binary(version: str) -> Path:
            if isinstance(self.binary, Exception):
                raise self.binary
            return self.binary

        async def busy(server_id: str) -> bool:
            return server_id in self.busy

        self.fleet = Fleet(
            db=self.db, bus=self.bus, clock=clock, home=self.home, activity=self.activity, vault=self.vault,
            binary=binary, on_stop=lambda: self.on_stop, busy=busy, child_config=lambda server_id: self.config,
            environ=self.environment(), backoff=self.backoff, hang_after=lambda: self.hang_after,
            heard=lambda server_id: self.heard(server_id),
        )  # fmt: skip
        await self.fleet.open()
        return self

    async def close(self) -> None:
        """End as a hub does at a normal stop."""
        await self.fleet.close()
        await self.db.close()

    def _heard(self, record: Record) -> None:
        assert isinstance(record.data, ServerState)
        self.states.append(record.data)
        self.told(record.data)

    async def until(self, server_id: str, *wanted: str) -> ServerState:
        """Wait until the server is in one of the states `wanted`."""
        while True:
            seq = self.bus.seq
            state = self.fleet.get(server_id)
            if state.state in wanted:
                return state
            await self.bus.wait(seq)

    async def until_note(self, kind: str) -> str:
        """Wait until the activity list holds a line of that kind; returns its words."""
        while True:
            seq = self.bus.seq
            found = [row.text for row in self.activity.recent(50) if row.kind == kind]
            if found:
                return found[0]
            await self.bus.wait(seq)
