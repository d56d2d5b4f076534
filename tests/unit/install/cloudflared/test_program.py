# SPDX-License-Identifier: MIT
"""Which cloudflared is used, and that no other bytes are run than those that were looked at."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.install.cloudflared import installer as front
from opencode_nexus.install.cloudflared.check import LOWEST, Cloudflared, check, parse, text_of
from opencode_nexus.install.cloudflared.find import candidates
from opencode_nexus.install.errors import (
    CloudflaredChanged,
    CloudflaredNotFound,
    CloudflaredNotSupported,
    CloudflaredNotWorking,
)
from opencode_nexus.install.installer import LOOK_AGAIN
from tests.fakes import release_page
from tests.unit.install.cloudflared.conftest import BUILD, SAYS, Bench, program, sha256

pytestmark = pytest.mark.anyio

OWN = program("cloudflared version 2026.7.0 (built 2026-07-01)\n")
OTHER = program("cloudflared version 2026.8.2 (built 2026-08-20)\n")


async def brought(bench: Bench, page: release_page.ReleasePage) -> Path:
    installer = bench.installer()
    installer.bring()
    return (await installer.wait()).path


@pytest.mark.parametrize(
    ("said", "version"),
    [
        (SAYS, (2026, 6, 0)),
        ("cloudflared version 2026.6.0\r\n", (2026, 6, 0)),
        ("a warning\ncloudflared version 2025.11.1-dirty (built unknown)\n", (2025, 11, 1)),
        ("2026.6.0\n", None),  # any program may print that
        ("cloudflared version DEV (built unknown)\n", None),
        ("Incorrect Usage: flag provided but not defined: -x\ncloudflared version 2026.6.0 or newer", None),
        ("", None),
    ],
)
def test_versions_are_read_as_cloudflared_prints_them(said: str, version: tuple[int, int, int] | None) -> None:
    assert parse(said) == version


async def test_nothing_anywhere(bench: Bench) -> None:
    with pytest.raises(CloudflaredNotFound, match="neither on PATH"):
        await bench.installer().program()


async def test_order_setting_brought_found(bench: Bench, page: release_page.ReleasePage) -> None:
    bench.put(bench.path / "cloudflared", OTHER)
    installer = bench.installer()
    assert (await installer.program()).version == (2026, 8, 2)
    copy = await brought(bench, page)
    assert (await installer.program()).path == copy
    own = bench.put(bench.folder / "mine" / "tunnel", OWN)
    bench.setting = str(own)
    used = await installer.program()
    assert (used.path, used.version, used.sha256) == (own, (2026, 7, 0), sha256(OWN))
    own.unlink()
    with pytest.raises(CloudflaredNotFound, match="no file at"):
        await installer.program()


async def test_a_setting_that_cannot_be_used_says_why(bench: Bench) -> None:
    bench.setting = str(bench.folder)
    with pytest.raises(CloudflaredNotFound, match="is a folder"):
        await bench.installer().program()
    plain = bench.put(bench.folder / "cloudflared", OWN)
    plain.chmod(0o644)
    bench.setting = str(plain)
    with pytest.raises(CloudflaredNotWorking, match="not an executable"):
        await bench.installer().program()
    bench.setting = sys.executable
    with pytest.raises(CloudflaredNotWorking, match="did not print a version") as caught:
        await bench.installer().program()
    assert "Python" in str(caught.value.data["output"])


async def test_one_that_prints_help_and_ends_with_0_is_no_cloudflared(bench: Bench) -> None:
    bench.put(bench.path / "cloudflared", program("Incorrect Usage: flag provided but not defined: -version\n"))
    with pytest.raises(CloudflaredNotWorking):
        await bench.installer().program()


async def test_too_old_ones_are_passed_over_and_told_when_there_is_no_other(bench: Bench) -> None:
    lowest = text_of(LOWEST)
    bench.put(bench.path / "cloudflared", program("cloudflared version 2025.2.1 (built 2025-02-26)\n"))
    with pytest.raises(CloudflaredNotSupported, match=f"2025.2.1; needed is {lowest} or newer"):
        await bench.installer().program()
    bench.put(bench.folder / "user" / ".local" / "bin" / "cloudflared", OTHER)
    assert (await bench.installer().program()).version == (2026, 8, 2)


async def test_a_script_of_ones_own_may_stand_for_it_without_a_sum(bench: Bench) -> None:
    bench.setting = str(bench.put(bench.folder / "wrapper", f"#!/bin/sh\necho '{SAYS.strip()}'\n".encode()))
    used = await bench.installer().program()
    assert (used.version, used.sha256) == ((2026, 6, 0), "")


async def test_scripts_shims_and_other_programs_links_are_not_found(bench: Bench) -> None:
    bench.put(bench.path / "cloudflared", b"#!/bin/sh\nexec npx cloudflared\n")
    manager = bench.put(bench.folder / "manager", program())
    (bench.folder / "links").mkdir()
    (bench.folder / "links" / "cloudflared").symlink_to(manager)
    bench.put(bench.folder / "shims" / "cloudflared", program())
    bench.put(bench.folder / "Chocolatey" / "bin" / "cloudflared", program())
    folders = ("path", "links", "shims", "Chocolatey/bin")
    environ = {"PATH": os.pathsep.join(str(bench.folder / name) for name in folders)}
    assert candidates(environ) == []
    real = bench.put(bench.folder / "real" / "cloudflared", program())
    (bench.folder / "again").mkdir()
    (bench.folder / "again" / "cloudflared").symlink_to(real)
    environ["PATH"] += "".join(os.pathsep + str(bench.folder / name) for name in ("again", "real"))
    assert candidates(environ) == [real]


async def test_a_brought_copy_that_changed_is_never_run(bench: Bench, page: release_page.ReleasePage) -> None:
    copy = await brought(bench, page)
    mark = bench.folder / "was-run"
    copy.write_text(f"#!/bin/sh\ntouch {mark}\necho '{SAYS.strip()}'\n")
    bench.put(bench.path / "cloudflared", OTHER)
    with pytest.raises(CloudflaredChanged, match="verified was"):
        await bench.installer().program()
    assert not mark.exists()
    again = await brought(bench, page)
    assert (await bench.installer().program()).path == again


async def test_a_copy_that_nothing_is_known_of_is_not_run_unless_it_is_the_pinned_one(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    await brought(bench, page)
    bench.kv.values.clear()  # the database was set back
    with pytest.raises(CloudflaredChanged, match="is not known"):
        await bench.installer().program()
    bench.pins = {BUILD: sha256(program())}
    assert (await bench.installer().program()).sha256 == sha256(program())


async def test_bytes_that_were_seen_working_are_not_run_again_and_others_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bench.put(bench.path / "cloudflared", OTHER)
    before = await bench.installer().program()

    def never(*arguments: object) -> str:
        raise AssertionError("it was run again")

    with monkeypatch.context() as patch:
        patch.setattr("opencode_nexus.install.cloudflared.check.ask", never)
        assert await bench.installer().program() == before
    place.unlink()
    bench.put(place, OWN)
    assert (await bench.installer().program()).version == (2026, 7, 0)


async def test_pages_neither_read_nor_run_again_what_is_the_same_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bench.put(bench.path / "cloudflared", b"\x7fELF that does not run")
    working = bench.put(bench.folder / "user" / "bin" / "cloudflared", OTHER)
    installer, checked = bench.installer(), list[Path]()

    def counted(path: Path, **more: Any) -> Cloudflared:
        checked.append(path)
        return check(path, **more)

    monkeypatch.setattr("opencode_nexus.install.cloudflared.installer.check", counted)
    for _ in range(2):
        assert (await installer.look()).path == working
    assert checked == [place, working]
    assert (await installer.program()).path == working  # before a start all is read anew
    assert checked == [place, working] * 2
    place.unlink()
    bench.put(place, OWN)
    assert (await installer.look()).version == (2026, 7, 0)
    bench.clock.advance(LOOK_AGAIN)
    del checked[:]
    assert (await installer.look()).version == (2026, 7, 0)
    assert checked == [place]


async def test_a_changed_copy_is_told_to_pages_as_well(bench: Bench, page: release_page.ReleasePage) -> None:
    copy, installer = await brought(bench, page), bench.installer()
    assert (await installer.look()).path == copy
    copy.write_bytes(OTHER)
    for _ in range(2):
        with pytest.raises(CloudflaredChanged):
            await installer.look()


async def test_only_the_last_sums_are_remembered(bench: Bench) -> None:
    for month in range(1, 13):
        bench.setting = str(bench.put(bench.folder / "own", program(f"cloudflared version 2026.{month}.0\n")))
        assert (await bench.installer().program()).version == (2026, month, 0)
        Path(bench.setting).unlink()
    assert len(bench.kv.values["cloudflared-checks"]) == front._REMEMBERED


async def test_old_copies_are_pruned_and_forgotten(bench: Bench, page: release_page.ReleasePage) -> None:
    installer = bench.installer()
    for version in ("2026.1.0", "2026.2.0", "2026.3.0"):
        bench.put(installer.versions.path(version), program())
    bench.kv.values["cloudflared-verified"] = {"2026.1.0": "0" * 64, "2026.3.0": "1" * 64}
    await brought(bench, page)
    assert installer.versions.all() == ["2026.6.0", "2026.3.0"]
    assert set(bench.kv.values["cloudflared-verified"]) == {"2026.6.0", "2026.3.0"}
    half = installer.versions.workplace() / "half"
    half.touch()
    await installer.open()
    assert not half.exists()


async def test_one_that_hangs_is_ended(bench: Bench) -> None:
    sleeper = bench.put(bench.folder / "cloudflared", b"#!/bin/sh\necho going; exec sleep 60\n")
    with pytest.raises(CloudflaredNotWorking, match="did not answer"):
        check(sleeper, environ=os.environ, known={}, time_out=0.3)
