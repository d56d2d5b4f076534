# SPDX-License-Identifier: MIT
import shutil
import subprocess
from pathlib import Path

import pytest

from opencode_nexus.install.versions import Versions


def put(versions: Versions, *names: str) -> None:
    for name in names:
        program = versions.workplace() / "opencode"
        program.write_text(name)
        versions.adopt(program, name)


def test_newest_first_by_number_not_by_letter(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    assert versions.all() == []
    assert versions.newest() is None
    put(versions, "1.18.9", "1.18.33", "1.18.10")
    (versions.folder / "notes").mkdir()
    (versions.folder / "1.18.99").mkdir()  # a folder without its program
    assert versions.all() == ["1.18.33", "1.18.10", "1.18.9"]
    assert versions.newest() == versions.path("1.18.33")


def test_a_version_is_replaced_in_one_step_and_nothing_is_left_over(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    put(versions, "1.18.33")
    open_copy = versions.path("1.18.33").open()
    program = versions.workplace() / "opencode"
    program.write_text("new")
    assert versions.adopt(program, "1.18.33").read_text() == "new"
    with open_copy:
        assert open_copy.read() == "1.18.33"
    assert [entry.name for entry in versions.folder.iterdir()] == ["1.18.33"]


def test_an_empty_folder_of_that_name_is_no_obstacle(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    (versions.folder / "1.18.33").mkdir(parents=True)
    put(versions, "1.18.33")
    assert versions.all() == ["1.18.33"]


def test_the_newest_two_stay_and_those_named(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    put(versions, "1.18.1", "1.18.2", "1.18.3", "1.18.4")
    part = versions.downloads / "1.18.0" / "opencode-linux-x64.tar.gz.part"
    part.parent.mkdir()
    part.touch()
    assert versions.prune(["1.18.1"]) == ["1.18.2"]
    assert not part.exists()
    assert versions.all() == ["1.18.4", "1.18.3", "1.18.1"]


def test_one_that_runs_is_not_pruned(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    put(versions, "1.18.1", "1.18.2", "1.18.3")
    running = versions.path("1.18.1")
    shutil.copy2("/bin/sleep", running)
    process = subprocess.Popen([str(running), "60"])
    try:
        assert versions.prune() == []
    finally:
        process.kill()
        process.wait()
    assert versions.prune() == ["1.18.1"]


@pytest.mark.parametrize("part", ["opencode-linux-x64.tar.gz.part"])
def test_the_sweep_keeps_what_can_be_resumed(tmp_path: Path, part: str) -> None:
    versions = Versions(tmp_path)
    versions.sweep()
    (versions.workplace() / "half").write_text("x")
    kept = versions.downloads / "1.18.33" / part
    kept.parent.mkdir()
    kept.write_text("x")
    versions.sweep()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
