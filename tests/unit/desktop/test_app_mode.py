# SPDX-License-Identifier: MIT
"""Without a web view a browser is opened as a window of its own."""

import sys
from pathlib import Path

import pytest

from opencode_nexus.desktop.app_mode import find_browser, open_app
from tests.unit.desktop.eventually import eventually


def test_the_first_on_path_is_taken(tmp_path: Path) -> None:
    (tmp_path / "google-chrome").touch()
    assert find_browser("linux", lambda name: str(tmp_path / name)) == tmp_path / "google-chrome"
    assert find_browser("linux", lambda name: None) is None


def test_on_windows_the_program_folders_are_searched(tmp_path: Path) -> None:
    edge = tmp_path / "Microsoft/Edge/Application/msedge.exe"
    edge.parent.mkdir(parents=True)
    edge.touch()
    assert find_browser("win32", lambda name: None, (tmp_path / "none", tmp_path)) == edge


@pytest.mark.skipif(sys.platform == "win32", reason="the browser here is a shell script")
def test_it_gets_the_address_and_a_profile_of_its_own(tmp_path: Path) -> None:
    browser, told = tmp_path / "chromium", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\necho "$@" > "{told}.new"; mv "{told}.new" "{told}"\n')
    browser.chmod(0o755)
    assert open_app("http://127.0.0.1:1/x", browser, tmp_path / "profile") == "chromium in app mode"
    eventually(told.exists)
    assert told.read_text().split()[:2] == [
        "--app=http://127.0.0.1:1/x",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
