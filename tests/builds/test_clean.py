# SPDX-License-Identifier: MIT
"""`scripts/clean` removes what the table names and nothing else; what it cannot remove it says, and does the rest."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.build_lock import held
from scripts.cleaning import find
from scripts.places import CACHE, DEPS, DEV, PLACES, RELEASE
from tests.builds.conftest import Clone, folders, of_mode
from tests.conftest import ROOT

ALL = {DEV, RELEASE, CACHE, DEPS}
# What working in a clone leaves: a file in each place, some of them deep.
USED = {
    DEV: (
        "build/draft/wheel/half.whl", "bench/results/latest.json", "tests/browser/screenshots/a b.png", ".soak/run/x",
        "tests/faults/soak.json", "tests/faults/hub_kills.json", "tests/tunnels/soak.json", ".coverage", ".coverage.1",
        "src/opencode_nexus.egg-info/PKG-INFO", "docs/.DS_Store",
    ),
    RELEASE: ("dist/opencode_nexus-0.1.0.tar.gz", "dist/opencode-nexus-0.1.0-linux-x86_64/_internal/docs/x"),
    CACHE: (
        "scripts/__pycache__/build.cpython-311.pyc", "src/gone/__pycache__/old.cpython-311.pyc", "bench/left.pyc",
        ".hypothesis/unicode_data/x", ".import_linter_cache/x", ".mypy_cache/3.11/x", ".pytest_cache/main/v/x",
        ".ruff_cache/0/x",
    ),
    DEPS: (
        ".venv/bin/python", ".venv/lib/x/__pycache__/y.pyc", "node_modules/axe-core/axe.js",
        "bench/lighthouse/node_modules/lighthouse/x.js", "src/opencode_nexus/web/static/vendor/stamp",
    ),
}  # fmt: skip


@pytest.fixture
def fresh(new_clone: Callable[[], Clone]) -> Clone:
    return new_clone()


def use(clone: Clone, *kinds: str) -> None:
    for kind in kinds or USED:
        for name in USED[kind]:
            path = clone.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x" * 1000)


def test_the_table_and_gitignore_are_one() -> None:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    assert sorted(line for line in lines if line and not line.startswith("#")) == sorted(
        place.pattern for place in PLACES
    )


def test_what_git_ignores_here_would_go_and_nothing_else() -> None:
    """In this very tree, which was used: its tests run in it right now."""

    def seen() -> tuple[set[str], set[str]]:
        words = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"]
        ignored = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        tops = {name.rstrip("/") for name in ignored if name and not (ROOT / name).is_symlink()}
        found = {each.path.relative_to(ROOT).as_posix() for each in find(ROOT, ALL) if not each.path.is_symlink()}
        return tops, found

    tops, found = seen()
    below = {top for top in tops if any(name == top or name.startswith(f"{top}/") for name in found)}
    # git names a folder of nothing but folders that are ignored; and tests beside this one make and remove some
    missed = {top for top in tops - below if (ROOT / top).exists() and not any(find(ROOT / top, ALL))}
    assert missed == set()
    strange = {name for name in found if not any(name == top or name.startswith(f"{top}/") for top in tops)}
    assert {name for name in strange if (ROOT / name).exists()} - seen()[0] == set()


def test_all_brings_a_used_checkout_back_to_a_fresh_clone(fresh: Clone) -> None:
    files, dirs = fresh.tree(), folders(fresh.root)
    use(fresh)
    done = fresh.clean("--all")
    assert done.returncode == 0, done.stderr
    assert fresh.tree() == files
    assert folders(fresh.root) == dirs
    assert fresh.git("status", "--porcelain", "--ignored") == ""
    assert done.stdout.splitlines()[-1].startswith("freed 0.03 MB")


def test_all_after_real_builds(clone: Clone, fresh: Clone) -> None:
    clone.build("twice")
    done = clone.clean("--all")
    assert done.returncode == 0, done.stderr
    assert clone.tree() == fresh.tree()
    assert folders(clone.root) == folders(fresh.root)


def test_each_kind_goes_by_itself(fresh: Clone) -> None:
    for kind in USED:
        use(fresh)
        before = fresh.tree()
        assert all(name in before for names in USED.values() for name in names)
        dry = fresh.clean(f"--{kind}", "--dry-run")
        assert fresh.tree() == before
        done = fresh.clean(f"--{kind}")
        assert done.returncode == 0, done.stderr
        assert before.keys() - fresh.tree().keys() == set(USED[kind])
        assert dry.stdout.replace("would remove", "removed").replace("would free", "freed") == done.stdout


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm on this machine")
def test_npm_and_make_call_it(fresh: Clone) -> None:
    files = fresh.tree()

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=fresh.root, env=fresh.environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    use(fresh)
    used = fresh.tree()
    assert "would remove" in run("npm", "run", "--silent", "clean:full", "--", "--dry-run")
    assert fresh.tree() == used
    run("npm", "run", "--silent", "clean:cache")
    run("make", "clean", "ARGS=--dev")
    assert used.keys() - fresh.tree().keys() == {*USED[CACHE], *USED[DEV]}
    run("npm", "run", "--silent", "clean")
    assert fresh.tree().keys() - files.keys() == set(USED[DEPS])
    run("npm", "run", "--silent", "clean:full")
    assert fresh.tree() == files


def test_nothing_named_is_all_but_what_was_brought(fresh: Clone) -> None:
    use(fresh)
    before = fresh.tree()
    assert fresh.clean().returncode == 0
    assert before.keys() - fresh.tree().keys() == {name for kind in (DEV, RELEASE, CACHE) for name in USED[kind]}


def test_links_are_removed_and_not_followed(fresh: Clone, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "results").mkdir(parents=True)
    (outside / "results/precious.json").write_text("{}")
    (outside / "__pycache__").mkdir()
    (outside / "__pycache__/precious.pyc").write_text("x")
    files = fresh.tree()
    use(fresh, RELEASE)
    (fresh.root / ".venv").symlink_to(outside)
    (fresh.root / "build").symlink_to(outside / "results/precious.json")
    (fresh.root / "dist/out").symlink_to(outside, target_is_directory=True)
    shutil.move(fresh.root / "bench", fresh.root.parent / "bench")
    (fresh.root / "bench").symlink_to(outside)  # bench/results leads out
    done = fresh.clean("--all")
    assert done.returncode == 0, done.stderr
    assert (outside / "results/precious.json").exists()
    assert (outside / "__pycache__/precious.pyc").exists()
    (fresh.root / "bench").unlink()
    shutil.move(fresh.root.parent / "bench", fresh.root / "bench")
    assert fresh.tree() == files


def test_what_git_tracks_stays(fresh: Clone) -> None:
    use(fresh, RELEASE)
    (fresh.root / "dist/kept").mkdir()
    (fresh.root / "dist/kept/notes.txt").write_text("mine")
    fresh.git("add", "-f", "dist/kept/notes.txt")
    assert fresh.clean("--all").returncode == 0
    assert [path.name for path in (fresh.root / "dist").rglob("*")] == ["kept", "notes.txt"]


@pytest.mark.parametrize("named", [True, False])
def test_a_hub_s_home_folder_stays(fresh: Clone, named: bool) -> None:
    """One that was named, and the platform's, for somebody whose HOME lies in the clone."""
    place = fresh.root / "dist/data/opencode-nexus"
    place.mkdir(parents=True)
    (place / "nexus.db").write_text("everything")
    (fresh.root / "dist/other.txt").write_text("x")
    if named:
        environ = {"OPENCODE_NEXUS_HOME": str(place)}
    elif sys.platform.startswith("linux"):
        environ = {"XDG_DATA_HOME": str(fresh.root / "dist/data")}
    else:
        pytest.skip("its folder of this platform hangs on HOME")
    done = fresh.clean("--all", **environ)
    assert done.returncode == 0, done.stderr
    assert "home folder of a hub" in done.stdout
    assert (place / "nexus.db").read_text() == "everything"
    assert not (fresh.root / "dist/other.txt").exists()


