# SPDX-License-Identifier: MIT
import asyncio
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Record
from opencode_nexus.install import bringing
from opencode_nexus.install.check import Checked
from opencode_nexus.install.errors import (
    AlreadyBringing,
    Cancelled,
    DigestMismatch,
    DiskFull,
    HomeNotWritable,
    NetworkGone,
    NoSuchBuild,
    OpenCodeNotFound,
    OpenCodeNotSupported,
    OpenCodeNotWorking,
    VersionNotHere,
)
from opencode_nexus.install.installer import Installer
from opencode_nexus.install.platforms import Machine
from opencode_nexus.install.progress import Progress
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page
from tests.unit.install.bench import Bench

pytestmark = pytest.mark.anyio

ARCHIVE = "opencode-linux-x64.tar.gz"


async def test_nothing_anywhere(bench: Bench) -> None:
    assert await bench.installer().found() == []
    with pytest.raises(OpenCodeNotFound, match="neither on PATH"):
        await bench.installer().binary()


async def test_the_only_one_there_does_not_work_and_says_why(bench: Bench) -> None:
    (bench.path / "opencode").write_text("#!/bin/sh\necho broken; exit 7\n")
    (bench.path / "opencode").chmod(0o755)
    with pytest.raises(OpenCodeNotWorking, match="code 7"):
        await bench.installer().binary()
    assert [(one.checked, type(one.error)) for one in await bench.installer().found()] == [(None, OpenCodeNotWorking)]


async def test_order_setting_choice_found_brought(bench: Bench, opencode_stand_in: Path) -> None:
    installer = bench.installer()
    brought = installer.versions.path("1.18.33")
    chosen, setting = bench.folder / "chosen" / "opencode", bench.folder / "setting" / "opencode"
    for place in (brought, chosen, setting):
        place.parent.mkdir(parents=True)
        shutil.copy(opencode_stand_in, place)
    assert await installer.binary() == brought
    (bench.path / "opencode").symlink_to(opencode_stand_in)
    assert await installer.binary() == opencode_stand_in.resolve()
    await installer.choose(chosen)
    assert await bench.installer().binary() == chosen
    bench.setting = str(setting)
    assert await installer.binary() == setting
    setting.unlink()
    with pytest.raises(OpenCodeNotFound):
        await installer.binary()
    bench.setting = ""
    chosen.unlink()  # a removed choice gives way to one that works
    assert await installer.binary() == opencode_stand_in.resolve()
    assert (await installer.choose(brought)).program == brought
    assert installer.choice == "brought"


