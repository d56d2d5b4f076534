# SPDX-License-Identifier: MIT
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from opencode_nexus.store.db import Database
from opencode_nexus.store.servers import CRASHES_KEPT, RunRow, ServerRow, Servers

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Servers]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield Servers(db)
    await db.close()


async def test_servers_are_kept_changed_and_forgotten(store: Servers) -> None:
    second = ServerRow("srv_2", "Two", ("/b",), False, NOW + 1)
    first = ServerRow("srv_1", "One", ("/a", "/ü"), True, NOW)
    await store.save(second)
    await store.save(first)
    assert store.all() == [first, second]
    changed = replace(first, projects=("/a",), autostart=False)
    await store.save(changed)
    assert store.all() == [changed, second]
    await store.crashed("srv_1", NOW, "x")
    await store.remove("srv_1")
    assert store.all() == [second]
    assert store.crashes("srv_1", 0) == []


async def test_a_run_is_kept_step_by_step(store: Servers) -> None:
    row = RunRow("start_1", "srv_1", "home:srv_1:start_1", 4711, NOW)
    await store.begin(row)
    assert store.runs() == [row]
    row = await store.spawned(row, 99, NOW + 1, "boot:5")
    row = await store.answered(row, "1.18.33")
    assert (row.pid, row.created, row.birth, row.version) == (99, NOW + 1, "boot:5", "1.18.33")
    assert store.runs() == [row]
    await store.remove("srv_1")
    assert store.runs() == [row]  # its process may still run
    await store.over("start_1")
    assert store.runs() == []


async def test_crashes_are_counted_for_a_day(store: Servers) -> None:
    for at in (NOW - CRASHES_KEPT - 1, NOW - 100, NOW):
        await store.crashed("srv_1", at, "exit status 1")
    await store.crashed("srv_2", NOW, "exit status 1")
    assert store.crashes("srv_1", 0) == [NOW - 100, NOW]
    assert store.crashes("srv_1", NOW - 50) == [NOW]
    await store.forgive("srv_1")
    assert (store.crashes("srv_1", 0), store.crashes("srv_2", 0)) == ([], [NOW])