def test_only_what_is_old_enough(fresh: Clone) -> None:
    use(fresh, RELEASE, CACHE)
    old = fresh.root / USED[RELEASE][0]
    os.utime(old, (1, 1))
    young = fresh.root / USED[RELEASE][1]
    os.utime(young.parent, (1, 1))  # the folder is old, what is in it is not
    before = fresh.tree()
    assert fresh.clean("--all", "--older-than", "2d").returncode == 0
    assert before.keys() - fresh.tree().keys() == {USED[RELEASE][0]}
    assert fresh.clean("--all", "--older-than", "soon").returncode == 2


def test_a_build_at_work_keeps_its_folders_and_what_it_runs_by(fresh: Clone) -> None:
    files = fresh.tree()
    use(fresh)
    with held(fresh.root):
        done = fresh.clean("--all")
    kept = {*USED[RELEASE], *USED[DEPS], USED[DEV][0]}
    assert fresh.tree().keys() - files.keys() == kept
    assert done.returncode == 1
    told = {line.removesuffix(": a build is at work") for line in done.stderr.splitlines()}
    places = {"build", ".venv", "node_modules", "bench/lighthouse/node_modules", "src/opencode_nexus/web/static/vendor"}
    dist = {f"dist/{path.name}" for path in (fresh.root / "dist").iterdir()}
    assert told == {f"not removed: {name}" for name in places | dist}


