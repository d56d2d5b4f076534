# SPDX-License-Identifier: MIT
"""The real npm with a registry on loopback: we fetch its file, and an npm whose hub was killed is ended."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from opencode_nexus.install import orphans
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.processes.tree import marked
from tests.fakes import release_page, tiny_program
from tests.unit.install.bench import Bench

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not tiny_program.available(), reason="the small program is machine code for Linux"),
]

PACKAGE = "opencode-linux-x64"
NAME = f"{PACKAGE}-1.18.33.tgz"
CUT = 100_000


def registry() -> release_page.ReleasePage:
    """A registry that holds the one package, with scripts that must not run."""
    manifest = {"name": PACKAGE, "version": "1.18.33", "os": ["linux"], "scripts": {"postinstall": "exit 1"}}
    members = {
        "package/package.json": json.dumps(manifest).encode(),
        "package/bin/opencode": tiny_program.program(),
        "package/more": os.urandom(400_000),
    }
    data = release_page.tar_gz(members)
    page = release_page.ReleasePage("1.18.33", {NAME: data})
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    dist = {"tarball": f"{page.base}/files/{NAME}", "integrity": integrity, "unpackedSize": 400_300}
    listing = {"name": PACKAGE, "dist-tags": {"latest": "1.18.33"}, "versions": {"1.18.33": {**manifest, "dist": dist}}}
    page.assets[PACKAGE] = json.dumps(listing).encode()
    return page


def bench_at(folder: Path, address: str) -> Bench:
    """An installer with this machine's npm, which asks the registry at `address`."""
    bench = Bench(folder)
    bench.environ = {"PATH": os.environ["PATH"], "HOME": str(folder / "user"), "npm_config_registry": address + "/"}
    bench.page = ReleasePage(address)
    return bench


async def test_a_cut_download_goes_on_and_npm_installs_the_file(tmp_path: Path) -> None:
    with registry() as page:
        page.cuts = [None, CUT]  # what npm asks first, then the file
        bench = bench_at(tmp_path / "a # b%20c", page.base)
        installer = bench.installer()
        installer.bring()
        checked = await installer.wait()
        await bench.tasks.close()
    assert checked.program == installer.versions.path("1.18.33")
    assert [wanted for path, wanted in page.requests if path.endswith(NAME)] == [None, f"bytes={CUT}-"]
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]


async def test_where_npm_must_fetch_it_npm_does(tmp_path: Path) -> None:
    with registry() as page:
        page.refused = "opencode-nexus"
        bench = bench_at(tmp_path, page.base)
        installer = bench.installer()
        installer.bring()
        await installer.wait()
        await bench.tasks.close()
    assert [path.endswith(NAME) for path, _ in page.requests].count(True) == 2  # ours, which was refused, and npm's
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]


HUB = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.e2e.test_npm_resumes import bench_at

async def main():
    installer = bench_at(Path(sys.argv[1]), sys.argv[2]).installer()
    await installer.open()
    installer.bring()
    await installer.wait()

asyncio.run(main())
"""


async def test_an_npm_whose_hub_was_killed_is_ended_at_the_next_start(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    with registry() as page:
        page.stall = threading.Event()
        bench = bench_at(tmp_path, page.base)
        installer = bench.installer()
        hub = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HUB, str(tmp_path), page.base, root, stdin=subprocess.DEVNULL
        )
        left: list[psutil.Process] = []
        try:
            assert await asyncio.to_thread(page.half_sent.wait, 60)  # npm waits for the rest of its answer
            hub.kill()
            await hub.wait()
            mark = orphans.mark_of(installer.versions.downloads)
            left = [psutil.Process(found.identity.pid) for found in marked(orphans.MARK, mark)]
            assert any("npm" in " ".join(process.cmdline()) for process in left)
            await installer.open()
            assert marked(orphans.MARK, mark) == []
            assert not list(tmp_path.glob("home/opencode/**/work-*"))
        finally:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            if hub.returncode is None:
                hub.kill()
                await hub.wait()
