# SPDX-License-Identifier: MIT
"""Servers are changed, copied, put in order and ordered about together; with a stand-in that starts at once."""

import asyncio
from pathlib import Path

import psutil
import pytest

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.fleet.edit import Edit
from opencode_nexus.fleet.errors import (
    LastProject,
    ProjectBusy,
    ProjectTaken,
    ProjectUnknown,
    ServerNotFound,
    StartFailed,
    StartStopped,
)
from opencode_nexus.fleet.idle_folders import IdleFolders
from opencode_nexus.fleet.limits import Limits
from opencode_nexus.fleet.variables import BadVariable, Variable
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import marked_with, one, tell

pytestmark = pytest.mark.anyio
VALUE = "a-secret-of-this-server"
WANTED = Edit(
    environment=[Variable("COLOUR", "blue"), Variable("MY_API_KEY", VALUE)],
    arguments=["--log-level", "DEBUG"],
    limits=Limits(memory_warn=5),
)


async def servers(rig: FleetUnderTest, tmp_path: Path, *names: str) -> list[str]:
    made = []
    for name in names:
        (tmp_path / name).mkdir()
        made.append((await rig.fleet.add(name, [str(tmp_path / name)], autostart=False)).id)
    return made


async def test_variables_and_arguments_reach_the_process_at_its_next_start(rig: FleetUnderTest) -> None:
    tell(rig, say=f"the key is {VALUE}")
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    before = rig.fleet.get(server_id)
    state = await rig.fleet.edit(server_id, WANTED)
    assert state.changed and state.pid == before.pid
    assert (state.environment, state.arguments, state.limits.memory_warn) == (
        ("COLOUR", "MY_API_KEY"), ("--log-level", "DEBUG"), 5,
    )  # fmt: skip
    assert VALUE not in repr(rig.states)
    assert rig.fleet.variables(server_id) == [Variable("COLOUR", "blue"), Variable("MY_API_KEY", None, secret=True)]
    await rig.fleet.restart(server_id)
    state = rig.fleet.get(server_id)
    assert not state.changed
    process = psutil.Process(state.pid)
    environ = process.environ()
    assert (environ["COLOUR"], environ["MY_API_KEY"]) == ("blue", VALUE)
    words = process.cmdline()
    assert words[words.index("serve") + 1 : words.index("--hostname")] == ["--log-level", "DEBUG"]
    assert await rig.fleet.logs(server_id) == ["the key is •••"] * 2
    assert VALUE not in str(list(rig.db.read("SELECT * FROM servers")[0]))


async def test_what_is_wanted_outlives_the_hub_and_goes_with_the_server(rig: FleetUnderTest) -> None:
    server_id = (await rig.fleet.add("One", [str(rig.project)], WANTED)).id
    await rig.fleet.start(server_id)
    await rig.fleet.edit(server_id, Edit(arguments=[]))
    rig.on_stop = "keep"
    await rig.close()
    await rig.open()
    state = await rig.until(server_id, "running")
    assert state.changed and state.environment == ("COLOUR", "MY_API_KEY")
    await rig.fleet.stop(server_id)
    assert not rig.fleet.get(server_id).changed
    await rig.fleet.remove(server_id)
    assert rig.vault.names() == []


async def test_a_refused_edit_changes_nothing(rig: FleetUnderTest) -> None:
    server_id = (await rig.fleet.add("One", [str(rig.project)], WANTED)).id
    before = rig.fleet.get(server_id)
    with pytest.raises(BadVariable):
        await rig.fleet.edit(server_id, Edit(name="Two", environment=[Variable("OPENCODE_SERVER_PASSWORD", "x")]))
    assert rig.fleet.get(server_id) == before
    with pytest.raises(ServerNotFound):
        await rig.fleet.edit("srv_none", Edit(name="Two"))


async def test_a_lost_secret_is_told_at_the_start(rig: FleetUnderTest) -> None:
    server_id = (await rig.fleet.add("One", [str(rig.project)], WANTED)).id
    rig.vault.delete(f"server-environment:{server_id}")
    with pytest.raises(StartFailed, match="MY_API_KEY"):
        await rig.fleet.start(server_id)
    assert rig.fleet.get(server_id).state == "failed"


async def test_a_copy_has_everything_but_the_start(rig: FleetUnderTest) -> None:
    server_id = (await rig.fleet.add("One", [str(rig.project)], WANTED)).id
    copy = await rig.fleet.duplicate(server_id)
    again = await rig.fleet.duplicate(server_id)
    named = await rig.fleet.duplicate(server_id, "Mine")
    assert [state.name for state in rig.fleet.list()] == ["One", "One copy", "One copy 2", "Mine"]
    original = rig.fleet.get(server_id)
    assert (copy.projects, copy.environment, copy.arguments, copy.limits, copy.autostart, copy.state) == (
        original.projects, original.environment, original.arguments, original.limits, False, "stopped",
    )  # fmt: skip
    await rig.fleet.remove(server_id)  # its secrets are its own
    await rig.fleet.start(copy.id)
    assert psutil.Process(rig.fleet.get(copy.id).pid).environ()["MY_API_KEY"] == VALUE
    assert [state.position for state in rig.fleet.list()] == [2, 3, 4] and named.position == 4 and again.position == 3


