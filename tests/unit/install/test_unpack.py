# SPDX-License-Identifier: MIT
import errno
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.install import unpack
from opencode_nexus.install.errors import BadArchive
from tests.fakes.release_page import tar_gz, zipped


@pytest.mark.parametrize("pack", [tar_gz, zipped])
@pytest.mark.parametrize("inside", ["opencode", "package/bin/opencode", "../../opencode"])
def test_only_the_program_is_written_and_only_to_its_target(tmp_path: Path, pack: Any, inside: str) -> None:
    archive = tmp_path / "in" / "deep" / "a.archive"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(pack({"README": b"x", "../escape": b"x", inside: b"program"}))
    target = tmp_path / "out" / "opencode"
    target.parent.mkdir()
    assert unpack.extract(archive, target, "opencode").read_bytes() == b"program"
    assert os.access(target, os.X_OK)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["a.archive", "opencode"]


def test_a_link_called_like_the_program_is_not_followed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("opencode")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    (tmp_path / "a.tar.gz").write_bytes(buffer.getvalue())
    with pytest.raises(BadArchive, match="holds no file called opencode"):
        unpack.extract(tmp_path / "a.tar.gz", tmp_path / "opencode", "opencode")


@pytest.mark.parametrize("cut", [200, 400, 700])
def test_a_cut_archive_leaves_nothing(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.tar.gz").write_bytes(tar_gz({"opencode": os.urandom(1000)})[:-cut])
    with pytest.raises(BadArchive):
        unpack.extract(tmp_path / "a.tar.gz", tmp_path / "opencode", "opencode")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "LARGEST", 1_000)
    (tmp_path / "a.zip").write_bytes(zipped({"opencode": b"\0" * 1_001}))
    with pytest.raises(BadArchive, match="would be 1001 bytes"):
        unpack.extract(tmp_path / "a.zip", tmp_path / "opencode", "opencode")


def test_a_full_disk_leaves_no_half_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tar.gz").write_bytes(tar_gz({"opencode": b"x" * 5_000}))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        unpack.extract(tmp_path / "a.tar.gz", tmp_path / "opencode", "opencode")
    assert not (tmp_path / "opencode").exists()
