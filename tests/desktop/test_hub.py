# SPDX-License-Identifier: MIT
"""The hub behind the window: started, joined, started again, with the real command; and the link that signs in."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil
import pytest

from opencode_nexus.desktop.errors import HubDidNotStart, HubGone
from opencode_nexus.desktop.hub import LocalHub
from tests import leaks
from tests.conftest import ROOT
from tests.desktop.screen import until
from tests.fakes.hub import RealHub
from tests.fakes.real import find_opencode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture
def local(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    hub = LocalHub(tmp_path / "nexus", ["--port", "0"])
    yield hub
    hub.stop()
    leaks.refuse(leaks.in_logs(tmp_path))


def test_it_is_started_joined_and_stopped(local: LocalHub) -> None:
    assert not local.find()
    with pytest.raises(HubGone):
        _ = local.url
    assert local.join_or_start() and local.ours
    assert local.ask("GET", "/status")["setup_done"] is False
    other = LocalHub(local.home)
    assert not other.join_or_start() and not other.ours and other.url == local.url
    other.stop()  # not his
    assert local.find()
    local.stop()
    assert not local.find() and not local.ended_by_itself()


def test_one_that_was_killed_is_started_on_its_port(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("OPENCODE_NEXUS_PORT", "0")
    local = LocalHub(tmp_path / "nexus")
    try:
        local.join_or_start()
        before = local.url
        (process,) = [child for child in psutil.Process().children() if "serve" in child.cmdline()]
        process.send_signal(signal.SIGKILL)
        until(lambda: not local.find(), "the end of it")
        assert local.ended_by_itself()
        assert local.join_or_start() and local.url == before
    finally:
        local.stop()


@pytest.mark.usefixtures("home")
def test_one_that_cannot_start_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    with pytest.raises(HubDidNotStart) as failed:
        LocalHub(tmp_path / "photos", ["--port", "0"]).join_or_start()
    assert "holds other files" in str(failed.value.data["last_lines"])
    assert sorted(os.listdir(tmp_path / "photos")) == ["cat.jpg"]


def test_the_link_of_the_set_up_is_good_once(local: LocalHub) -> None:
    local.join_or_start()
    link = local.sign_in_link()
    assert link.startswith(f"{local.url}setup?link=")
    with httpx2.Client(trust_env=False) as browser:
        assert browser.get(link).headers["location"] == "/setup/welcome"
    with httpx2.Client(trust_env=False) as browser:
        assert "location" not in browser.get(link).headers


def test_only_a_program_of_the_user_gets_a_link(tmp_path: Path) -> None:
    with RealHub(tmp_path, find_opencode()) as hub:
        assert hub.set_up().returncode == 0
        hub.start()
        hub.make_token()
        with hub.api() as api:
            refused = api.post("/logins/link", json={"name": "Mine"})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
        local = LocalHub(hub.home)
        assert not local.join_or_start()
        link = urlsplit(local.sign_in_link())
        assert link.path == "/pair" and link.fragment
        own = {"origin": local.url.rstrip("/")}
        form = {"secret": link.fragment, "name": "Mine"}
        with httpx2.Client(base_url=local.url, headers=own, trust_env=False) as browser:
            assert browser.post("pair", data=form).status_code == 303
            assert "Account: " in browser.get("").text
        with httpx2.Client(base_url=local.url, headers=own, trust_env=False) as other:
            assert other.post("pair", data=form).status_code != 303


def test_the_command_sets_whether_the_window_opens_at_login(tmp_path: Path) -> None:
    with RealHub(tmp_path) as hub:
        told = hub.command("desktop", "--at-login")
        assert told.returncode == 0, told.stderr
        file = Path(told.stdout.partition(": ")[2].strip())
        assert file.is_relative_to(tmp_path / "user") and str(hub.home) in file.read_text("utf-8", "replace")
        assert hub.command("desktop", "--not-at-login").returncode == 0
        assert not file.exists()
    assert not hub.home.exists()  # nothing was started
