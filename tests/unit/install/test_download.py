# SPDX-License-Identifier: MIT
"""What the release page never asks of the downloader: a file whose size and sameness nobody tells beforehand. The rest
is in test_release.py.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode_nexus.install.download import Asset, Downloader
from opencode_nexus.install.errors import DigestMismatch, NetworkGone, ReleaseRefused
from opencode_nexus.install.verify import Digest
from tests.fakes import release_page

pytestmark = pytest.mark.anyio

NAME = "opencode-linux-x64-1.18.33.tgz"
DATA = bytes(range(256)) * 4_000  # 1 MB
CUT = 300_000


@pytest.fixture
def page() -> Iterator[release_page.ReleasePage]:
    """A server that gives neither ETag nor Last-Modified, as a mirror of npm's registry does (measured)."""
    with release_page.ReleasePage("1.18.33", {NAME: DATA}) as served:
        served.etag = ""
        yield served


def asset(page: release_page.ReleasePage, data: bytes = DATA) -> Asset:
    return Asset(NAME, f"{page.base}/files/{NAME}", None, Digest("sha512", hashlib.sha512(data).hexdigest()))


def ranges(page: release_page.ReleasePage) -> list[str | None]:
    return [wanted for _, wanted in page.requests]


async def no_pause(seconds: float) -> None:
    pass


def nothing(done: int, total: int | None) -> None:
    pass


async def cut(page: release_page.ReleasePage, folder: Path) -> None:
    """Leave CUT bytes in a .part, as a hub that found the network gone."""
    page.cuts = [CUT, 0, 0, 0, 0]
    with pytest.raises(NetworkGone, match="300,000 of 1,024,000 bytes came"):
        await Downloader(no_pause).fetch(asset(page), folder, nothing)
    page.cuts, page.requests = [], []


async def test_the_server_tells_the_size(page: release_page.ReleasePage, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    file = await Downloader().fetch(asset(page), tmp_path, lambda done, total: seen.append((done, total)))
    assert file.read_bytes() == DATA
    assert {total for _, total in seen} == {len(DATA)}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


async def test_it_goes_on_though_the_server_gives_nothing_to_know_the_file_by(
    page: release_page.ReleasePage, tmp_path: Path
) -> None:
    await cut(page, tmp_path)
    seen: list[tuple[int, int | None]] = []
    file = await Downloader().fetch(asset(page), tmp_path, lambda done, total: seen.append((done, total)))
    assert file.read_bytes() == DATA
    assert ranges(page) == [f"bytes={CUT}-"]
    assert seen[0][0] > CUT
    assert {total for _, total in seen} == {len(DATA)}


async def test_two_pieces_that_do_not_belong_together_are_fetched_anew(
    page: release_page.ReleasePage, tmp_path: Path
) -> None:
    await cut(page, tmp_path)
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * CUT)
    file = await Downloader().fetch(asset(page), tmp_path, nothing)
    assert file.read_bytes() == DATA
    assert ranges(page) == [f"bytes={CUT}-", None]


async def test_what_came_in_one_piece_and_is_wrong_is_not_fetched_twice(
    page: release_page.ReleasePage, tmp_path: Path
) -> None:
    with pytest.raises(DigestMismatch):
        await Downloader().fetch(asset(page, b"other"), tmp_path, nothing)
    assert ranges(page) == [None]
    assert list(tmp_path.iterdir()) == []


async def test_a_whole_file_that_lies_there_is_not_fetched_again(
    page: release_page.ReleasePage, tmp_path: Path
) -> None:
    for _ in range(2):
        file = await Downloader().fetch(asset(page), tmp_path, nothing)
    assert ranges(page) == [None]
    file.write_bytes(b"changed")
    assert (await Downloader().fetch(asset(page), tmp_path, nothing)).read_bytes() == DATA
    assert ranges(page) == [None, None]


async def test_who_has_another_way_need_not_try_long(free_port: int, tmp_path: Path) -> None:
    taken: list[float] = []

    async def pause(seconds: float) -> None:
        taken.append(seconds)

    nowhere = Asset(NAME, f"http://127.0.0.1:{free_port}/{NAME}", None, Digest("sha512", "00"))
    with pytest.raises(NetworkGone):
        await Downloader(pause).fetch(nowhere, tmp_path, nothing, reach=2)
    assert len(taken) == 1


async def test_an_address_that_is_none(tmp_path: Path) -> None:
    odd = Asset(NAME, "http://127.0.0.1:none/", None, Digest("sha512", "00"))
    with pytest.raises(ReleaseRefused, match="led nowhere"):
        await Downloader().fetch(odd, tmp_path, nothing)
