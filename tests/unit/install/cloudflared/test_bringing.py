# SPDX-License-Identifier: MIT
"""What can go wrong on the way of a cloudflared, and that nothing is run or left behind that was not verified."""

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Record
from opencode_nexus.install.cloudflared import bringing
from opencode_nexus.install.cloudflared.bringing import published_sums
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.install.errors import (
    AlreadyBringing,
    BadArchive,
    Cancelled,
    CloudflaredNotSupported,
    CloudflaredNotWorking,
    DigestMismatch,
    DiskFull,
    NetworkGone,
    NoSuchBuild,
    ReleaseRefused,
)
from opencode_nexus.install.progress import Progress
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page
from tests.unit.install.cloudflared.conftest import BUILD, SAYS, Bench, program, sha256, words

pytestmark = pytest.mark.anyio

MAC = "cloudflared-darwin-arm64.tgz"
PROGRAM = "cloudflared/versions/2026.6.0/cloudflared"


async def no_pause(seconds: float) -> None:
    pass


def told_on(folder: Path) -> bytes:
    """A script that says it is cloudflared, and leaves a mark when it is run."""
    return f"#!/bin/sh\ntouch {folder}/was-run\necho '{SAYS.strip()}'\n".encode()


def serve(page: release_page.ReleasePage, name: str, data: bytes, body_sum: str) -> None:
    page.assets, page.text = {name: data}, words({name: body_sum})


async def failing(bench: Bench, kind: type[Exception], match: str = ".") -> CloudflaredInstaller:
    """Bring, expect `kind`, and prove that nothing was left but what can be resumed."""
    installer = bench.installer()
    installer.bring()
    with pytest.raises(kind, match=match):
        await installer.wait()
    assert installer.progress.stage == "failed"
    assert installer.progress.error is not None
    assert [name for name in bench.leftovers() if ".part" not in name] == []
    assert not list(bench.home.glob("cloudflared/**/work-*"))
    return installer


async def test_brought_with_its_progress(bench: Bench, page: release_page.ReleasePage) -> None:
    installer = bench.installer()
    stages: list[str] = []

    def note(record: Record) -> None:
        assert isinstance(record.data, Progress)
        stages.append(record.data.stage)

    bench.bus.listen(note, "install-cloudflared")
    installer.bring()
    with pytest.raises(AlreadyBringing):
        installer.bring()
    brought = await installer.wait()
    assert list(dict.fromkeys(stages)) == ["looking", "downloading", "verifying", "checking", "done"]
    assert installer.progress.text == "cloudflared 2026.6.0 is ready."
    assert os.access(brought.path, os.X_OK)
    assert await installer.program() == brought
    assert await bench.installer().program() == brought  # after a restart of the hub


