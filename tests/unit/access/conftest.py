# SPDX-License-Identifier: MIT
"""An Access over a real database file, with a clock that stands still and a hasher that counts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from opencode_nexus.access.access import Access
from opencode_nexus.access.lockout import Lockout
from opencode_nexus.access.passwords import Passwords
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store.db import Database
from opencode_nexus.store.lockouts import Lockouts

OWNER, PASSWORD = "Ada", "Correct Horse 7"


class CountingHasher:
    """Argon2id with the least work there is, and a note of each call."""

    def __init__(self) -> None:
        self._real = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.calls: list[str] = []
        self.verified: list[str] = []

    def hash(self, password: bytes) -> str:
        self.calls.append("hash")
        return self._real.hash(password)

    def verify(self, hash: str, password: bytes) -> bool:  # noqa: A002 - the library's name
        self.calls.append("verify")
        self.verified.append(hash)
        return self._real.verify(hash, password)

    def check_needs_rehash(self, hash: str) -> bool:  # noqa: A002
        return self._real.check_needs_rehash(hash)


@dataclass
class World:
    """What a test moves and looks at."""

    db: Database
    clock: ManualClock
    bus: Bus
    hasher: CountingHasher
    access: Access
    slept: list[float] = field(default_factory=list)

    def again(self) -> Access:
        """A second Access on the same database, as after a restart of the hub."""
        return Access(
            db=self.db,
            clock=self.clock,
            bus=self.bus,
            local_token="local-token-of-the-next-run",
            passwords=Passwords(self.hasher),
            lockout=Lockout(Lockouts(self.db), self.clock, self._sleep),
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A hub's access with no owner yet."""
    db, clock, hasher = Database(tmp_path / "nexus.db"), ManualClock(), CountingHasher()
    await db.open()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    bus = Bus(clock)
    access = Access(
        db=db,
        clock=clock,
        bus=bus,
        local_token="local-token-of-this-run",
        passwords=Passwords(hasher),
        lockout=Lockout(Lockouts(db), clock, sleep),
    )
    await access.open()
    yield World(db, clock, bus, hasher, access, slept)
    await db.close()


@pytest.fixture
async def owned(world: World) -> World:
    """The same, with the owner made and the count of hashes at zero."""
    await world.access.create_owner(OWNER, PASSWORD)
    world.hasher.calls.clear()
    return world
