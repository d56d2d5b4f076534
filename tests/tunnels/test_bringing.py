# SPDX-License-Identifier: MIT
"""The genuine cloudflared, from a release page of ours: pinned, verified, run, and the same that says its sum later."""

from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.cloudflared.builds import PINS, TESTED, VERSION, builds
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.install.errors import CloudflaredChanged, DigestMismatch
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from tests.edge.edge import Edge
from tests.edge.program import Program
from tests.fakes import release_page

pytestmark = pytest.mark.anyio


async def test_the_pinned_version_is_brought_and_runs_a_tunnel(tmp_path: Path, cloudflared: Path, edge: Edge) -> None:
    build = builds()[0]
    if build not in PINS:
        pytest.skip(f"NOT TESTED: no sum of {build} is pinned")
    packed = cloudflared.read_bytes()
    if build.endswith(".tgz"):
        packed = release_page.tar_gz({"cloudflared": packed})
    text = f"### SHA256 Checksums:\n```\n{build}: {PINS[build]}\n```\n"
    db, tasks, clock = Database(tmp_path / "nexus.db"), Tasks(), SystemClock()
    await db.open()
    with release_page.ReleasePage(VERSION, {build: packed}, tag="", text=text) as page:
        page.redirect, page.cuts = True, [len(packed) // 2]
        installer = CloudflaredInstaller(
            home=tmp_path / "home", bus=Bus(clock), kv=Kv(db), clock=clock, tasks=tasks,
            page=ReleasePage(page.base, tag=""),
        )  # fmt: skip
        installer.bring()
        brought = await installer.wait()
        assert (brought.version, brought.sha256) == (TESTED, PINS[build])
        assert await installer.program() == brought
        # what the running program says of itself is what was verified
        with Program(brought.path, edge, tmp_path / "run", "http2", "--url", "http://127.0.0.1:9") as program:
            program.wait_line("Registered tunnel connection")
            assert f"Version {VERSION} (Checksum {brought.sha256})" in program.log
        # one bit of it changed, here and on its way
        data = brought.path.read_bytes()
        middle = len(data) // 2
        data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        brought.path.write_bytes(data)
        with pytest.raises(CloudflaredChanged):
            await installer.program()
        page.assets[build] = release_page.tar_gz({"cloudflared": data}) if build.endswith(".tgz") else data
        installer.bring()
        with pytest.raises(DigestMismatch):
            await installer.wait()
    await tasks.close()
    await db.close()
