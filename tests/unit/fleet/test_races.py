# SPDX-License-Identifier: MIT
"""Servers when two things happen at one moment, or the disk is full."""

import asyncio
import json
import os
import signal
import sqlite3
import threading
from pathlib import Path

import psutil
import pytest

from opencode_nexus.fleet.errors import ServerNotFound, StartFailed, StartStopped
from opencode_nexus.processes.tree import Marked, marked
from opencode_nexus.store.servers import RunRow
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import marked_with, one

pytestmark = pytest.mark.anyio


async def test_a_stop_while_a_crash_is_dealt_with_ends_the_tries_too(
    rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    stops: list[asyncio.Future[None]] = []
    real = rig.fleet._around.runs.store.crashed

    async def crashed(server_id: str, at: float, reason: str) -> None:
        stops.append(asyncio.ensure_future(rig.fleet.stop(server_id)))
        await asyncio.sleep(0)
        await real(server_id, at, reason)

    monkeypatch.setattr(rig.fleet._around.runs.store, "crashed", crashed)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    os.kill(pid, 9)
    await rig.until(server_id, "failed")
    await stops[0]
    state = rig.fleet.get(server_id)
    assert (state.state, state.retry_at) == ("stopped", None)
    assert not rig.fleet._roster.get(server_id)._retry.due


async def test_a_log_that_cannot_be_turned_does_not_end_the_watch(
    rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def full(path: Path) -> bool:
        loop.call_soon_threadsafe(tried.set)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("opencode_nexus.fleet.watch.WATCH", 0.05)
    monkeypatch.setattr("opencode_nexus.fleet.watch.turn", full)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    await tried.wait()
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    os.kill(pid, 9)
    await rig.until(server_id, "failed")
    await rig.until(server_id, "running")


async def full(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


async def test_a_crash_that_cannot_be_noted_is_shown_all_the_same(
    rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    for name in ("crashed", "over", "answered"):
        monkeypatch.setattr(rig.fleet._around.runs.store, name, full)
    monkeypatch.setattr(rig.activity, "add", full)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    state = await rig.until(server_id, "failed")
    assert (state.pid, state.retry_at) == (None, None)
    assert "ended unexpectedly: SIGKILL" in state.reason and "disk is full" in state.reason
    await rig.fleet.start(server_id)  # by hand, which can be tried again and again
    assert rig.fleet.get(server_id).state == "running"
    await rig.fleet.stop(server_id)
    assert (rig.fleet.get(server_id).state, marked_with(rig)) == ("stopped", [])
    monkeypatch.undo()
    rig.on_stop = "stop"
    await rig.close()
    await rig.open()  # the next hub forgets what could not be forgotten
    while len(rig.store.runs()) > 1:
        await asyncio.sleep(0.02)
    await rig.until(server_id, "running")


async def test_a_process_that_cannot_be_noted_does_not_stay(
    rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> RunRow:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(rig.fleet._around.runs.store, "spawned", full)
    server_id = await one(rig)
    with pytest.raises(StartFailed, match="disk is full"):
        await rig.fleet.start(server_id)
    assert rig.fleet.get(server_id).state == "failed"
    assert (rig.store.runs(), rig.vault.names(), marked_with(rig)) == ([], [], [])


async def test_a_start_that_waited_for_a_removal_starts_nothing(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    removal = asyncio.ensure_future(rig.fleet.remove(server_id))
    while rig.fleet.get(server_id).state != "stopping":
        await rig.bus.wait(rig.bus.seq)
    with pytest.raises(StartStopped):
        await rig.fleet.start(server_id)
    await removal
    assert (rig.fleet.list(), marked_with(rig), rig.store.runs()) == ([], [], [])


async def test_a_folder_checked_during_a_removal_does_not_bring_the_server_back(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    (rig.root / "more").mkdir()
    adding = asyncio.ensure_future(rig.fleet.add_project(server_id, str(rig.root / "more")))
    with pytest.MonkeyPatch.context() as patch:
        gate = threading.Event()

        def slow(folder: str) -> str:
            gate.wait(20)
            return folder

        patch.setattr("opencode_nexus.fleet.projects.check_project", slow)
        await asyncio.sleep(0)
        await rig.fleet.remove(server_id)
        gate.set()
        with pytest.raises(ServerNotFound):
            await adding
    assert rig.store.all() == []


async def test_a_server_whose_agents_nobody_followed_yet_is_left_running(rig: FleetUnderTest) -> None:
    (rig.project / "tiny.json").write_text(json.dumps({"busy": ["ses_1"]}))
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    rig.on_stop, rig.busy = "stop-idle", set()
    await rig.close()
    assert pid in marked_with(rig)
    await rig.open()
    assert (await rig.until(server_id, "running")).pid == pid


async def test_a_stop_during_the_take_up_leaves_the_server(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    rig.on_stop = "keep"
    await rig.close()
    os.kill(pid, signal.SIGSTOP)  # it does not answer yet
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opencode_nexus.fleet.fleet.ADOPT_WITHIN", 0.01)
        await rig.open()
    assert rig.fleet.get(server_id).state == "starting"
    rig.on_stop = "stop-idle"
    await rig.close()
    assert psutil.Process(pid).status() == psutil.STATUS_STOPPED
    os.kill(pid, signal.SIGCONT)
    await rig.open()
    assert (await rig.until(server_id, "running")).pid == pid


async def test_a_start_asked_for_while_the_hub_starts_makes_no_second_process(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    rig.on_stop = "keep"
    await rig.close()
    early: list[asyncio.Future[None]] = []

    def slowly(name: str, prefix: str) -> list[Marked]:
        asyncio.run_coroutine_threadsafe(ask(), loop).result()
        return marked(name, prefix)

    async def ask() -> None:  # pages and API are answered before the fleet is opened
        early.append(asyncio.ensure_future(rig.fleet.start(server_id)))
        await asyncio.sleep(0.2)

    loop = asyncio.get_running_loop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opencode_nexus.fleet.takeup.marked", slowly)
        await rig.open()
    await early[0]
    assert rig.fleet.get(server_id).pid == pid
    assert marked_with(rig) == [pid]


async def test_of_two_restarts_at_one_moment_one_is_made(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    before = rig.fleet.get(server_id).pid
    orders = (rig.fleet.restart(server_id), rig.fleet.restart(server_id))
    came_of = await asyncio.gather(*orders, return_exceptions=True)
    assert [type(one) for one in came_of if one is not None] == [StartStopped]
    state = rig.fleet.get(server_id)
    assert state.state == "running" and state.pid != before
    assert rig.store.restarts() == {}
