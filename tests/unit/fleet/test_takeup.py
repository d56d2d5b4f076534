# SPDX-License-Identifier: MIT
"""What the hub's normal end leaves, and what its next start takes up, ends or lets be."""

import asyncio
import os
import shutil
import signal
import sqlite3

import pytest

from opencode_nexus.fleet.errors import FleetNotOpen
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.fleet.watch import SILENT
from opencode_nexus.store.servers import RunRow, Servers
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import marked_with, one, runs, tell, until_gone

pytestmark = pytest.mark.anyio


# -- the hub's end and next start ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_stop", "busy", "left"),
    [("keep", False, True), ("stop-idle", True, True), ("stop-idle", False, False), ("stop", True, False)],
)
async def test_what_a_normal_stop_leaves_is_taken_up_again(
    rig: FleetUnderTest, on_stop: str, busy: bool, left: bool
) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    before, access = rig.fleet.get(server_id), rig.fleet.access(server_id)
    rig.on_stop, rig.busy = on_stop, {server_id} if busy else set()
    await rig.close()
    assert (before.pid in marked_with(rig)) is left
    await rig.open()
    state = await rig.until(server_id, "running")
    assert (state.pid == before.pid, state.adopted) == (left, left)
    assert (rig.fleet.access(server_id) == access) is left
    if left:
        assert state.started == before.started
        assert await rig.until_note("server-adopted")
        assert before.pid is not None
        os.kill(before.pid, 9)  # not our child now, and its end is seen all the same
        assert await rig.until_note("server-crashed") == "One ended unexpectedly. It is started again."
        await rig.until(server_id, "running")
        # that state lasts 10 ms, so that it may be over when we look
        assert [one.reason for one in rig.states if one.state == "failed"] == ["OpenCode ended unexpectedly."]