def test_a_clone_within_the_clone_is_not_entered(fresh: Clone) -> None:
    inner = fresh.root / "mine/__pycache__"
    inner.mkdir(parents=True)
    (inner / "x.pyc").write_text("x")
    (fresh.root / "mine/.git").mkdir()
    assert fresh.clean("--all").returncode == 0
    assert (inner / "x.pyc").exists()


def test_a_broken_checkout_is_cleaned_by_the_table_alone(fresh: Clone) -> None:
    use(fresh)
    (fresh.root / ".git/HEAD").write_text("nonsense")
    (fresh.root / "pyproject.toml").unlink()
    shutil.rmtree(fresh.root / "src/opencode_nexus/core")
    done = fresh.clean("--all")
    assert done.returncode == 0, done.stderr
    assert "git cannot say" in done.stdout
    assert not [name for names in USED.values() for name in names if (fresh.root / name).exists()]


@pytest.mark.skipif(sys.platform == "win32", reason="a folder's mode says nothing on Windows")
def test_a_read_only_folder_is_told_and_the_rest_is_done(fresh: Clone) -> None:
    files = fresh.tree()
    use(fresh)
    folder = fresh.root / "dist/opencode-nexus-0.1.0-linux-x86_64/_internal"
    with of_mode(folder / "docs", 0o500) as before:
        command = [*before, sys.executable, "scripts/clean", "--all"]
        done = subprocess.run(command, cwd=fresh.root, env=fresh.environment(), capture_output=True, text=True)
    left = USED[RELEASE][1]
    assert done.returncode == 1
    assert done.stderr == f"not removed: {left}: Permission denied; may its folder be written?\n"
    assert fresh.tree() == files | {left: 1000}


@pytest.mark.skipif(sys.platform == "win32", reason="a folder's mode says nothing on Windows")
@pytest.mark.parametrize("mode", [0o300, 0o600])  # its names may not be read; or what bears them not be looked at
@pytest.mark.parametrize("age", [(), ("--older-than", "0h")])
def test_what_may_not_be_read_is_told_and_the_rest_is_done(fresh: Clone, mode: int, age: tuple[str, ...]) -> None:
    files = fresh.tree()
    use(fresh)
    with of_mode(fresh.root / "dist", mode) as before:
        command = [*before, sys.executable, "scripts/clean", "--all", *age]
        done = subprocess.run(command, cwd=fresh.root, env=fresh.environment(), capture_output=True, text=True)
    assert done.returncode == 1
    left = ["dist"] if mode == 0o300 else sorted(f"dist/{path.name}" for path in (fresh.root / "dist").iterdir())
    assert done.stderr.splitlines() == [f"not removed: {name}: Permission denied" for name in left]
    assert fresh.tree() == files | dict.fromkeys(USED[RELEASE], 1000)
