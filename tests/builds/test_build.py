# SPDX-License-Identifier: MIT
"""Builds leave their artefact and nothing else, however often they are made and however they end.

`make test` makes three in a row and kills three at seeded moments; `make soak` makes ten and kills twenty
(NEXUS_TEST_BUILDS, NEXUS_TEST_KILLS).
"""

import hashlib
import json
import os
import random
import re
import signal
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import build as script
from scripts.build_lock import held
from tests.builds.conftest import Clone

BUILDS = int(os.environ.get("NEXUS_TEST_BUILDS", "3"))
KILLS = int(os.environ.get("NEXUS_TEST_KILLS", "3"))
SEED = int(os.environ.get("NEXUS_TEST_SEED", "6"))
INIT = "src/opencode_nexus/__init__.py"


def artefacts(clone: Clone) -> set[str]:
    """The names in dist/ but for the two files about them."""
    return {path.name for path in (clone.root / "dist").iterdir()} - {"manifest.json", "SHA256SUMS"}


def release(clone: Clone, version: str) -> None:
    """Let the tree be of another version."""
    text = (clone.root / INIT).read_text()
    (clone.root / INIT).write_text(re.sub(r'__version__ = "[^"]+"', f'__version__ = "{version}"', text))


def test_builds_in_a_row_leave_a_tree_no_larger_and_the_same_bytes(clone: Clone) -> None:
    clone.build("wheel", "sdist")
    first = clone.tree()
    sums = (clone.root / "dist/SHA256SUMS").read_text()
    for _ in range(BUILDS - 1):
        clone.build("wheel", "sdist")
        assert clone.tree() == first
        assert (clone.root / "dist/SHA256SUMS").read_text() == sums
    assert not (clone.root / "build").exists()


def test_another_clone_of_the_commit_gives_the_same_bytes(clone: Clone, new_clone: Callable[[], Clone]) -> None:
    """Made by other hands, at another time, under another umask, and by a git that writes the line ends of Windows."""
    clone.build("wheel", "sdist")
    other = new_clone()
    other.git("config", "core.autocrlf", "true")
    other.git("rm", "-q", "-r", "--cached", ".")
    other.git("reset", "-q", "--hard")  # writes every file anew
    assert other.git("status", "--porcelain") == ""
    vendored = "src/opencode_nexus/web/static/vendor"
    (other.root / vendored).mkdir()
    for path in (clone.root / vendored).iterdir():
        (other.root / vendored / path.name).write_bytes(path.read_bytes())
    for path in (other.root / "src").rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() else 0o600)
    other.build("wheel", "sdist", umask=0o077)
    assert stat.S_IMODE((other.root / "dist/SHA256SUMS").stat().st_mode) == 0o600  # that umask it was
    sums = [(each.root / "dist/SHA256SUMS").read_text() for each in (clone, other)]
    assert sums[0] == sums[1]
    assert len(sums[0].splitlines()) == 2


def test_the_manifest_says_what_is_there_and_the_wheel_carries_the_help(clone: Clone) -> None:
    clone.build("wheel")
    (entry,) = [
        each
        for each in json.loads((clone.root / "dist/manifest.json").read_text())["artefacts"]
        if each["kind"] == "wheel"
    ]
    made = clone.root / "dist" / entry["name"]
    assert entry["size"] == made.stat().st_size
    assert entry["sha256"] == hashlib.sha256(made.read_bytes()).hexdigest()
    assert entry["commit"] == clone.git("rev-parse", "HEAD").strip()
    assert f"{entry['sha256']}  {entry['name']}\n" in (clone.root / "dist/SHA256SUMS").read_text()
    with zipfile.ZipFile(made) as wheel:
        docs = {name for name in wheel.namelist() if name.startswith("opencode_nexus/docs/")}
    assert docs == {f"opencode_nexus/{name}" for name in clone.git("ls-files", "docs").split()}


def test_a_killed_build_leaves_no_litter_after_the_next(clone: Clone) -> None:
    moments = random.Random(SEED)
    begun = time.monotonic()
    clone.build("wheel", "sdist")
    whole = clone.tree()
    takes = time.monotonic() - begun
    caught = 0
    while caught < KILLS:
        process = clone.begin("wheel", "sdist")
        time.sleep(moments.uniform(0.1, 0.9) * takes)  # the moment, not a wait for anything
        process.kill()
        process.communicate()
        if process.returncode != -signal.SIGKILL:  # it was done before: the machine has become quicker
            takes *= 0.8
            continue
        caught += 1
        for name in artefacts(clone):  # what bears a final name is whole at any moment
            path = clone.root / "dist" / name
            assert path.stat().st_size == whole[f"dist/{name}"]
        clone.build("wheel", "sdist")
        assert clone.tree() == whole


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_build_clears_up_by_itself(clone: Clone, number: signal.Signals) -> None:
    process = clone.begin("sdist")
    while not (clone.root / "build").exists():
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(number)
    said = process.communicate()[0].decode()
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    assert not (clone.root / "build").exists()
    assert list(clone.scratch.iterdir()) == []


def test_what_was_cut_off_between_two_steps_goes_with_the_next_build(clone: Clone) -> None:
    clone.build("wheel")
    before = clone.tree()
    (clone.root / "build/draft/wheel").mkdir(parents=True)
    (clone.root / "build/draft/wheel/half.whl").write_bytes(b"PK")
    folder = clone.root / "dist/opencode-nexus-9.9.9-linux-x86_64"  # renamed, and killed before the manifest
    folder.mkdir()
    (folder / "opencode-nexus").write_bytes(b"half")
    (clone.root / "dist/mine.txt").write_text("not a build's")
    clone.build("wheel")
    assert clone.tree().keys() - before.keys() == {"dist/mine.txt"}
    (clone.root / "dist/mine.txt").unlink()


def test_other_versions_are_kept_newest_two(clone: Clone) -> None:
    written = (clone.root / INIT).read_text()
    try:
        for version in ("0.0.3", "0.0.1", "0.0.2", "0.0.4"):
            release(clone, version)
            clone.build("wheel")
        wheels = {name for name in artefacts(clone) if name.endswith(".whl")}
        assert wheels == {f"opencode_nexus-{version}-py3-none-any.whl" for version in ("0.0.1", "0.0.2", "0.0.4")}
        clone.build("wheel", "--keep", "0")
        wheels = {name for name in artefacts(clone) if name.endswith(".whl")}
        assert wheels == {"opencode_nexus-0.0.4-py3-none-any.whl"}
    finally:
        (clone.root / INIT).write_text(written)


def test_a_second_build_at_once_says_so(clone: Clone) -> None:
    clone.build("wheel")
    before = clone.tree()
    with held(clone.root):
        process = clone.begin("wheel")
        said = process.communicate()[0].decode()
        assert process.returncode == 1
        assert "Another build is at work" in said
        done = clone.clean("--release")
        assert done.returncode == 1
        assert "a build is at work" in done.stderr
        assert clone.tree() == before


def test_git_says_nothing_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert script.git("--version").startswith("git version")
    assert script.git("no-such-word") == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script.git("--version") == ""


def test_building_twice_fails_when_the_second_leaves_the_tree_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = iter(range(9))

    def leaving(*_: object) -> list[object]:
        (tmp_path / f"left-{next(count)}").write_bytes(b"litter")
        return []

    monkeypatch.setattr(script, "build", leaving)
    monkeypatch.setattr(script.listing, "__defaults__", (tmp_path,))
    with pytest.raises(SystemExit, match="left the tree larger: left-1"):
        script.twice(2)
