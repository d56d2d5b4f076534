# SPDX-License-Identifier: MIT
"""Without a web view a browser is opened, and signed in over a file of its user's."""

import subprocess
import sys
from pathlib import Path

import pytest

from opencode_nexus.desktop.desktop import Desktop
from opencode_nexus.desktop.errors import NoWebView
from opencode_nexus.desktop.sign_in_page import SignInPage
from tests.unit.desktop.eventually import eventually

LINK = "http://127.0.0.1:1/pair#secret"


class Hub:
    """One that the window has started."""

    ours, url = True, "http://127.0.0.1:1/"

    def sign_in_link(self) -> str:
        return LINK


def start(home: Path, monkeypatch: pytest.MonkeyPatch, browser: Path | None) -> None:
    monkeypatch.setattr("opencode_nexus.desktop.desktop.find_browser", lambda folders: browser)
    (home / "desktop").mkdir(exist_ok=True)
    desktop = Desktop(home, [], {"XDG_CONFIG_HOME": str(home)})
    desktop._hub = Hub()  # type: ignore[assignment]
    desktop._without(NoWebView())


@pytest.mark.skipif(sys.platform == "win32", reason="the browser here is a shell script")
@pytest.mark.parametrize("app_mode", [True, False])
def test_the_link_stands_in_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app_mode: bool) -> None:
    browser, told = tmp_path / "chromium", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\necho "$@" >"{told}"\npage="${{1#--app=}}"\ncat "${{page#file://}}" >>"{told}"\n')
    browser.chmod(0o755)
    monkeypatch.setattr("webbrowser.open", lambda url: subprocess.run([browser, url]).returncode < 2)
    start(tmp_path, monkeypatch, browser if app_mode else None)
    eventually(lambda: told.exists() and "\n" in told.read_text())
    line = told.read_text().partition("\n")[0]
    assert "/desktop/sign-in.html" in line and "secret" not in line
    eventually(lambda: LINK in told.read_text())
    assert not list((tmp_path / "desktop").glob("*.html"))


@pytest.mark.parametrize(
    ("reads", "terminal", "shown"), [(False, True, True), (False, False, False), (True, True, False)]
)
def test_a_browser_that_may_not_read_the_file_is_helped_in_the_terminal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reads: bool,
    terminal: bool,
    shown: bool,
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: True)
    monkeypatch.setattr(SignInPage, "wait", lambda page: reads)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    start(tmp_path, monkeypatch, None)
    assert (LINK in capsys.readouterr().out) is shown


def test_ctrl_c_while_the_browser_starts_leaves_no_file_and_lets_the_hub_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(page: SignInPage) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", lambda url: True)
    monkeypatch.setattr(SignInPage, "wait", interrupted)
    start(tmp_path, monkeypatch, None)  # what it raises stops the hub
    assert "The hub goes on" in capsys.readouterr().out
    assert not list((tmp_path / "desktop").glob("*.html"))
