# SPDX-License-Identifier: MIT
"""The folder of finished builds loses nothing that is finished, whatever state the things about it are in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.artefacts import Artefacts
from tests.builds.conftest import of_mode
from tests.conftest import ROOT

OLD = "opencode_nexus-0.0.1-py3-none-any.whl"


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    """With one finished wheel."""
    made = Artefacts(tmp_path)
    make(made, "0.0.1")
    return made


def make(artefacts: Artefacts, version: str) -> None:
    artefacts.begin(["wheel"], version)
    wheel = artefacts.draft("wheel") / f"opencode_nexus-{version}-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    artefacts.finish("wheel", version, [wheel], "", 2)
    artefacts.end()


def changed(text: str, **fields: object) -> str:
    """The manifest with other fields in its first entry."""
    told = json.loads(text)
    told["artefacts"][0].update(fields)
    return json.dumps(told)


@pytest.mark.parametrize(
    "case", ["empty", "cut", "list", "null", "field", "lacking", "type", "newer", "bytes", "folder"]
)
def test_a_manifest_that_is_not_understood_ends_the_build_and_removes_nothing(artefacts: Artefacts, case: str) -> None:
    manifest = artefacts.folder / "manifest.json"
    text = manifest.read_text()
    broken = {
        "empty": "", "cut": text[:40], "list": "[]", "null": "null", "field": changed(text, signature="x"),
        "lacking": '{"artefacts": [{"name": "x"}]}', "type": changed(text, name=None),
        "newer": json.dumps({**json.loads(text), "format": 2}), "bytes": "\udcff", "folder": "",
    }  # fmt: skip
    manifest.write_bytes(os.fsencode(broken[case]))
    if case == "folder":
        manifest.unlink()
        manifest.mkdir()
    before = sorted(artefacts.folder.iterdir())
    with pytest.raises(SystemExit) as ended:
        artefacts.begin(["wheel"], "0.0.2")
    artefacts.end()
    assert "manifest.json cannot be understood (" in str(ended.value)
    assert "scripts/clean --release" in str(ended.value)
    assert "\n" not in str(ended.value)
    assert sorted(artefacts.folder.iterdir()) == before
    assert (artefacts.folder / OLD).read_bytes() == b"PK"


def test_the_manifest_is_on_the_disk_before_it_bears_its_name(
    artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[int, tuple[int, bool]] = {}
    manifest = artefacts.folder / "manifest.json"

    def sync(file: int) -> None:
        seen = os.fstat(file)
        synced[seen.st_ino] = seen.st_size, seen.st_ino == manifest.stat().st_ino

    monkeypatch.setattr(os, "fsync", sync)
    make(artefacts, "0.0.2")
    for path in (manifest, artefacts.folder / "SHA256SUMS"):
        assert synced[path.stat().st_ino] == (path.stat().st_size, False)


def test_a_file_in_the_way_of_the_intermediates_goes(artefacts: Artefacts) -> None:
    artefacts.work.write_text("x")
    make(artefacts, "0.0.2")
    assert not artefacts.work.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a folder's mode says nothing on Windows")
@pytest.mark.parametrize("place", ["build/old", "dist/opencode-nexus-0.0.9-linux-x86_64"])
def test_what_cannot_be_removed_is_told_in_one_sentence(artefacts: Artefacts, place: str) -> None:
    """Left of an earlier build, in a folder that only another user may write."""
    root = artefacts.folder.parent
    (root / place).mkdir(parents=True)
    (root / place / "left").write_text("x")
    code = f"from scripts.artefacts import Artefacts, Path; Artefacts(Path({str(root)!r})).begin(['wheel'], '0.0.2')"
    with of_mode(root / place, 0o500) as before:
        done = subprocess.run([*before, sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert " cannot be removed (" in said
    assert "Permission denied): see who may write there, remove it, and build again." in said
    assert (root / place / "left").exists()
    assert (artefacts.folder / OLD).exists()
