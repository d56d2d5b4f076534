# SPDX-License-Identifier: MIT
import asyncio
import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode_nexus.install.download import Asset
from opencode_nexus.install.errors import (
    DigestMismatch,
    DiskFull,
    HomeNotWritable,
    InstallError,
    NetworkGone,
    NoSuchBuild,
    ReleaseRefused,
    from_os,
)
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page

pytestmark = pytest.mark.anyio

NAME = "opencode-linux-x64.tar.gz"
DATA = bytes(range(256)) * 4_000  # 1 MB


@pytest.fixture
def page() -> Iterator[release_page.ReleasePage]:
    with release_page.ReleasePage("1.18.33", {NAME: DATA, "opencode-linux-x64-musl.tar.gz": b"m"}) as served:
        yield served


class Pauses:
    """Takes the pauses without waiting."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def nothing(done: int, total: int | None) -> None:
    pass


async def asset(page: release_page.ReleasePage) -> Asset:
    return (await ReleasePage(page.base).find("1.18.33", ["linux-x64"]))[0]


async def test_builds_are_found_in_the_order_asked(page: release_page.ReleasePage) -> None:
    found = await ReleasePage(page.base).find("1.18.33", ["linux-x64-musl", "linux-x64-baseline", "linux-x64"])
    assert [one.name for one in found] == ["opencode-linux-x64-musl.tar.gz", NAME]
    assert found[1].size == len(DATA)


async def test_what_is_not_published_is_said(page: release_page.ReleasePage) -> None:
    with pytest.raises(NoSuchBuild, match=r"no version 9\.9\.9"):
        await ReleasePage(page.base).find("9.9.9", ["linux-x64"])
    with pytest.raises(NoSuchBuild, match="not published for windows-arm64"):
        await ReleasePage(page.base).find("1.18.33", ["windows-arm64"])
    page.digests[NAME] = None
    with pytest.raises(ReleaseRefused, match="No digest is published"):
        await ReleasePage(page.base).find("1.18.33", ["linux-x64"])
    page.status["v1.18.33"] = 403
    with pytest.raises(ReleaseRefused, match="answered 403"):
        await ReleasePage(page.base).find("1.18.33", ["linux-x64"])


async def test_nobody_listens(free_port: int) -> None:
    with pytest.raises(NetworkGone, match="could not be reached"):
        await ReleasePage(f"http://127.0.0.1:{free_port}").find("1.18.33", ["linux-x64"])


async def test_a_whole_download_with_its_progress(page: release_page.ReleasePage, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    file = await ReleasePage(page.base).download(
        await asset(page), tmp_path / "d", lambda done, total: seen.append((done, total))
    )
    assert file.read_bytes() == DATA
    assert [entry.name for entry in file.parent.iterdir()] == [NAME]
    assert seen == sorted(seen)
    assert seen[-1] == (len(DATA), len(DATA))


async def test_a_cut_connection_goes_on_where_it_stopped(page: release_page.ReleasePage, tmp_path: Path) -> None:
    page.cuts = [300_000, 1, None]
    file = await ReleasePage(page.base, Pauses()).download(await asset(page), tmp_path, nothing)
    assert file.read_bytes() == DATA
    assert [wanted for path, wanted in page.requests if path.endswith(NAME)] == [
        None,
        "bytes=300000-",
        "bytes=300001-",
    ]


async def test_it_goes_on_after_a_restart_of_the_hub(page: release_page.ReleasePage, tmp_path: Path) -> None:
    page.cuts = [300_000, 0, 0, 0, 0]
    with pytest.raises(NetworkGone, match="300,000 of 1,024,000 bytes came") as caught:
        await ReleasePage(page.base, Pauses()).download(await asset(page), tmp_path, nothing)
    assert caught.value.data == {"done": 300_000, "total": len(DATA)}
    assert (tmp_path / f"{NAME}.part").stat().st_size == 300_000
    page.cuts = []
    file = await ReleasePage(page.base).download(await asset(page), tmp_path, nothing)
    assert file.read_bytes() == DATA
    assert page.requests[-1][1] == "bytes=300000-"


async def test_a_file_that_changed_meanwhile_is_taken_anew(page: release_page.ReleasePage, tmp_path: Path) -> None:
    page.cuts = [300_000, 0, 0, 0, 0]
    with pytest.raises(NetworkGone):
        await ReleasePage(page.base, Pauses()).download(await asset(page), tmp_path, nothing)
    page.cuts, page.etag = [], '"two"'
    file = await ReleasePage(page.base).download(await asset(page), tmp_path, nothing)
    assert file.read_bytes() == DATA


async def test_a_part_of_another_file_is_not_continued(page: release_page.ReleasePage, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 2_000_000)
    file = await ReleasePage(page.base).download(await asset(page), tmp_path, nothing)
    assert file.read_bytes() == DATA


async def test_a_server_that_only_cuts_is_given_up(page: release_page.ReleasePage, tmp_path: Path) -> None:
    page.cuts = [0] * 10
    pauses = Pauses()
    with pytest.raises(NetworkGone, match="0 of 1,024,000"):
        await ReleasePage(page.base, pauses).download(await asset(page), tmp_path, nothing)
    assert pauses.taken == [1.0, 2.0, 4.0]


async def test_a_wrong_digest_installs_nothing(page: release_page.ReleasePage, tmp_path: Path) -> None:
    page.digests[NAME] = "sha256:" + "0" * 64
    with pytest.raises(DigestMismatch):
        await ReleasePage(page.base).download(await asset(page), tmp_path, nothing)
    assert list(tmp_path.iterdir()) == []


async def test_more_than_was_announced_is_refused(page: release_page.ReleasePage, tmp_path: Path) -> None:
    announced = await asset(page)
    page.assets[NAME] = DATA + b"more"
    with pytest.raises(ReleaseRefused, match="longer than"):
        await ReleasePage(page.base).download(announced, tmp_path, nothing)


async def test_the_page_refuses_the_file(page: release_page.ReleasePage, tmp_path: Path) -> None:
    announced = await asset(page)
    page.status[NAME] = 500
    with pytest.raises(ReleaseRefused, match="answered 500"):
        await ReleasePage(page.base).download(announced, tmp_path, nothing)


async def test_a_cancel_keeps_only_what_can_be_resumed(page: release_page.ReleasePage, tmp_path: Path) -> None:
    announced = await asset(page)
    page.stall = threading.Event()
    job = asyncio.create_task(ReleasePage(page.base).download(announced, tmp_path, nothing))
    await asyncio.to_thread(page.half_sent.wait, 20)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert {entry.name for entry in tmp_path.iterdir()} <= {f"{NAME}.part", f"{NAME}.part.json"}


async def test_a_full_disk(page: release_page.ReleasePage, tmp_path: Path, tiny_disk: Path | None) -> None:
    folder = tiny_disk
    if folder is None:  # /dev/full is a file that has no room
        folder = tmp_path / "d"
        folder.mkdir()
        (folder / f"{NAME}.part").symlink_to("/dev/full")
        announced = await asset(page)
        note = f'{{"url": "{announced.url}", "digest": "{announced.digest.value}", "tag": ""}}'
        (folder / f"{NAME}.part.json").write_text(note)
    with pytest.raises(DiskFull, match="no room left"):
        await ReleasePage(page.base).download(await asset(page), folder, nothing)
    assert list(folder.iterdir()) == []


async def test_a_folder_that_cannot_be_made(page: release_page.ReleasePage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InstallError, match="Not a directory"):
        await ReleasePage(page.base).download(await asset(page), tmp_path / "file" / "d", nothing)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, HomeNotWritable),
        (errno.EACCES, HomeNotWritable),
        (errno.EIO, InstallError),
    ],
)
async def test_the_systems_reasons(number: int, kind: type[Exception]) -> None:
    problem = from_os(OSError(number, "words"), Path("/some/place"))
    assert type(problem) is kind
    assert "/some/place" in str(problem)
