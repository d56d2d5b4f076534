# SPDX-License-Identifier: MIT
"""Which processes the doctor takes for orphans, with real ones that carry marks. What is ended is never another's."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.settings import Settings
from opencode_nexus.observe.doctor import orphans
from opencode_nexus.observe.doctor.around import Around, Mark
from opencode_nexus.processes.identity import identify
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home
from opencode_nexus.store.servers import RunRow, ServerRow, Servers

pytestmark = pytest.mark.anyio

VARIABLE = "NEXUS_TEST_DOCTOR_MARK"
Start = Callable[[str], psutil.Popen]


class Services:
    """A hub's services, as far as this check asks them; `serves` says that this process is the hub."""

    def __init__(self, prefix: str, serves: bool) -> None:
        self._prefix, self._serves = prefix, serves

    def address(self) -> str:
        return "http://127.0.0.1:1/" if self._serves else ""

    def marks(self) -> list[Mark]:
        return [Mark(VARIABLE, f"{self._prefix}:", "server"), Mark(VARIABLE, "", "tunnel")]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield db
    await db.close()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process with a mark; none is left."""
    started: list[psutil.Popen] = []

    def work(mark: str) -> psutil.Popen:
        code = "import time; print('up', flush=True); time.sleep(600)"
        process = psutil.Popen([sys.executable, "-c", code], env={**os.environ, VARIABLE: mark}, stdout=-1)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        return process

    yield work
    for process in started:
        with suppress(psutil.Error):
            process.kill()
        process.wait()


async def kept(db: Database, process: psutil.Popen, server_id: str, mark: str, *, there: bool = True) -> None:
    """Write the run of a server down, as the fleet does; `there`: the server is still wanted."""
    servers, found = Servers(db), identify(process.pid)
    assert found is not None
    if there:
        await servers.save(ServerRow(server_id, server_id, ("/project",), True, 1.0))
    run = RunRow(new_id("run"), server_id, mark, 1, 1.0)
    await servers.begin(run)
    await servers.spawned(run, found.pid, found.created, found.birth)


@pytest.mark.parametrize("serves", [True, False])
async def test_only_what_nobody_looks_after_is_ended(db: Database, tmp_path: Path, start: Start, serves: bool) -> None:
    ours = new_id("home")
    marks = {name: f"{ours}:srv_{name}:run" for name in ("kept", "removed", "unknown")}
    marks["other"] = f"{new_id('home')}:srv_other:run"
    processes = {name: start(mark) for name, mark in marks.items()}
    await kept(db, processes["kept"], "srv_kept", marks["kept"])
    await kept(db, processes["removed"], "srv_removed", marks["removed"], there=False)
    around = Around(
        home=Home(tmp_path), clock=SystemClock(), settings=lambda: Settings(home=tmp_path), machine=None, db=db,  # type: ignore[arg-type]
        services=Services(ours, serves),  # type: ignore[arg-type]
    )  # fmt: skip
    # a hub sees to all of its runs itself; without one the next start would not take up what no server is left for
    gone = {"unknown"} if serves else {"unknown", "removed"}
    found = await orphans.look(around)
    assert found.status == "fail"
    assert {name for name, one in processes.items() if f"process {one.pid} " in found.said} >= gone
    assert len(found.does) == len(gone)
    await orphans.fix(around)
    for name in gone:
        await asyncio.to_thread(processes[name].wait, 30)
    assert all(processes[name].poll() is None for name in processes.keys() - gone)
    assert not (await orphans.look(around)).does
