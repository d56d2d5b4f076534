# SPDX-License-Identifier: MIT
"""A copy that comes through npm: what a cut, a cancel or a killed hub leaves, and that the next try goes on with it.

npm is a script here, its registry the release page's stand-in; the real npm is in tests/e2e/test_npm_resumes.py.
"""

import asyncio
import base64
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from opencode_nexus.core.bus import Record
from opencode_nexus.install.errors import Cancelled, DiskFull, NetworkGone
from opencode_nexus.install.installer import Installer
from opencode_nexus.install.progress import Progress
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page
from tests.unit.install.bench import Bench

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="this npm is a shell script"),
]

NAME = "opencode-linux-x64-1.18.33.tgz"
KEPT = f"opencode/downloads/1.18.33/{NAME}"
CUT = 100_000

# $HOME: `fetched` is what npm itself is given to install, `called` its arguments, `hangs` makes it wait there
NPM = """#!/bin/sh
PATH=/usr/bin:/bin
echo "$@" >> "$HOME/called"
if [ "$1" = view ]; then
    echo '{"version": "1.18.33", "dist.integrity": "INTEGRITY", "dist.unpackedSize": 300, "dist.tarball": "TARBALL"}'
    exit 0
fi
for word; do
    case "$word" in
        --cache=*) cache=${word#--cache=} ;;
        ../*.tgz) file=$word ;;
        opencode-linux-x64@1.18.33) file=$HOME/fetched ;;
    esac
done
mkdir -p "$cache/_cacache/tmp" node_modules/opencode-linux-x64
echo half > "$cache/_cacache/tmp/half"
echo ours > "$cache/_cacache/index"
if [ -e "$HOME/hangs" ]; then
    trap 'test -e package.json && echo yes > "$HOME/ended-with-its-folder"; exit 1' TERM
    sleep 300 & echo $! > "$HOME/child"; echo $$ > "$HOME/pid"; wait
fi
if [ -e "$HOME/full" ]; then echo '{"error": {"code": "ENOSPC", "summary": "full"}}'; exit 1; fi
if [ ! -e "$file" ]; then echo '{"error": {"code": "ECONNRESET", "summary": "cut"}}'; exit 1; fi
tar -xzf "$file" -C node_modules/opencode-linux-x64 --strip-components=1
echo '{"packages": {"node_modules/opencode-linux-x64": {"version": "1.18.33", "integrity": "INTEGRITY"}}}' \\
    > node_modules/.package-lock.json
"""


class Registry:
    """npm on the bench's PATH, and the file that its registry names."""

    def __init__(self, bench: Bench, page: release_page.ReleasePage, data: bytes) -> None:
        self.bench, self.page, self.data = bench, page, data
        self.user = bench.folder / "user"
        self.user.mkdir()
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        npm = bench.path / "npm"
        npm.write_text(NPM.replace("INTEGRITY", integrity).replace("TARBALL", f"{page.base}/files/{NAME}"))
        npm.chmod(0o755)
        bench.page = ReleasePage(page.base, no_pause)

    def ranges(self) -> list[str | None]:
        """The Range header of each request for the file."""
        return [wanted for path, wanted in self.page.requests if path.endswith(NAME)]

    def installs(self) -> list[str]:
        """npm's arguments of each install."""
        return [line for line in (self.user / "called").read_text().splitlines() if line.startswith("install")]

    async def until(self, name: str) -> str:
        """Wait until npm wrote `name` below its HOME, and return what."""
        return await until(lambda: (self.user / name).read_text() if (self.user / name).exists() else "")


async def no_pause(seconds: float) -> None:
    pass


async def until(look: Callable[[], str]) -> str:
    async with asyncio.timeout(60):
        while not (found := look().strip()):
            await asyncio.sleep(0.02)
    return found


@pytest.fixture
def registry(bench: Bench, opencode_stand_in: Path) -> Iterator[Registry]:
    members = {"package/bin/opencode": opencode_stand_in.read_bytes(), "package/more": os.urandom(400_000)}
    data = release_page.tar_gz(members)
    with release_page.ReleasePage("1.18.33", {NAME: data}) as page:
        yield Registry(bench, page, data)


async def brought(installer: Installer) -> None:
    installer.bring()
    assert (await installer.wait()).program == installer.versions.path("1.18.33")


async def test_we_fetch_the_file_that_npm_names_and_npm_installs_it(bench: Bench, registry: Registry) -> None:
    installer, seen = bench.installer(), list[Progress]()

    def note(record: Record) -> None:
        assert isinstance(record.data, Progress)
        seen.append(record.data)

    bench.bus.listen(note, "install")
    await brought(installer)
    [install] = registry.installs()
    assert {"--ignore-scripts", f"../../1.18.33/{NAME}"} <= set(install.split())
    assert list(dict.fromkeys(one.stage for one in seen)) == [
        "looking", "downloading", "unpacking", "checking", "done",
    ]  # fmt: skip
    assert {one.source for one in seen[1:-1]} == {"npm"}
    assert (seen[-2].done, seen[-2].total) == (len(registry.data), len(registry.data))
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]


