# SPDX-License-Identifier: MIT
"""kill -9 of the hub while it orders its servers, at three seeded moments; `make soak` strikes fifty times.

The seed has a restart, an update and the bringing of a version among its three.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.hub_kills import chance_of
from tests.faults.kill_ground import Ground

SEED, TIMES = 113, 3


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path) -> AsyncIterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("kills") / "ground", opencode_binary)
    try:
        await asyncio.to_thread(made.open)
        yield made
    finally:
        await asyncio.to_thread(made.close)


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(TIMES))
async def test_the_next_start_tells_what_the_machine_has(ground: Ground, number: int) -> None:
    await ground.strike(chance_of(SEED, number))
