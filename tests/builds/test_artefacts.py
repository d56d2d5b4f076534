# SPDX-License-Identifier: MIT
"""The folder of finished builds loses nothing that is finished, whatever state the things about it are in."""

import json
import os
from pathlib import Path

import pytest

from scripts.artefacts import Artefacts

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