async def test_places_in_the_list(rig: FleetUnderTest, tmp_path: Path) -> None:
    a, b, c = await servers(rig, tmp_path, *"abc")
    await rig.fleet.edit(c, Edit(position=1))
    assert [state.id for state in rig.fleet.list()] == [c, a, b]
    await rig.fleet.edit(c, Edit(position=99))
    await rig.fleet.edit(a, Edit(position=2, name="A"))
    assert [(state.name, state.position) for state in rig.fleet.list()] == [("b", 1), ("A", 2), ("c", 3)]
    await rig.close()
    await rig.open()
    assert [state.id for state in rig.fleet.list()] == [b, a, c]


# -- folders -----------------------------------------------------------------------------------------------------------


async def test_a_folder_is_moved_and_its_idle_instance_closed(rig: FleetUnderTest, tmp_path: Path) -> None:
    a, b = await servers(rig, tmp_path, *"ab")
    folder = str(rig.project)
    await rig.fleet.add_project(a, folder)
    await rig.fleet.start(a)
    moved = await rig.fleet.move_project(a, folder, b)
    assert moved.projects == (str(tmp_path / "b"), folder)
    assert rig.fleet.get(a).projects == (str(tmp_path / "a"),)
    assert (tmp_path / "a" / "disposed.txt").read_text().splitlines() == [folder.replace("/", "%2F")]
    assert {row.name: row.projects for row in rig.store.all()}["b"] == moved.projects
    with pytest.raises(ProjectUnknown):
        await rig.fleet.move_project(a, folder, b)
    await rig.fleet.add_project(a, folder)
    with pytest.raises(ProjectTaken):
        await rig.fleet.move_project(a, folder, b)
    await rig.fleet.remove_project(b, folder)
    with pytest.raises(LastProject):
        await rig.fleet.remove_project(b, str(tmp_path / "b"))
    await rig.fleet.free_project(a, folder)
    assert len((tmp_path / "a" / "disposed.txt").read_text().splitlines()) == 2
    assert folder in rig.fleet.get(a).projects and rig.project.is_dir()


async def test_a_folder_in_which_an_agent_works_is_not_touched(rig: FleetUnderTest, tmp_path: Path) -> None:
    tell(rig, busy=["ses_1"])
    (tmp_path / "more").mkdir()
    server_id = (await rig.fleet.add("One", [str(rig.project), str(tmp_path / "more")])).id
    (b,) = await servers(rig, tmp_path, "b")
    await rig.fleet.start(server_id)
    more = str(tmp_path / "more")
    for work in (
        rig.fleet.remove_project(server_id, more), rig.fleet.move_project(server_id, more, b),
        rig.fleet.free_project(server_id, more),
    ):  # fmt: skip
        with pytest.raises(ProjectBusy):
            await work
    assert rig.fleet.get(server_id).projects == (str(rig.project), more)
    assert not (rig.project / "disposed.txt").exists()


# -- orders ------------------------------------------------------------------------------------------------------------


async def test_many_start_in_order_and_no_more_than_so_many_at_once(rig: FleetUnderTest, tmp_path: Path) -> None:
    ids = await servers(rig, tmp_path, *"abcde")
    (tmp_path / "c" / "tiny.json").write_text('{"exit": 3}')
    most, begun = 0, list[str]()
    rig.states.clear()
    outcomes = await rig.fleet.start_many()
    now = dict.fromkeys(ids, "stopped")
    for state in rig.states:
        now[state.id] = f"{state.state}{' waiting' if state.state == 'starting' and state.reason else ''}"
        if now[state.id] == "starting" and state.id not in begun:
            begun.append(state.id)
        most = max(most, sum(words == "starting" for words in now.values()))
    assert (most, begun) == (2, ids)
    assert [(one.name, one.error is None) for one in outcomes] == [(n, n != "c") for n in "abcde"]
    assert [state.state for state in rig.fleet.list()] == ["running", "running", "failed", "running", "running"]
    pids = {state.id: state.pid for state in rig.fleet.list()}
    await rig.fleet.restart_many()  # those that run
    assert [state.state for state in rig.fleet.list()] == ["running", "running", "failed", "running", "running"]
    assert not {state.pid for state in rig.fleet.list() if state.pid} & set(pids.values())
    await rig.fleet.stop_many([ids[0], ids[4]])
    assert [state.state for state in rig.fleet.list()] == ["stopped", "running", "failed", "running", "stopped"]
    await rig.fleet.stop_many()
    assert marked_with(rig) == []
    with pytest.raises(ServerNotFound):
        await rig.fleet.start_many([ids[0], "srv_none"])
    assert marked_with(rig) == []


