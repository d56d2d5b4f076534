# SPDX-License-Identifier: MIT
"""What may happen to a running server from outside: each ends in the right state with the right words.

The rig sees to it that no process is left. Its port taken at a start is in `test_fleet`, a stop by a signal in
`test_hang`.
"""

import os
import shutil
import signal
import socket

import pytest

from opencode_nexus.fleet.errors import ProgramNotRunnable, ProjectGone
from opencode_nexus.processes.backoff import Backoff
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import one, runs, tell

pytestmark = pytest.mark.anyio


async def running(rig: FleetUnderTest) -> tuple[str, int]:
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    return server_id, pid


async def test_killed(rig: FleetUnderTest) -> None:
    server_id, pid = await running(rig)
    os.kill(pid, signal.SIGKILL)
    assert await rig.until_note("server-crashed") == "One ended unexpectedly: SIGKILL. It is started again."
    state = await rig.until(server_id, "running")
    assert (state.pid != pid, state.restarts, state.reason, runs(pid)) == (True, 1, "", False)


async def test_killed_again_and_again(rig: FleetUnderTest) -> None:
    tell(rig, say="No space left on device", quit_after=1)
    await rig.close()
    rig.backoff = Backoff(first=0.01, longest=0.02, limit=2)
    await rig.open()
    server_id, _ = await running(rig)
    assert "That was 2 times within 10 minutes" in await rig.until_note("server-given-up")
    state = await rig.until(server_id, "failed")
    assert (state.pid, state.retry_at) == (None, None)
    assert state.reason.endswith("so it is not started again. Free some space on the disk, then start it.")
    assert "Oh no" in state.last_lines
    (rig.project / "tiny.json").unlink()
    await rig.fleet.start(server_id)  # by hand, which forgets the crashes
    assert (rig.fleet.get(server_id).state, rig.fleet.get(server_id).restarts) == ("running", 0)


async def test_its_port_taken_while_it_was_down(rig: FleetUnderTest) -> None:
    server_id, pid = await running(rig)
    port = rig.fleet.get(server_id).port
    await rig.fleet.stop(server_id)
    with socket.create_server(("127.0.0.1", port)):
        await rig.fleet.start(server_id)
        state = rig.fleet.get(server_id)
        assert (state.state, state.reason, state.port != port, state.pid != pid) == ("running", "", True, True)


async def test_its_folder_deleted(rig: FleetUnderTest) -> None:
    server_id, pid = await running(rig)
    shutil.rmtree(rig.project)
    assert (rig.fleet.get(server_id).state, rig.fleet.get(server_id).pid) == ("running", pid)
    with pytest.raises(ProjectGone):
        await rig.fleet.restart(server_id)
    state = rig.fleet.get(server_id)
    assert (state.state, state.pid, runs(pid)) == ("failed", None, False)
    assert state.reason.startswith("OpenCode could not be started in its project folder.") and str(rig.project) in (
        state.reason
    )
    rig.project.mkdir()
    await rig.fleet.start(server_id)
    assert rig.fleet.get(server_id).state == "running"


async def test_its_program_replaced(rig: FleetUnderTest) -> None:
    server_id, pid = await running(rig)
    assert not isinstance(rig.binary, Exception)
    whole = rig.binary.read_text()
    rig.binary.unlink()
    rig.binary.write_bytes(b"\x7fELF, and then nothing that runs")
    rig.binary.chmod(0o755)
    assert (rig.fleet.get(server_id).state, rig.fleet.get(server_id).pid, runs(pid)) == ("running", pid, True)
    with pytest.raises(ProgramNotRunnable):
        await rig.fleet.restart(server_id)
    state = rig.fleet.get(server_id)
    assert (state.state, state.pid, runs(pid)) == ("failed", None, False)
    assert "is no program for this machine" in state.reason
    rig.binary.write_text(whole)
    await rig.fleet.start(server_id)
    assert rig.fleet.get(server_id).state == "running"
