# SPDX-License-Identifier: MIT
"""A hub that somebody starts from the shell of an agent which an earlier hub of the same home started."""

import asyncio
import os
import sys

import pytest

from opencode_nexus.fleet.environment import MARK
from opencode_nexus.processes.identity import identify
from opencode_nexus.store.servers import RunRow
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.real import ROOT

pytestmark = pytest.mark.anyio

AGENT = """
import subprocess, sys
sys.stdin.readline()
print("the hub ended with", subprocess.run([sys.executable, "-c", *sys.argv[1:]]).returncode, flush=True)
"""
HUB = """
import asyncio, sys
from pathlib import Path
root, folder, program = map(Path, sys.argv[1:])
sys.path[:0] = [str(root), str(root / "src")]
from tests.fakes.fleet import FleetUnderTest

async def main():
    rig = await FleetUnderTest(folder, program).open()
    await asyncio.gather(*(task for task in rig.fleet._tasks._tasks if task.get_name().startswith("clear")))
    await rig.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("known", [True, False])
async def test_what_the_hub_was_started_from_is_left_alone(rig: FleetUnderTest, known: bool) -> None:
    mark = f"{await rig.fleet._home_id()}:srv_gone:start_gone"
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AGENT, HUB, str(ROOT), str(rig.root), str(rig.binary),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, MARK: mark},
    )  # fmt: skip
    found = identify(agent.pid)
    assert found is not None
    if known:  # in the table still, while its server was removed: what is left of it is to be ended
        row = RunRow("start_gone", "srv_gone", mark, 1, 0.0)
        await rig.store.begin(row)
        await rig.store.spawned(row, found.pid, found.created, found.birth)
    await rig.close()
    said, _ = await agent.communicate(b"go\n")
    assert (agent.returncode, said) == (0, b"the hub ended with 0\n")
    await rig.open()  # a hub of its own finds that it has gone
    while rig.store.runs():
        await asyncio.sleep(0.02)
