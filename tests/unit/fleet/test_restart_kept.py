# SPDX-License-Identifier: MIT
"""A restart that the hub's end, or its death, came before: the next hub goes on with it, once."""

import asyncio
import os
import shutil

import pytest

from opencode_nexus.fleet.errors import StartFailed
from opencode_nexus.fleet.server import ASKED
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.store.servers import RestartRow
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import marked_with, runs

pytestmark = pytest.mark.anyio


async def left_running(rig: FleetUnderTest) -> tuple[str, int]:
    """A server that no start of the hub starts, which the hub's end lets run on; returns its id and process."""
    server_id = (await rig.fleet.add("One", [str(rig.project)], autostart=False)).id
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    rig.on_stop = "keep"
    return server_id, pid


async def until_kept(rig: FleetUnderTest, *server_ids: str) -> None:
    """Wait until the restarts that are kept are those of these servers."""
    async with asyncio.timeout(60):
        while set(rig.store.restarts()) != set(server_ids):
            await asyncio.sleep(0.02)


async def test_a_planned_restart_outlives_the_hub(rig: FleetUnderTest) -> None:
    server_id, pid = await left_running(rig)
    rig.busy = {server_id}
    await rig.fleet.restart(server_id, when="idle")
    await rig.close()
    await rig.open()
    state = await rig.until(server_id, "running")
    assert (state.pid, state.planned) == (pid, ASKED)
    rig.busy = set()
    rig.bus.publish("session", {"what": "idle"})
    async with asyncio.timeout(60):
        while (state := rig.fleet.get(server_id)).pid in (pid, None) or state.state != "running":
            await rig.bus.wait(rig.bus.seq)
    assert state.planned == "" and state.pid in marked_with(rig) and not runs(pid)
    assert rig.store.restarts() == {}
    await rig.close()
    await rig.open()
    assert (await rig.until(server_id, "running")).pid == state.pid


@pytest.mark.parametrize("ended", [True, False])
async def test_a_restart_that_was_cut_short_is_finished(rig: FleetUnderTest, ended: bool) -> None:
    server_id, pid = await left_running(rig)
    start_id = rig.store.runs()[0].start_id
    await rig.store.plan_restart(RestartRow(server_id, start_id, ASKED))
    await rig.close()
    if ended:  # the hub died between the stop and the start
        os.kill(pid, 9)
    await rig.open()
    async with asyncio.timeout(60):
        while (state := rig.fleet.get(server_id)).pid in (pid, None) or state.state != "running":
            await rig.bus.wait(rig.bus.seq)
    await until_kept(rig)
    assert marked_with(rig) == [state.pid]


async def test_one_that_is_given_up_is_not_tried_at_each_start_of_the_hub(rig: FleetUnderTest) -> None:
    server_id, pid = await left_running(rig)
    await rig.store.plan_restart(RestartRow(server_id, rig.store.runs()[0].start_id, ASKED))
    await rig.close()
    os.kill(pid, 9)
    rig.binary, rig.backoff = StartFailed("It is gone."), Backoff(limit=1)
    await rig.open()
    await rig.until_note("server-given-up")
    await until_kept(rig)


async def test_a_restart_that_has_come_about_is_not_made_again(rig: FleetUnderTest) -> None:
    server_id, pid = await left_running(rig)
    await rig.store.plan_restart(RestartRow(server_id, "start_before", ASKED))
    await rig.close()
    await rig.open()
    state = await rig.until(server_id, "running")
    assert (state.pid, state.planned) == (pid, "")


@pytest.mark.parametrize("how", ["stop", "keep_running", "remove"])
async def test_a_restart_that_nobody_wants_any_more_is_forgotten(rig: FleetUnderTest, how: str) -> None:
    server_id, _ = await left_running(rig)
    rig.busy = {server_id}
    await rig.fleet.restart(server_id, when="idle")
    await until_kept(rig, server_id)
    if how == "stop":
        await rig.fleet.stop(server_id)
    elif how == "remove":
        await rig.fleet.remove(server_id)
    else:
        rig.fleet.keep_running(server_id)
    await until_kept(rig)


async def test_passwords_of_runs_that_are_not_this_homes_are_forgotten(rig: FleetUnderTest) -> None:
    server_id, pid = await left_running(rig)
    rig.vault.set("attached-login:srv_1", "kept")
    own = f"server-password:{rig.store.runs()[0].start_id}"
    await rig.close()
    here = rig.home
    rig.home = shutil.copytree(here, here.with_name("copy"))
    rig.vault.set("server-password:start_gone", "of no process")
    await rig.open()
    assert rig.vault.names() == ["attached-login:srv_1"]
    assert (rig.fleet.get(server_id).state, runs(pid)) == ("stopped", True)
    await rig.close()
    rig.home = here
    await rig.open()
    assert rig.vault.names() == ["attached-login:srv_1", own]
    assert (await rig.until(server_id, "running")).pid == pid
