# SPDX-License-Identifier: MIT
"""When a browser is opened."""

import threading
import webbrowser

import pytest

from opencode_nexus.cli.browser import browser_likely, open_browser


@pytest.mark.parametrize(
    ("environ", "platform", "likely"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", True),
        ({"BROWSER": "w3m"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "darwin", False),
        ({}, "win32", True),
    ],
)
def test_a_browser_is_likely_where_somebody_sits(environ: dict[str, str], platform: str, likely: bool) -> None:
    assert browser_likely(environ, platform) is likely


def test_opening_does_not_wait_for_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, opened = threading.Event(), threading.Event()
    urls: list[str] = []

    def slow_browser(url: str) -> bool:
        urls.append(url)
        opened.set()
        return closed.wait(30)

    monkeypatch.setattr(webbrowser, "open", slow_browser)
    assert open_browser("http://127.0.0.1:4600/", {"BROWSER": "x"})
    assert opened.wait(30)
    closed.set()
    assert urls == ["http://127.0.0.1:4600/"]


def test_without_a_display_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("a browser was started"))
    monkeypatch.setattr("sys.platform", "linux")
    assert not browser_likely({}, "linux")
    assert not open_browser("http://127.0.0.1:4600/", {"SSH_CONNECTION": "a"})
