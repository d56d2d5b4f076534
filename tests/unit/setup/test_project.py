# SPDX-License-Identifier: MIT
import os
from pathlib import Path

import pytest

from opencode_nexus.fleet.errors import BadProject, ProjectMissing, ProjectUnreadable
from opencode_nexus.setup.errors import ProjectNotFolder, ProjectNotGiven, ProjectNotWritable
from opencode_nexus.setup.project import folder, suggestion


def test_a_folder_as_it_was_typed(tmp_path: Path, home: Path) -> None:
    (home / "code").mkdir()
    (tmp_path / "link").symlink_to(home / "code")
    for typed in (" ~/code ", f"{home}/code/", f"{home}/other/../code", str(tmp_path / "link")):
        assert folder(typed) == home / "code"


@pytest.mark.parametrize("create", [False, True])
def test_what_is_wrong_is_said(tmp_path: Path, create: bool) -> None:
    (tmp_path / "file").touch()
    wrong: dict[str, type[BadProject]] = {
        "": ProjectNotGiven,
        "code": ProjectNotGiven,
        "/a\0b": ProjectNotGiven,
        f"{tmp_path}/file": ProjectNotFolder,
        f"{tmp_path}/file/below": ProjectNotFolder if create else ProjectMissing,
    }
    for typed, kind in wrong.items():
        with pytest.raises(kind):
            folder(typed, create=create)


def test_a_missing_folder_is_made_only_when_asked(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    with pytest.raises(ProjectMissing):
        folder(str(wanted))
    assert not wanted.parent.exists()
    assert folder(str(wanted), create=True) == wanted
    assert wanted.is_dir()


def test_one_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(ProjectNotWritable, match="cannot be made: Permission denied"):
        folder(str(tmp_path / "new"), create=True)


@pytest.mark.parametrize(("missing", "kind"), [(os.R_OK, ProjectUnreadable), (os.W_OK, ProjectNotWritable)])
def test_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: int, kind: type[BadProject]) -> None:
    # the tests may run as root, for whom every folder is open
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & missing)
    with pytest.raises(kind, match="You may not"):
        folder(str(tmp_path))


def test_the_offer_is_where_the_hub_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert suggestion({"HOME": "/home/x"}) == str(tmp_path)
    assert suggestion({"HOME": str(tmp_path)}) == ""
    monkeypatch.chdir("/")
    assert suggestion({}) == ""