async def test_one_that_waits_for_its_turn_can_be_stopped(rig: FleetUnderTest, tmp_path: Path) -> None:
    ids = await servers(rig, tmp_path, *"abc")
    starts = [asyncio.ensure_future(rig.fleet.start(server_id)) for server_id in ids]
    await rig.until(ids[2], "starting")
    await rig.fleet.stop(ids[2])
    with pytest.raises(StartStopped):
        await starts[2]
    await asyncio.gather(*starts[:2])
    assert [state.state for state in rig.fleet.list()] == ["running", "running", "stopped"]


async def test_a_restart_waits_until_no_agent_works(rig: FleetUnderTest) -> None:
    tell(rig, busy=["ses_1"])
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    await rig.fleet.restart(server_id, when="idle")
    state = rig.fleet.get(server_id)
    assert (state.pid, state.state, bool(state.planned)) == (pid, "running", True)
    await rig.fleet.recycle(server_id, "It takes 9 GB.")  # planned once is enough
    run = rig.fleet._roster.get(server_id).seen.run
    assert run is not None
    tell(rig)
    await run.probe.abort("ses_1")
    rig.bus.publish("session", {"what": "idle"})
    while (state := rig.fleet.get(server_id)).pid in (pid, None) or state.state != "running":
        seq = rig.bus.seq
        await rig.bus.wait(seq)
    assert state.planned == ""


async def test_a_planned_restart_is_taken_back(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    rig.busy = {server_id}
    await rig.fleet.restart(server_id, when="idle")
    rig.fleet.keep_running(server_id)
    rig.busy = set()
    rig.bus.publish("session", {"what": "idle"})
    await rig.fleet._tasks.close()
    assert (rig.fleet.get(server_id).pid, rig.fleet.get(server_id).planned) == (pid, "")


async def test_an_idle_server_is_recycled_at_once_and_that_is_said(rig: FleetUnderTest) -> None:
    server_id = await one(rig)
    await rig.fleet.recycle(server_id, "It takes 9 GB.")  # it does not run
    assert rig.fleet.get(server_id).state == "stopped"
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    await rig.fleet.recycle(server_id, "It takes 9 GB.")
    state = rig.fleet.get(server_id)
    assert (state.state, state.pid != pid) == ("running", True)
    assert await rig.until_note("server-recycled") == "One is restarted. It takes 9 GB."


async def test_a_stop_during_a_restart_wins(rig: FleetUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.fleet.run.GRACE", 0.3)
    tell(rig, deafen=True)
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    restart = asyncio.ensure_future(rig.fleet.restart(server_id))
    await rig.until(server_id, "stopping")
    await rig.fleet.stop(server_id)
    with pytest.raises(StartStopped):
        await restart
    assert (rig.fleet.get(server_id).state, marked_with(rig)) == ("stopped", [])


async def test_a_folder_that_nobody_uses_is_closed_once_until_it_is_used_again(
    rig: FleetUnderTest, tmp_path: Path
) -> None:
    (tmp_path / "more").mkdir()
    more, clock = str(tmp_path / "more"), ManualClock()
    server_id = (await rig.fleet.add("One", [str(rig.project), more])).id
    after = 0.0
    idle = IdleFolders(rig.fleet._roster, rig.fleet._projects, clock, lambda: after)

    async def closed() -> list[str]:
        await idle.look()
        file = rig.project / "disposed.txt"
        said = file.read_text().replace("%2F", "/").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return said

    assert await closed() == []
    await rig.fleet.start(server_id)
    clock.advance(10_000)
    assert await closed() == []  # switched off
    after = 600.0
    assert await closed() == []  # from now on
    clock.advance(400)
    idle.heard(server_id, more, object())
    clock.advance(300)
    assert await closed() == [str(rig.project)]
    clock.advance(500)
    assert await closed() == [more]
    clock.advance(10_000)
    assert await closed() == []
    idle.heard(server_id, more, object())
    clock.advance(700)
    assert await closed() == [more]
    tell(rig, busy=["ses_1"])
    await rig.fleet.restart(server_id)  # opens them anew
    idle.died(server_id)
    await idle.look()
    clock.advance(700)
    assert await closed() == []  # an agent works there


async def test_the_end_of_the_hub_does_not_wait_for_whole_rows_of_starts(rig: FleetUnderTest, tmp_path: Path) -> None:
    ids = await servers(rig, tmp_path, *"abcd")
    starts = asyncio.ensure_future(rig.fleet.start_many())
    await rig.until(ids[3], "starting")
    rig.on_stop = "keep"
    await rig.close()
    assert [type(one.error) for one in await starts] == [type(None), type(None), StartStopped, StartStopped]
    assert len(marked_with(rig)) == 2
    await rig.open()
    for server_id in ids[:2]:
        await rig.until(server_id, "running")