async def test_a_start_that_failed_to_look_lets_nothing_begin(
    rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id = await one(rig)
    await rig.close()

    def broken(self: Servers) -> list[RunRow]:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(Servers, "runs", broken)
        with pytest.raises(sqlite3.OperationalError):
            await rig.open()
        for call in (rig.fleet.start, rig.fleet.stop, rig.fleet.restart, rig.fleet.remove):
            with pytest.raises(FleetNotOpen, match="disk I/O error"):
                await call(server_id)
    await rig.close()
    await rig.open()
    await rig.until(server_id, "running")


async def test_who_cannot_say_whether_it_is_busy_keeps_it_running(rig: FleetUnderTest) -> None:
    class Broken(set[str]):
        def __contains__(self, server_id: object) -> bool:
            raise RuntimeError("no")

    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    rig.on_stop = "stop-idle"
    rig.busy = Broken()
    await rig.close()
    assert pid in marked_with(rig)
    await rig.open()
    assert (await rig.until(server_id, "running")).pid == pid


async def test_a_server_without_autostart_stays_stopped(rig: FleetUnderTest) -> None:
    server_id = (await rig.fleet.add("One", [str(rig.project)], autostart=False)).id
    await rig.close()
    await rig.open()
    assert rig.fleet.get(server_id).state == "stopped"


async def test_a_process_whose_password_is_lost_is_ended_and_another_started(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    before = rig.fleet.get(server_id)
    rig.on_stop = "keep"
    await rig.close()
    rig.vault.delete(rig.vault.names()[0])
    await rig.open()
    state = await rig.until(server_id, "running")
    assert state.pid != before.pid and not state.adopted
    assert before.pid not in marked_with(rig)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short limits, for a process that never answers."""
    monkeypatch.setattr("opencode_nexus.fleet.run.START_LIMIT", 0.3)
    monkeypatch.setattr("opencode_nexus.fleet.run.GRACE", 0.2)
    monkeypatch.setattr("opencode_nexus.fleet.run.QUIESCE", 0.2)
    monkeypatch.setattr("opencode_nexus.fleet.watch.WATCH", 0.2)
    monkeypatch.setattr("opencode_nexus.fleet.watch.ANSWER", 5.0)


async def test_a_process_that_is_silent_is_taken_up_and_said_to_be(rig: FleetUnderTest, impatient: None) -> None:
    server_id = await one(rig)
    rig_limit = pytest.MonkeyPatch()
    rig_limit.setattr("opencode_nexus.fleet.run.START_LIMIT", 60.0)
    await rig.fleet.start(server_id)
    rig_limit.undo()
    before = rig.fleet.get(server_id)
    assert before.pid is not None
    rig.on_stop = "keep"
    await rig.close()
    os.kill(before.pid, signal.SIGSTOP)
    await rig.open()
    state = await rig.until(server_id, "running")
    assert (state.pid, state.reason) == (before.pid, SILENT)
    os.kill(before.pid, signal.SIGCONT)
    while rig.fleet.get(server_id).reason:
        await rig.bus.wait(rig.bus.seq)
    os.kill(before.pid, signal.SIGSTOP)
    await rig.fleet.stop(server_id)  # it is ended all the same
    assert not runs(before.pid)


async def test_a_process_that_was_never_ready_is_ended_and_another_started(rig: FleetUnderTest) -> None:
    tell(rig, deaf=True, say="deaf from now on")
    server_id = await one(rig)
    start = asyncio.ensure_future(rig.fleet.start(server_id))
    while (pid := rig.fleet.get(server_id).pid) is None:
        await rig.bus.wait(rig.bus.seq)
    while "deaf from now on" not in await rig.fleet.logs(server_id):  # it has read what it is told
        await asyncio.sleep(0.02)
    # as a kill -9 of the hub would leave it
    start.cancel()
    await rig.fleet._tasks.close()
    await rig.db.close()
    tell(rig)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opencode_nexus.fleet.run.START_LIMIT", 0.3)

        def told(state: ServerState) -> None:
            if state.state == "failed":  # that was the deaf one; the next may take its time on a busy machine
                patch.undo()

        rig.told = told
        await rig.open()
        state = await rig.until(server_id, "running")
    assert state.pid != pid and not state.adopted
    assert not runs(pid)


async def test_leftovers_of_this_home_are_ended_and_no_others(rig: FleetUnderTest) -> None:
    tell(rig, child=True)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    child = int((rig.project / "child.pid").read_text())
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    rig.on_stop = "keep"
    await rig.close()
    tell(rig)
    os.kill(pid, 9)  # both hub and server are dead, the tool lives on
    stranger = await asyncio.create_subprocess_exec(
        "sleep", "600", env={**os.environ, "OPENCODE_NEXUS_MARK": "home_of_another:srv:start"}
    )
    await rig.open()
    await until_gone(child)
    await rig.until(server_id, "running")
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


@pytest.mark.parametrize("moved", [False, True])
async def test_a_copy_of_the_home_takes_nothing_of_the_first_and_a_moved_home_all(
    rig: FleetUnderTest, moved: bool
) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid, first, rig.on_stop = rig.fleet.get(server_id).pid, rig.home, "keep"
    await rig.close()
    if moved:
        rig.home = first.rename(rig.root / "moved")
    else:
        rig.home = shutil.copytree(first, rig.root / "copy")
    await rig.open()
    assert ((await rig.until(server_id, "running")).pid == pid) is moved
    await rig.fleet.stop(server_id)
    assert pid is not None
    assert runs(pid) is not moved
    rig.on_stop = "stop"
    await rig.close()
    rig.home = rig.home if moved else first
    await rig.open()
    assert ((await rig.until(server_id, "running")).pid == pid) is not moved


async def test_a_recycled_process_id_is_not_touched(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    rig.on_stop = "stop"
    await rig.close()
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    await rig.db.open()
    # as if the hub and the server had died, and another program got the server's process id
    row = RunRow("start_x", server_id, "home:x:start_x", 1, 1.0)
    await rig.store.begin(row)
    await rig.store.spawned(row, stranger.pid, 1_000_000.0, "another boot:1")
    await rig.db.close()
    await rig.open()
    state = await rig.until(server_id, "running")
    assert state.pid != stranger.pid
    while any(run.start_id == "start_x" for run in rig.store.runs()):
        await asyncio.sleep(0.02)
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


def forget_pid(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE server_runs SET pid = NULL, created = NULL, birth = ''")


async def test_a_hub_killed_between_spawn_and_note_finds_its_server_by_the_mark(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    before = rig.fleet.get(server_id)
    rig.on_stop = "keep"
    await rig.close()
    await rig.db.open()
    await rig.db.write(forget_pid)
    await rig.db.close()
    await rig.open()
    state = await rig.until(server_id, "running")
    assert (state.pid, state.adopted) == (before.pid, True)
    assert rig.store.runs()[0].pid == before.pid
