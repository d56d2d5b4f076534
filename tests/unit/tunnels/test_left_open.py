# SPDX-License-Identifier: MIT
"""Closing what a hub that was killed has left open, with a stand-in for cloudflared."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from opencode_nexus.store.db import Database
from opencode_nexus.store.tunnels import TunnelTable
from opencode_nexus.tunnels.arguments import MARK
from opencode_nexus.tunnels.left_open import Closed, close_left_open
from tests.fakes import tiny_cloudflared
from tests.fakes.manager import ManagerUnderTest

pytestmark = pytest.mark.anyio


def of_another_home() -> subprocess.Popen[bytes]:
    """A process with the mark of another home."""
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    return subprocess.Popen(words, env={MARK: "0123456789abcdef:tun_1:run_1"})


async def test_all_of_a_killed_hub_is_closed_and_nothing_else(tmp_path: Path) -> None:
    rig = ManagerUnderTest(tmp_path, tiny_cloudflared.install(tmp_path))
    await rig.open()
    tunnels = [await rig.add(name) for name in ("one", "two", "three")]
    for tunnel_id in tunnels[:2]:
        await rig.manager.start_tunnel(tunnel_id)
        await rig.until_state(tunnel_id, "ready")
    (run, _) = rig.store.runs()
    await rig.store.over(run.run_id)  # of this one only its mark tells
    await rig.crash()
    assert len(rig.carriers()) == 2
    with of_another_home() as other:
        db = Database(rig.home / "nexus.db")
        await db.open()
        # the process of a run that is long over, whose id is given out again, and not to a tunnel
        gone, table = run, TunnelTable(db)
        await table.begin(gone)
        await table.spawned(gone, other.pid, psutil.Process(other.pid).create_time() - 5, "another birth")
        closed = await close_left_open(db, rig.home)
        assert (sorted(closed.names), closed.left) == (["one", "two"], [])
        assert (rig.carriers(), table.runs()) == ([], [])
        assert await close_left_open(db, rig.home) == Closed([], [])
        await db.close()
        assert other.poll() is None
        other.kill()


async def test_one_that_does_not_end_by_itself_and_one_of_no_known_tunnel(tmp_path: Path) -> None:
    rig = ManagerUnderTest(tmp_path, tiny_cloudflared.install(tmp_path))
    await rig.open()
    tunnel_id = await rig.add()
    folder = rig.home / "tunnels" / tunnel_id
    folder.mkdir(parents=True)
    (folder / "tiny.json").write_text('{"stay": true}')
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until_state(tunnel_id, "ready")
    await rig.store.remove(tunnel_id)
    await rig.crash()
    db = Database(rig.home / "nexus.db")
    await db.open()
    assert await close_left_open(db, rig.home) == Closed([tunnel_id], [])
    await db.close()
    assert rig.carriers() == []