async def test_what_is_here_and_as_it_was_verified_is_not_fetched_again(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    installer = bench.installer()
    installer.bring()
    brought = await installer.wait()
    asked = len(page.requests)
    installer.bring()
    assert await installer.wait() == brought
    assert len(page.requests) == asked
    assert installer.progress.stage == "done"


async def test_a_redirected_file_that_is_cut_goes_on_where_it_stopped(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    size = len(page.assets[BUILD])
    page.redirect, page.cuts = True, [100, 1, None]
    bench.page = ReleasePage(page.base, no_pause, tag="")
    installer = bench.installer()
    installer.bring()
    assert (await installer.wait()).sha256 == sha256(page.assets[BUILD])
    wanted = [asked for path, asked in page.requests if path.startswith("/elsewhere/")]
    assert wanted == [None, "bytes=100-", "bytes=101-"]
    assert size > 101


async def test_a_file_that_stays_truncated_is_resumed_by_the_next_try(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    page.cuts = [100, 0, 0, 0, 0]
    bench.page = ReleasePage(page.base, no_pause, tag="")
    installer = await failing(bench, NetworkGone, "100 of")
    assert f"cloudflared/downloads/2026.6.0/{BUILD}.part" in bench.leftovers()
    page.cuts = []
    installer.bring()
    await installer.wait()
    assert page.requests[-1][1] == "bytes=100-"
    assert bench.leftovers() == [PROGRAM]


async def test_a_changed_file_is_never_run(bench: Bench, page: release_page.ReleasePage) -> None:
    """The page's digest and its makers' sum are of another file; each by itself stops it."""
    evil = told_on(bench.folder)
    serve(page, BUILD, evil, sha256(program()))
    await failing(bench, DigestMismatch, "page's digest and its makers' sum")
    assert page.requests[-1][0].endswith("/releases/tags/2026.6.0")  # not even fetched
    page.digests[BUILD] = "sha256:" + sha256(program())
    await failing(bench, DigestMismatch)
    assert not (bench.folder / "was-run").exists()


async def test_a_pinned_version_that_was_published_anew_is_refused(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    evil = told_on(bench.folder)
    serve(page, BUILD, evil, sha256(evil))  # whoever can write the release can write both sums
    bench.pins = {BUILD: sha256(program())}
    await failing(bench, DigestMismatch, "the pinned sum")
    assert not (bench.folder / "was-run").exists()
    assert not any("/files/" in path for path, _ in page.requests)


async def test_the_pins_are_for_their_version_alone(bench: Bench) -> None:
    newer = program("cloudflared version 2026.10.0 (built 2026-10-05-09:33 UTC)\n")
    bench.pins = {BUILD: sha256(program())}
    with release_page.ReleasePage("2026.10.0", {BUILD: newer}, tag="", text=words({BUILD: sha256(newer)})) as page:
        bench.page = ReleasePage(page.base, tag="")
        installer = bench.installer()
        installer.bring((2026, 10, 0))
        assert (await installer.wait()).version == (2026, 10, 0)


async def test_of_an_archive_the_page_tells_the_archive_and_the_makers_the_program(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    inside = program()
    packed = release_page.tar_gz({"cloudflared": inside})
    bench.fitting = [MAC]
    serve(page, MAC, packed, sha256(packed))  # the sum of the archive in the place of the program's
    await failing(bench, DigestMismatch)
    evil = release_page.tar_gz({"cloudflared": told_on(bench.folder)})
    serve(page, MAC, evil, sha256(inside))  # an archive of somebody else, with its own digest
    await failing(bench, DigestMismatch)
    serve(page, MAC, evil, sha256(inside))
    page.digests[MAC] = "sha256:" + sha256(packed)  # and with the right one
    await failing(bench, DigestMismatch)
    page.digests.clear()
    serve(page, MAC, release_page.tar_gz({"README": b"x"}), sha256(inside))
    await failing(bench, BadArchive, "holds no file called cloudflared")
    assert not (bench.folder / "was-run").exists()


async def test_without_either_sum_nothing_is_fetched(bench: Bench, page: release_page.ReleasePage) -> None:
    page.digests[BUILD] = None
    await failing(bench, ReleaseRefused, "No digest is published")
    page.digests.clear()
    page.text = "Nothing but words."
    await failing(bench, ReleaseRefused, "No sum is published")
    page.text = words({BUILD: "0" * 64}) + words({BUILD: "1" * 64})
    await failing(bench, ReleaseRefused, "Two different sums")
    assert not any("/files/" in path for path, _ in page.requests)


async def test_published_but_no_program(bench: Bench, page: release_page.ReleasePage) -> None:
    serve(page, BUILD, b"not a program", sha256(b"not a program"))
    await failing(bench, CloudflaredNotWorking, "cannot be run")
    other = program("1.18.33\n")
    serve(page, BUILD, other, sha256(other))
    await failing(bench, CloudflaredNotWorking, "did not print a version")
    other = program("cloudflared version 2026.6.1 (built x)\n")
    serve(page, BUILD, other, sha256(other))
    await failing(bench, CloudflaredNotSupported, r"says that it is 2026\.6\.1, not 2026\.6\.0")


async def test_a_build_that_does_not_run_here_gives_way_to_the_next(
    bench: Bench, page: release_page.ReleasePage
) -> None:
    broken, good = b"\x7fELF not for this processor", program()
    bench.fitting = ["cloudflared-linux-armhf", "cloudflared-linux-arm"]
    page.assets = {"cloudflared-linux-armhf": broken, "cloudflared-linux-arm": good}
    page.text = words({name: sha256(data) for name, data in page.assets.items()})
    installer = bench.installer()
    installer.bring()
    assert (await installer.wait()).sha256 == sha256(good)
    assert bench.leftovers() == [PROGRAM]


async def test_nothing_is_published_for_this_machine(bench: Bench, page: release_page.ReleasePage) -> None:
    bench.fitting = []
    await failing(bench, NoSuchBuild, "not among those")
    bench.fitting = ["cloudflared-linux-arm"]
    await failing(bench, NoSuchBuild, "not published as cloudflared-linux-arm")


async def test_no_room(bench: Bench, page: release_page.ReleasePage, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bringing, "NEEDED", 1 << 62)
        await failing(bench, DiskFull, "are needed")
    assert page.requests == []  # said before anything is fetched

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # and when it runs out on the way
    inside = program()
    bench.fitting = [MAC]
    serve(page, MAC, release_page.tar_gz({"cloudflared": inside}), sha256(inside))
    monkeypatch.setattr(os, "fsync", full)
    await failing(bench, DiskFull, "no room left")


async def test_nobody_answers(bench: Bench) -> None:
    installer = await failing(bench, NetworkGone)
    assert installer.progress.error is not None
    assert installer.progress.error["code"] == "network-gone"


async def test_cancel_leaves_nothing_half_done(bench: Bench, page: release_page.ReleasePage) -> None:
    page.stall = threading.Event()
    installer = bench.installer()
    installer.bring()
    await asyncio.to_thread(page.half_sent.wait, 20)
    await installer.close()
    with pytest.raises(Cancelled):
        await installer.wait()
    assert installer.progress.stage == "cancelled"
    assert [name for name in bench.leftovers() if ".part" not in name] == []
    assert not list(bench.home.glob("cloudflared/**/work-*"))


def test_sums_are_read_from_the_makers_words() -> None:
    one, two = "a" * 64, "b" * 64
    text = (
        f"### SHA256 Checksums:\r\n```\r\ncloudflared-linux-386: {one}\r\n> cloudflared-linux-arm.deb: {two}\r\n```\r\n"
    )
    assert {name: digest.value for name, digest in published_sums(text).items()} == {
        "cloudflared-linux-386": one,
        "cloudflared-linux-arm.deb": two,
    }
    assert published_sums(f"see cloudflared-linux-386: {one} there, or x: {one[1:]}") == {}