async def test_a_server_may_want_a_version_of_its_own(
    bench: Bench, opencode_stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer, versions = bench.installer(), dict[Path, str]()

    def program(place: Path, version: str) -> Path:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(opencode_stand_in, place)
        versions[place] = version
        return place

    def checked(given: Path, **more: object) -> Checked:
        if versions[given] < "1.18":
            raise OpenCodeNotSupported(versions[given])
        return Checked(given, given, versions[given])

    monkeypatch.setattr("opencode_nexus.install.installer.check", checked)

    brought = program(installer.versions.path("1.18.20"), "1.18.20")
    program(installer.versions.path("1.17.9"), "1.17.9")
    own = program(bench.path / "opencode", "1.18.30")
    assert await installer.binary("1.18.20") == brought
    assert await installer.binary("1.18.30") == own
    for version in ("1.18.21", "1.18.3"):
        with pytest.raises(VersionNotHere):
            await installer.binary(version)
    with pytest.raises(OpenCodeNotSupported):
        await installer.binary("1.17.9")


async def test_a_check_is_remembered_until_the_file_changes(
    bench: Bench, opencode_stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = bench.path / "opencode"
    shutil.copy2(opencode_stand_in, copy)
    first = await bench.installer().check(copy)

    def never(*arguments: object, **more: object) -> None:
        raise AssertionError("it was run again")

    with monkeypatch.context() as patch:
        patch.setattr("opencode_nexus.install.installer.check", never)
        assert await bench.installer().check(copy) == first
    copy.write_text("#!/bin/sh\necho 0.1.0\n")
    with pytest.raises(OpenCodeNotSupported):
        await bench.installer().check(copy)


async def test_brought_from_the_release_page(bench: Bench, opencode_stand_in: Path) -> None:
    data = release_page.tar_gz({"opencode": opencode_stand_in.read_bytes()})
    with release_page.ReleasePage("1.18.33", {ARCHIVE: data}) as page:
        bench.page = ReleasePage(page.base)
        installer = bench.installer()
        stages: list[str] = []

        def note(record: Record) -> None:
            assert isinstance(record.data, Progress)
            stages.append(record.data.stage)

        bench.bus.listen(note, "install")
        installer.bring()
        with pytest.raises(AlreadyBringing):
            installer.bring()
        checked = await installer.wait()
    assert checked.program == installer.versions.path("1.18.33")
    assert (installer.choice, installer.progress.stage, installer.running) == ("brought", "done", False)
    assert list(dict.fromkeys(stages)) == ["looking", "downloading", "unpacking", "checking", "done"]
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]
    assert await installer.binary() == checked.program


async def test_a_build_that_does_not_run_here_gives_way_to_the_next(bench: Bench, opencode_stand_in: Path) -> None:
    assets = {
        ARCHIVE: release_page.tar_gz({"opencode": b"\x7fELF not for this processor"}),
        "opencode-linux-x64-baseline.tar.gz": release_page.tar_gz({"opencode": opencode_stand_in.read_bytes()}),
    }
    with release_page.ReleasePage("1.18.33", assets) as page:
        bench.page = ReleasePage(page.base)
        installer = bench.installer()
        installer.bring()
        assert (await installer.wait()).version == "1.18.33"
    assert bench.leftovers() == ["opencode/versions/1.18.33/opencode"]


async def failing(bench: Bench, kind: type[Exception]) -> Installer:
    """Bring, expect `kind`, and prove that nothing was left but what can be resumed."""
    installer = bench.installer()
    installer.bring()
    with pytest.raises(kind):
        await installer.wait()
    assert installer.progress.stage == "failed"
    assert installer.progress.error is not None
    assert installer.choice is None
    assert [name for name in bench.leftovers() if ".part" not in name] == []
    return installer


async def test_network_gone(bench: Bench) -> None:
    installer = await failing(bench, NetworkGone)
    assert installer.progress.error is not None
    assert installer.progress.error["code"] == "network-gone"


async def test_digest_mismatch(bench: Bench) -> None:
    with release_page.ReleasePage("1.18.33", {ARCHIVE: release_page.tar_gz({"opencode": b"x"})}) as page:
        page.digests[ARCHIVE] = "sha256:" + "1" * 64
        bench.page = ReleasePage(page.base)
        await failing(bench, DigestMismatch)
        assert bench.leftovers() == []


async def test_no_build_for_this_machine(bench: Bench) -> None:
    bench.machine = Machine("plan9", "x64")
    await failing(bench, NoSuchBuild)


async def test_too_little_room_is_said_before_anything_is_fetched(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bringing, "NEEDED", 1 << 62)
    await failing(bench, DiskFull)


async def test_a_home_folder_that_cannot_be_written(bench: Bench, tiny_disk: Path | None) -> None:
    if tiny_disk is None:  # not root, so rights hold
        (bench.folder / "home").mkdir(mode=0o500)
    else:
        remount = ["mount", "-o", "remount,ro", str(tiny_disk)]
        await asyncio.to_thread(subprocess.run, remount, check=True)
        (bench.folder / "home").symlink_to(tiny_disk)
    await failing(bench, HomeNotWritable)


async def test_it_says_another_version_than_asked(bench: Bench, opencode_stand_in: Path) -> None:
    data = release_page.tar_gz({"opencode": opencode_stand_in.read_bytes()})
    with release_page.ReleasePage("1.18.34", {ARCHIVE: data}) as page:
        bench.page = ReleasePage(page.base)
        installer = bench.installer()
        installer.bring("1.18.34")
        with pytest.raises(OpenCodeNotSupported, match=r"says that it is 1\.18\.33, not 1\.18\.34"):
            await installer.wait()
    assert bench.leftovers() == []


async def test_cancel_leaves_nothing_half_done(bench: Bench) -> None:
    with release_page.ReleasePage("1.18.33", {ARCHIVE: os.urandom(400_000)}) as page:
        page.stall = threading.Event()
        bench.page = ReleasePage(page.base)
        installer = bench.installer()
        installer.bring()
        await asyncio.to_thread(page.half_sent.wait, 20)
        await installer.cancel()
        with pytest.raises(Cancelled):
            await installer.wait()
    assert installer.progress.stage == "cancelled"
    assert [name for name in bench.leftovers() if ".part" not in name] == []
    assert not list(bench.folder.glob("home/opencode/**/work-*"))


async def test_a_choice_that_was_made_while_a_copy_came_stays(bench: Bench, opencode_stand_in: Path) -> None:
    data = release_page.tar_gz({"opencode": opencode_stand_in.read_bytes()})
    own = bench.folder / "own" / "opencode"
    own.parent.mkdir()
    shutil.copy(opencode_stand_in, own)
    with release_page.ReleasePage("1.18.33", {ARCHIVE: data}) as page:
        page.stall = threading.Event()
        bench.page = ReleasePage(page.base)
        installer = bench.installer()
        installer.bring()
        await asyncio.to_thread(page.half_sent.wait, 20)
        await installer.choose(own)
        page.stall.set()
        checked = await installer.wait()
    assert checked.program == installer.versions.path("1.18.33")
    assert (installer.choice, await installer.binary()) == (str(own), own)


async def test_candidates_that_hang_cost_their_time_once_and_not_again_for_each_page(bench: Bench) -> None:
    other = bench.folder / "user" / ".opencode" / "bin"
    other.mkdir(parents=True)
    ran = bench.folder / "ran"
    for place in (bench.path, other):
        program = place / "opencode"
        # each waits for the other: one that ran alone would wait for ever, and not end with a code. With the shell's
        # own words only: there is no `wc` on this PATH, and both waited until they were killed, 30 s later
        program.write_text(
            f"#!/bin/sh\necho x >> {ran}\nuntil {{ read -r a && read -r b; }} < {ran}; do :; done\nexit 3\n"
        )
        program.chmod(0o755)
    installer = bench.installer()
    for _ in range(2):
        found = await installer.found()
        assert [type(one.error) for one in found] == [OpenCodeNotWorking, OpenCodeNotWorking]
        assert all("ended with code 3" in str(one.error) for one in found)
    assert ran.read_text().count("x") == 2
    (other / "opencode").write_text("#!/bin/sh\nexit 4\n")  # another file is looked at at once
    assert any("code 4" in str(one.error) for one in await installer.found())


async def test_npm_without_network_falls_back_to_the_release_page(bench: Bench, opencode_stand_in: Path) -> None:
    npm = bench.path / "npm"
    npm.write_text("""#!/bin/sh\necho '{"error": {"code": "ENOTFOUND", "summary": "no registry"}}'; exit 1\n""")
    npm.chmod(0o755)
    await failing(bench, NetworkGone)
    data = release_page.tar_gz({"opencode": opencode_stand_in.read_bytes()})
    with release_page.ReleasePage("1.18.33", {ARCHIVE: data}) as page:
        bench.page = ReleasePage(page.base)
        installer = bench.installer()
        installer.bring()
        assert (await installer.wait()).version == "1.18.33"
        assert installer.progress.stage == "done"
