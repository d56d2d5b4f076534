# SPDX-License-Identifier: MIT
import os
from pathlib import Path

import pytest

from opencode_nexus.fleet.errors import BadProject, ProjectMissing, ProjectTaken, ProjectUnreadable
from opencode_nexus.fleet.spec import BadName, check_name, check_project, check_projects


def test_names() -> None:
    assert check_name("  My server ") == "My server"
    for bad in ("", "   ", "x" * 61, "two\nlines", "bell\a"):
        with pytest.raises(BadName):
            check_name(bad)


def test_a_folder_becomes_its_real_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert check_project(f" {tmp_path / 'link'}/ ") == str(tmp_path / "real")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check_project("~/real") == str(tmp_path / "real")


def test_folders_that_cannot_be_used_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for bad in ("", "  ", "relative/path", "a\0b", "~nobody-of-that-name/x", str(tmp_path / "file")):
        with pytest.raises(BadProject) as caught:
            check_project(bad)
        assert type(caught.value) is BadProject
    for missing in (tmp_path / "none", tmp_path / "file" / "below"):
        with pytest.raises(ProjectMissing):
            check_project(str(missing))


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(ProjectUnreadable, match="Permission denied"):
        check_project(str(tmp_path))
    monkeypatch.undo()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ProjectUnreadable, match="may not be read"):
        check_project(str(tmp_path))


def test_a_list_of_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert check_projects([a, b]) == (a, b)
    with pytest.raises(ProjectTaken):
        check_projects([a, a + "/."])
    with pytest.raises(BadProject, match="at least one"):
        check_projects([])
