# SPDX-License-Identifier: MIT
"""The whole life of servers with a stand-in that starts at once; with the real one: tests/e2e/test_fleet_real.py."""

import asyncio
import os
from pathlib import Path

import psutil
import pytest

from opencode_nexus.fleet.errors import (
    BadProject,
    PortTaken,
    ProgramMissing,
    ProgramNotRunnable,
    ProjectGone,
    ProjectTaken,
    ServerNotFound,
    StartFailed,
    StartStopped,
)
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.install.errors import OpenCodeNotFound
from opencode_nexus.processes.backoff import Backoff
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import marked_with, one, runs, tell, until_gone

pytestmark = pytest.mark.anyio


async def test_it_is_added_started_restarted_stopped_and_removed(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    assert rig.fleet.get(server_id).state == "stopped"
    assert rig.fleet.access(server_id) is None
    assert rig.store.runs() == []
    await rig.fleet.start(server_id)
    first = rig.fleet.get(server_id)
    assert (first.state, first.version, first.adopted, first.reason) == ("running", "1.18.33", False, "")
    assert first.pid in marked_with(rig)
    assert first.started == psutil.Process(first.pid).create_time()
    access = rig.fleet.access(server_id)
    assert access is not None and access.base_url == f"http://127.0.0.1:{first.port}"
    assert access.password.reveal() not in repr(access)
    assert rig.vault.names() == [f"server-password:{rig.store.runs()[0].start_id}"]
    await rig.fleet.start(server_id)
    assert rig.fleet.get(server_id).pid == first.pid
    await rig.fleet.restart(server_id)
    second = rig.fleet.get(server_id)
    again = rig.fleet.access(server_id)
    assert second.pid != first.pid and again is not None and again.password != access.password
    await rig.fleet.stop(server_id)
    await rig.fleet.stop(server_id)
    assert rig.fleet.get(server_id).state == "stopped"
    assert (marked_with(rig), rig.store.runs(), rig.vault.names()) == ([], [], [])
    life = ["starting", "starting", "running", "stopping", "stopping", "stopped"]
    assert [state.state for state in rig.states] == ["stopped", *life, *life]
    await rig.fleet.remove(server_id)
    assert rig.fleet.list() == []
    for call in (rig.fleet.start, rig.fleet.stop, rig.fleet.remove, rig.fleet.logs):
        with pytest.raises(ServerNotFound):
            await call(server_id)


async def test_several_servers_are_apart(rig: FleetUnderTest, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    first = await one(rig)
    second = (await rig.fleet.add("Two", [str(tmp_path / "two")])).id
    await asyncio.gather(rig.fleet.start(first), rig.fleet.start(second))
    a, b = rig.fleet.list()
    assert (a.state, b.state) == ("running", "running")
    assert (a.pid, a.port) != (b.pid, b.port)
    await rig.fleet.stop(first)
    assert [state.state for state in rig.fleet.list()] == ["stopped", "running"]


async def test_projects_join_a_running_server(rig: FleetUnderTest, tmp_path: Path) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    (tmp_path / "more").mkdir()
    await rig.fleet.add_project(server_id, str(tmp_path / "more"))
    state = rig.fleet.get(server_id)
    assert (state.projects, state.pid) == ((str(rig.project), str(tmp_path / "more")), pid)
    with pytest.raises(ProjectTaken):
        await rig.fleet.add_project(server_id, str(tmp_path / "more"))
    with pytest.raises(BadProject):
        await rig.fleet.add_project(server_id, str(tmp_path / "none"))
    assert rig.store.all()[0].projects == state.projects


async def test_the_log_is_shown_without_the_password(rig: FleetUnderTest) -> None:
    tell(rig, say="my password is PASSWORD, really")
    server_id = await one(rig)
    assert await rig.fleet.logs(server_id) == []
    await rig.fleet.start(server_id)
    assert await rig.fleet.logs(server_id) == ["my password is •••, really"]


# -- starts that fail ------------------------------------------------------------------------------------------------


async def failed(rig: FleetUnderTest, server_id: str, kind: type[StartFailed]) -> tuple[ServerState, StartFailed]:
    with pytest.raises(StartFailed) as caught:
        await rig.fleet.start(server_id)
    assert type(caught.value) is kind
    state = rig.fleet.get(server_id)
    assert (state.state, state.pid, state.retry_at) == ("failed", None, None)
    assert str(caught.value) == state.reason
    assert (rig.store.runs(), rig.vault.names(), marked_with(rig)) == ([], [], [])
    return state, caught.value


async def test_a_program_that_ends_at_once(rig: FleetUnderTest) -> None:
    tell(rig, say="no good, PASSWORD", exit=3)
    server_id = await one(rig)
    (rig.home / "logs" / "servers" / f"{server_id}.log").write_text("from an earlier run\n")
    state, error = await failed(rig, server_id, StartFailed)
    assert "exit status 3" in state.reason
    assert state.last_lines == ("no good, •••",)
    assert error.data["last_lines"] == ["no good, •••"]


async def test_a_program_that_is_not_there_or_not_runnable(rig: FleetUnderTest, tmp_path: Path) -> None:
    server_id = await one(rig)
    rig.binary = program = tmp_path / "nothing"
    await failed(rig, server_id, ProgramMissing)
    program.write_text("text")
    await failed(rig, server_id, ProgramNotRunnable)
    program.write_bytes(b"\x7fELF but not really")
    program.chmod(0o755)
    await failed(rig, server_id, ProgramNotRunnable)


async def test_a_folder_that_went_away(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    rig.project.rmdir()
    state, _ = await failed(rig, server_id, ProjectGone)
    assert str(rig.project) in state.reason
    rig.project.mkdir()


async def test_what_the_installer_says_is_passed_on(rig: FleetUnderTest) -> None:
    rig.binary = OpenCodeNotFound("Looked everywhere.")
    state, error = await failed(rig, await one(rig), StartFailed)
    assert "OpenCode was not found. Looked everywhere." in state.reason
    assert (error.data["cause"], error.hint) == (OpenCodeNotFound.code, OpenCodeNotFound.hint)


async def test_a_taken_port_is_left_for_another(rig: FleetUnderTest) -> None:
    tell(rig, steal=True)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    assert rig.fleet.get(server_id).state == "running"
    ports = [state.port for state in rig.states if state.port]
    assert len(set(ports)) == 2


async def test_ports_that_are_always_taken(rig: FleetUnderTest) -> None:
    tell(rig, say="Error: Unexpected error ServeError", exit=1)
    await failed(rig, await one(rig), PortTaken)


@pytest.mark.parametrize("words", ["database is locked", "Failed query: \n  CREATE TABLE `workspace` ("])
async def test_one_that_starts_while_another_makes_their_tables_is_started_again(
    rig: FleetUnderTest, words: str
) -> None:
    tell(rig, say=f"Error: Unexpected error\n\n{words}", exit=1, once=True)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    state = rig.fleet.get(server_id)
    assert (state.state, state.restarts) == ("running", 0)
    assert len({state.pid for state in rig.states if state.pid}) == 2


async def test_a_start_is_stopped(rig: FleetUnderTest) -> None:
    tell(rig, deaf=True)
    server_id = await one(rig)
    start = asyncio.ensure_future(rig.fleet.start(server_id))
    while rig.fleet.get(server_id).pid is None:
        await rig.bus.wait(rig.bus.seq)
    await rig.fleet.stop(server_id)
    with pytest.raises(StartStopped):
        await start
    assert (rig.fleet.get(server_id).state, marked_with(rig), rig.store.runs()) == ("stopped", [], [])


async def test_who_asked_may_go_away(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    start = asyncio.ensure_future(rig.fleet.start(server_id))
    while rig.fleet.get(server_id).state != "starting":
        await rig.bus.wait(rig.bus.seq)
    start.cancel()
    await rig.until(server_id, "running")


async def test_a_full_disk_fails_the_start_and_says_so(rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str, value: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rig.vault, "set", full)
    state, _ = await failed(rig, await one(rig), StartFailed)
    assert "No space left" in state.reason


# -- ends that nobody asked for --------------------------------------------------------------------------------------


async def test_a_crash_is_told_and_it_is_started_again(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    os.kill(pid, 9)
    crashed = await rig.until(server_id, "failed")
    assert crashed.reason == "OpenCode ended unexpectedly: SIGKILL."
    assert crashed.pid is None
    again = await rig.until(server_id, "running")
    assert again.pid != pid
    assert again.restarts == 1
    assert "started again" in await rig.until_note("server-crashed")


async def test_five_crashes_in_ten_minutes_are_enough(rig: FleetUnderTest) -> None:
    tell(rig, quit_after=1)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    await rig.until_note("server-given-up")
    state = rig.fleet.get(server_id)
    assert (state.state, state.retry_at, state.restarts) == ("failed", None, 5)
    assert "5 times within 10 minutes" in state.reason
    assert state.last_lines == ("Oh no",)
    begun = [s for s in rig.states if s.state == "starting" and s.pid is None]
    assert len(begun) == 5
    tell(rig)
    await rig.fleet.start(server_id)  # by hand it may always be tried
    assert rig.fleet.get(server_id).restarts == 0


async def test_a_stop_ends_the_tries(rig: FleetUnderTest) -> None:
    await rig.close()
    rig.backoff = Backoff(first=600, longest=600)
    await rig.open()
    tell(rig, quit_after=1)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    state = await rig.until(server_id, "failed")
    assert state.retry_at is not None and state.retry_at > state.since
    await rig.fleet.stop(server_id)
    assert (rig.fleet.get(server_id).state, rig.fleet.get(server_id).retry_at) == ("stopped", None)


async def test_what_outlives_a_crash_is_ended(rig: FleetUnderTest) -> None:
    tell(rig, child=True)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    child = int((rig.project / "child.pid").read_text())
    pid = rig.fleet.get(server_id).pid
    assert pid is not None and runs(child)
    os.kill(pid, 9)
    await until_gone(child)


# -- stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["child", "hide"])
async def test_a_stop_takes_the_whole_tree(rig: FleetUnderTest, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.fleet.run.GRACE", 0.3)
    tell(rig, deafen=True, **{kind: True})
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    child = int((rig.project / "child.pid").read_text())
    await rig.fleet.stop(server_id)
    assert not runs(child)
    assert marked_with(rig) == []


async def test_agents_are_stopped_first(rig: FleetUnderTest) -> None:
    tell(rig, busy=["ses_1", "ses_2"])
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    told: list[object] = []
    rig.bus.listen(lambda record: told.append(record.data), "agents-stopped")
    await rig.fleet.stop(server_id)
    assert told == [{"server_id": server_id, "sessions": ["ses_1", "ses_2"]}]
    assert (rig.project / "aborted.txt").read_text().split() == ["ses_1", "ses_2"]