async def test_after_a_cut_the_next_try_goes_on_where_it_stopped(bench: Bench, registry: Registry) -> None:
    registry.page.cuts = [CUT, 0, 0, 0, 0]
    installer = bench.installer()
    installer.bring()
    with pytest.raises(NetworkGone, match="ECONNRESET"):
        await installer.wait()
    assert f"{KEPT}.part" in bench.leftovers()
    registry.page.cuts, registry.page.requests = [], []
    again = bench.installer()  # the hub was started anew
    await again.open()
    await brought(again)
    assert registry.ranges() == [f"bytes={CUT}-"]
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]


async def test_after_a_cancel_the_next_try_goes_on_where_it_stopped(bench: Bench, registry: Registry) -> None:
    registry.page.stall = threading.Event()
    installer = bench.installer()
    installer.bring()
    half = len(registry.data) // 2
    await asyncio.to_thread(registry.page.half_sent.wait, 20)
    await until(lambda: "all" if installer.progress.done >= half else "")
    await installer.cancel()
    registry.page.stall.set()
    registry.page.stall, registry.page.requests = None, []
    await brought(installer)
    [wanted] = registry.ranges()
    assert wanted is not None
    assert 0 < int(wanted.removeprefix("bytes=").rstrip("-")) <= half


async def test_what_was_whole_at_a_cancel_is_not_fetched_again(bench: Bench, registry: Registry) -> None:
    (registry.user / "hangs").touch()
    installer = bench.installer()
    installer.bring()
    await registry.until("pid")
    await installer.cancel()
    with pytest.raises(Cancelled):
        await installer.wait()
    assert bench.leftovers() == [KEPT]
    (registry.user / "hangs").unlink()
    registry.page.requests = []
    await brought(installer)
    assert registry.ranges() == []


async def test_a_full_disk_keeps_no_file_that_makes_it_fuller(bench: Bench, registry: Registry) -> None:
    (registry.user / "full").touch()
    for status in ({}, {NAME: 401}):  # we fetch it, npm does
        registry.page.status = dict(status)
        installer = bench.installer()
        installer.bring()
        with pytest.raises(DiskFull):
            await installer.wait()
        assert bench.leftovers() == []


@pytest.mark.parametrize("way", ["credentials", "proxy", "login page"])
async def test_what_only_npm_can_reach_npm_fetches_through_a_cache_that_is_kept(
    bench: Bench, registry: Registry, way: str
) -> None:
    cache = "opencode/downloads/npm/_cacache"
    if way == "credentials":
        registry.page.status[NAME] = 401
    elif way == "proxy":
        registry.page.cuts = [0] * 8
    else:
        registry.page.assets[NAME] = b"<h1>Log in</h1>"
    installer = bench.installer()
    (registry.user / "hangs").touch()
    installer.bring()
    await registry.until("pid")
    await installer.cancel()
    # what npm had written to its end is there for the next try, and nothing that it had not
    assert [name for name in bench.leftovers() if ".part" not in name] == [f"{cache}/index"]
    (registry.user / "hangs").unlink()
    shutil.move(_file(bench, registry), registry.user / "fetched")
    await brought(installer)
    installs = registry.installs()
    assert [line.count(" opencode-linux-x64@1.18.33 ") for line in installs] == [1, 1]
    assert len({word for line in installs for word in line.split() if word.startswith("--cache=")}) == 1
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]


def _file(bench: Bench, registry: Registry) -> Path:
    file = bench.folder / NAME
    file.write_bytes(registry.data)
    return file


HUB = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from opencode_nexus.install.release import ReleasePage
from tests.unit.install.bench import Bench

async def main():
    bench = Bench(Path(sys.argv[1]))
    bench.page = ReleasePage(sys.argv[2])
    installer = bench.installer()
    await installer.open()
    installer.bring()
    await installer.wait()

asyncio.run(main())
"""


async def test_the_npm_of_a_killed_hub_is_ended_before_its_folder_goes_and_no_other(
    bench: Bench, registry: Registry, tmp_path: Path
) -> None:
    (registry.user / "hangs").touch()
    root = str(Path(__file__).resolve().parents[3])
    hub = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HUB, str(tmp_path), registry.page.base, root, stdin=subprocess.DEVNULL
    )
    elsewhere, mine = Bench(tmp_path / "other"), list[psutil.Process]()
    try:
        pid = int(await registry.until("pid"))
        tree = [psutil.Process(pid), psutil.Process(int(await registry.until("child")))]
        mine += tree
        hub.kill()
        await hub.wait()
        assert all(process.is_running() for process in tree)

        other = elsewhere.installer()
        await other.open()  # another home folder's hub starts
        assert all(process.is_running() for process in tree)

        theirs = psutil.Popen(["sleep", "300"], env={**os.environ, "OPENCODE_NEXUS_INSTALL": "0" * 16})
        mine.append(theirs)
        again = bench.installer()
        await again.open()
        _, left = await asyncio.to_thread(psutil.wait_procs, tree, timeout=20)
        assert [process.pid for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
        assert (registry.user / "ended-with-its-folder").exists()
        assert not list(bench.folder.glob("home/opencode/**/work-*"))
        assert theirs.is_running()
        (registry.user / "hangs").unlink()
        registry.page.requests = []
        await brought(again)
        assert registry.ranges() == []  # what the killed hub had fetched is taken as it is
    finally:
        for process in mine:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                await asyncio.to_thread(process.wait, 20)
        if hub.returncode is None:
            hub.kill()
            await hub.wait()
        await elsewhere.tasks.close()
