# SPDX-License-Identifier: MIT
"""What is kept of tunnels."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from opencode_nexus.store.db import Database
from opencode_nexus.store.tunnels import TunnelRow, TunnelRunRow, TunnelTable

pytestmark = pytest.mark.anyio


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[TunnelTable]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield TunnelTable(db)
    await db.close()


async def test_tunnels_are_kept_in_order_and_no_name_twice(table: TunnelTable) -> None:
    first, second = TunnelRow("t2", "phone", "{}", 1.0), TunnelRow("t1", "tablet", "{}", 2.0)
    assert await table.save(second) and await table.save(first)
    assert table.all() == [first, second]
    assert not await table.save(replace(second, name_key="phone"))
    assert await table.save(replace(second, name_key="desk", config='{"a": 1}'))
    assert table.all()[1] == replace(second, name_key="desk", config='{"a": 1}')
    await table.remove("t2")
    assert [row.id for row in table.all()] == ["t1"]


async def test_a_run_from_its_beginning_to_its_end(table: TunnelTable) -> None:
    run = TunnelRunRow("r", "t", "mark", 2.0, 1.0, "http://127.0.0.1:1", "print", "2026.6.0", "sum", 17)
    await table.begin(run)
    assert table.runs() == [run]
    spawned = await table.spawned(run, 42, 3.0, "boot:1")
    measured = await table.measures_at(spawned, 5000)
    assert table.runs() == [measured] == [replace(run, pid=42, created=3.0, birth="boot:1", metrics=5000)]
    await table.over("r")
    assert table.runs() == []
