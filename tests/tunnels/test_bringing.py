# SPDX-License-Identifier: MIT
"""The genuine cloudflared, from a release page of ours: pinned, verified, run, and the same that says its sum later."""

import json
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.cloudflared.builds import PINS, TESTED, VERSION, is_archive
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.install.errors import CloudflaredChanged, DigestMismatch
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from tests.edge.edge import Edge
from tests.edge.program import Program
from tests.fakes import release_page
from tests.tunnels.brought_hub import BroughtHub, genuine_page

pytestmark = pytest.mark.anyio


async def test_the_pinned_version_is_brought_and_runs_a_tunnel(tmp_path: Path, cloudflared: Path, edge: Edge) -> None:
    db, tasks, clock = Database(tmp_path / "nexus.db"), Tasks(), SystemClock()
    await db.open()
    with genuine_page(cloudflared) as page:
        build, packed = next(iter(page.assets.items()))
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
        page.assets[build] = release_page.tar_gz({"cloudflared": data}) if is_archive(build) else data
        installer.bring()
        with pytest.raises(DigestMismatch):
            await installer.wait()
    await tasks.close()
    await db.close()


@pytest.mark.timeout(240)
def test_a_machine_without_it_gets_it_by_command_and_opens_a_tunnel(
    tmp_path: Path, opencode_binary: Path, cloudflared: Path, edge: Edge
) -> None:
    with genuine_page(cloudflared) as page, BroughtHub(tmp_path / "hub", opencode_binary, edge, page) as hub:
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        made = hub.command("tunnel", "add", "--name", "phone", "--kind", "quick")
        assert made.returncode == 0, made.stderr
        refused = hub.command("tunnel", "start", "phone")
        assert refused.returncode == 1
        assert "cloudflared is not on this machine." in refused.stderr
        assert "opencode-nexus tunnel bring" in refused.stderr
        brought = hub.command("tunnel", "bring", "--json")
        assert brought.returncode == 0, brought.stderr
        now = json.loads(brought.stdout)
        assert (now["version"], now["sha256"]) == (VERSION, next(iter(PINS[name] for name in page.assets)))
        assert Path(now["path"]).is_relative_to(hub.home)
        started = hub.command("tunnel", "start", "phone", "--json")
        assert started.returncode == 0, started.stdout + started.stderr
        assert (json.loads(started.stdout)["state"], json.loads(started.stdout)["version"]) == ("ready", VERSION)
