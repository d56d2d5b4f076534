# SPDX-License-Identifier: MIT
import os
from pathlib import Path

import pytest

from opencode_nexus.install.check import LOWEST, TESTED, check, is_supported, parse
from opencode_nexus.install.errors import OpenCodeNotFound, OpenCodeNotSupported, OpenCodeNotWorking


def script(path: Path, body: str) -> Path:
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("1.18.33\n", (1, 18, 33)),
        ("a warning\n\n1.18.33\n\n", (1, 18, 33)),
        ("opencode v1.18.33", (1, 18, 33)),
        ("1.19.0-beta.2", (1, 19, 0)),
        ("v20.20.2\n", None),
        ("ls (GNU coreutils) 9.1\n", None),
        ("", None),
        ("1.18", None),
    ],
)
def test_versions_are_read_as_opencode_prints_them(said: str, version: tuple[int, int, int] | None) -> None:
    assert parse(said) == version


def test_the_tested_version_is_in_the_range_and_its_neighbours_are_not() -> None:
    assert is_supported(TESTED)
    assert is_supported(LOWEST)
    assert not is_supported((1, 17, 99))
    assert not is_supported((1, 19, 0))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(OpenCodeNotFound, match="no file at"):
        check(tmp_path / "opencode")
    with pytest.raises(OpenCodeNotFound, match="is a folder"):
        check(tmp_path)


def test_a_file_that_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "opencode").write_text("hello")
    with pytest.raises(OpenCodeNotWorking, match="not an executable"):
        check(tmp_path / "opencode")


def test_what_a_broken_program_says_is_passed_on(tmp_path: Path) -> None:
    broken = script(tmp_path / "opencode", "echo cannot load library >&2; exit 3\n")
    with pytest.raises(OpenCodeNotWorking, match="ended with code 3") as caught:
        check(broken)
    assert caught.value.data["output"] == "cannot load library"


def test_a_program_that_is_not_opencode() -> None:
    with pytest.raises(OpenCodeNotWorking, match="did not print a version as OpenCode does") as caught:
        check(Path("/bin/ls"))
    assert "coreutils" in str(caught.value.data["output"]) or caught.value.data["output"]


def test_another_version_names_itself_and_the_range(tmp_path: Path) -> None:
    with pytest.raises(OpenCodeNotSupported, match=r"version 0\.9\.1; needed is 1\.18\.0") as caught:
        check(script(tmp_path / "opencode", "echo 0.9.1\n"))
    assert caught.value.data["version"] == "0.9.1"


def test_a_launcher_whose_program_is_missing_is_not_run_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(OpenCodeNotWorking, match="is a launcher script"):
        check(script(tmp_path / "opencode", "echo 1.18.33\n"))


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = script(tmp_path / "opencode", "echo starting; exec sleep 60\n")
    with pytest.raises(OpenCodeNotWorking, match="within") as caught:
        check(hangs, time_out=0.3)
    assert caught.value.data["output"] in ("", "starting\n")


def test_it_sees_nothing_of_the_users_own(tmp_path: Path) -> None:
    told = tmp_path / "told"
    spy = script(tmp_path / "opencode", f'env > "{told}"; pwd >> "{told}"; echo 0.0.1\n')
    with pytest.raises(OpenCodeNotSupported):
        check(
            spy,
            environ={**os.environ, "HOME": str(tmp_path), "SECRET_KEY": "xyz", "NODE_OPTIONS": "--inspect"},
        )
    text = told.read_text()
    assert "SECRET_KEY" not in text
    assert "NODE_OPTIONS" not in text
    assert f"HOME={tmp_path}\n" not in text
