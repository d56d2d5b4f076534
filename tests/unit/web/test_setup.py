# SPDX-License-Identifier: MIT
"""The set-up in a browser without script: plain forms, nothing lost, closed to strangers."""

import re
import shutil
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from opencode_nexus.core.errors import NexusError
from opencode_nexus.install.release import ReleasePage
from opencode_nexus.setup import checks
from opencode_nexus.tunnels.errors import BadTunnelToken, NetworkBlocked
from tests.fakes import release_page
from tests.unit.web.setup_rig import Rig
from tests.unit.web.setup_walk import PASSWORD, enter, errors, heading, make_owner, reach_owner


def test_the_whole_way_with_plain_forms(rig: Rig, browser: TestClient, program: Path) -> None:
    shutil.copy(program, rig.path / "opencode")
    page = browser.get("/setup")
    assert heading(page.text) == "Set-up code"
    page = browser.post("/setup", data={"code": rig.wizard.code.issue().lower().replace("-", " ")})
    assert heading(page.text) == "Welcome"
    page = browser.post("/setup/welcome")
    assert heading(page.text) == "System check"
    assert page.text.count('class="status"') == 7
    page = browser.post("/setup/check")
    assert heading(page.text) == "OpenCode"
    assert f'value="use:{rig.path / "opencode"}" checked' in page.text
    page = browser.post("/setup/opencode", data={"choice": f"use:{rig.path / 'opencode'}", "path": ""})
    assert heading(page.text) == "Project folder"
    page = browser.post("/setup/project", data={"project": str(rig.folder / "project"), "practice": "1"})
    assert heading(page.text) == "Owner account"
    make_owner(browser)
    assert "nexus_setup" not in browser.cookies
    page = browser.post("/setup/remote", data={"remote": "quick"})
    assert heading(page.text) == "Finish"
    for said in (
        "1.18.33",
        str(rig.folder / "project"),
        "ada",
        "Offered, for practice only",
        "A quick tunnel, opened now",
    ):
        assert said in page.text
    answer = browser.post("/setup/finish", follow_redirects=False)
    assert answer.headers["location"] == "/chat/srv_1/ses_1"
    assert rig.fleet.servers[0].projects == (str(rig.folder / "project"),)
    assert (rig.fleet.autostart, rig.fleet.started, rig.practice.enabled) == ([True], ["srv_1"], True)
    (tunnel,) = rig.tunnels.list()
    assert (tunnel.config.kind, tunnel.config.autostart, rig.tunnels.started) == ("quick", False, [tunnel.id])
    page = browser.get("/setup")
    assert "/settings" in page.text
    assert "<form" not in re.sub(r"<dialog.*?</dialog>", "", page.text, flags=re.DOTALL).partition("<main")[2]
    assert browser.get("/setup/owner", follow_redirects=False).headers["location"] == "/setup"


def test_every_step_puts_the_focus_on_its_heading_and_has_a_way_back(
    rig: Rig, browser: TestClient, program: Path
) -> None:
    reach_owner(rig, browser, program)
    make_owner(browser)
    browser.post("/setup/remote", data={"remote": "later"})
    way = ["welcome", "check", "opencode", "project", "owner", "remote", "finish"]
    for number, name in enumerate(way):
        page = browser.get(f"/setup/{name}", follow_redirects=False)
        assert page.status_code == 200
        assert re.search(r'<h1[^>]*tabindex="-1" autofocus', page.text), name
        assert (f'href="/setup/{way[number - 1]}"' in page.text) == (number > 0), name


def test_a_later_step_cannot_be_opened_early(rig: Rig, browser: TestClient) -> None:
    enter(rig, browser)
    for path in ("check", "opencode", "project", "owner", "remote", "finish"):
        assert heading(browser.get(f"/setup/{path}").text) == "Welcome"
    for path in ("finish", "opencode", "opencode/cancel"):
        answer = browser.post(f"/setup/{path}", data={"choice": "path", "path": "/bin/false"})
        assert heading(answer.text) == "Welcome", path
    assert rig.fleet.servers == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Give the path of the program."),
        ("{0}/none", "OpenCode was not found. There is no file at"),
        ("{0}", "is a folder"),
        ("~nobody-of-that-name/opencode", "OpenCode was not found."),
        ("/" + "long" * 1000, "File name too long"),
        ("/bin/ls", "This program does not work as OpenCode."),
        ("{0}/old", "This version of OpenCode is not supported."),
        ("{0}/broken", "ended with code 3"),
    ],
)
def test_a_wrong_program_is_named_and_the_path_stays(rig: Rig, browser: TestClient, typed: str, said: str) -> None:
    for name, body in (("old", "echo 0.5.0"), ("broken", "echo cannot open display >&2; exit 3")):
        (rig.folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (rig.folder / name).chmod(0o755)
    enter(rig, browser)
    browser.post("/setup/welcome")
    browser.post("/setup/check")
    typed = typed.format(rig.folder)
    page = browser.post("/setup/opencode", data={"choice": "path", "path": typed})
    assert heading(page.text) == "OpenCode"
    assert page.status_code >= 400
    assert said in errors(page.text)
    assert not typed or f'value="{typed}"' in page.text
    assert 'value="path" checked' in page.text
    if typed.endswith("broken"):
        assert "cannot open display" in page.text


def test_a_choice_is_needed(rig: Rig, browser: TestClient) -> None:
    enter(rig, browser)
    browser.post("/setup/welcome")
    browser.post("/setup/check")
    assert "Choose one of the ways." in errors(browser.post("/setup/opencode", data={"path": "/x"}).text)


def to_project(rig: Rig, browser: TestClient, program: Path) -> None:
    enter(rig, browser)
    browser.post("/setup/welcome")
    browser.post("/setup/check")
    page = browser.post("/setup/opencode", data={"choice": "path", "path": str(program)})
    assert heading(page.text) == "Project folder"


def test_a_missing_folder_is_offered_to_be_made(rig: Rig, browser: TestClient, program: Path) -> None:
    to_project(rig, browser, program)
    wanted = rig.folder / "new" / "place"
    page = browser.post("/setup/project", data={"project": str(wanted), "practice": "1"})
    assert "The project folder does not exist." in errors(page.text)
    assert f'value="{wanted}"' in page.text
    assert re.search(r'name="practice"[^>]* checked', page.text)
    page = browser.post("/setup/project", data={"project": str(wanted), "create": "1"})
    assert heading(page.text) == "Owner account"
    assert wanted.is_dir()


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "A project folder is needed."), ("some/place", "is not a full path"), ("{0}/file", "That is not a folder.")],
)
def test_other_wrong_folders(rig: Rig, browser: TestClient, program: Path, typed: str, said: str) -> None:
    to_project(rig, browser, program)
    (rig.folder / "file").touch()
    page = browser.post("/setup/project", data={"project": typed.format(rig.folder)})
    assert (page.status_code, heading(page.text)) == (400, "Project folder")
    assert said in errors(page.text)
    assert browser.get("/setup/owner", follow_redirects=False).headers["location"] == "/setup"


@pytest.mark.parametrize(
    ("name", "password", "again", "said"),
    [
        ("ab", PASSWORD, PASSWORD, ["The user name needs at least 3 characters."]),
        ("ada", "xkurz", "xkurz", ["at least 8 characters", "an upper-case letter", "a digit"]),
        ("ada", "Ada-correct-7", "Ada-correct-7", ["must not hold the user name"]),
        ("ada", PASSWORD, PASSWORD + "x", ["The two passwords are not the same."]),
        ("", "", "", ["The user name needs", "The password needs"]),
    ],
)
def test_each_rule_has_its_message_and_the_name_stays(
    rig: Rig, browser: TestClient, program: Path, name: str, password: str, again: str, said: list[str]
) -> None:
    reach_owner(rig, browser, program)
    page = browser.post("/setup/owner", data={"username": name, "password": password, "again": again})
    assert (page.status_code, heading(page.text)) == (400, "Owner account")
    for words in said:
        assert words in errors(page.text)
    assert not name or f'value="{name}"' in page.text
    assert not password or password not in page.text
    assert not rig.access.has_owner()


def test_the_owner_step_is_only_shown_once_it_was_done(rig: Rig, browser: TestClient, program: Path) -> None:
    reach_owner(rig, browser, program)
    make_owner(browser)
    page = browser.get("/setup/owner")
    assert "<strong>ada</strong>" in page.text
    assert 'type="password"' not in page.text
    page = browser.post("/setup/owner", data={"username": "eve", "password": PASSWORD, "again": PASSWORD})
    assert heading(page.text) == "Remote access"
    assert [user.name for user in rig.access.users()] == ["ada"]
    assert heading(browser.post("/setup/owner/keep").text) == "Remote access"


class StartFailed(NexusError):
    """As fleet raises it."""

    code = "start-failed"
    title = "The server did not start."


def test_a_named_tunnel_is_kept_at_once_and_opened_at_the_end(rig: Rig, browser: TestClient, program: Path) -> None:
    reach_owner(rig, browser, program)
    make_owner(browser)
    assert "Paste the token." in errors(browser.post("/setup/remote", data={"remote": "token"}).text)
    rig.tunnels.makes = BadTunnelToken("It was not copied whole.")
    page = browser.post("/setup/remote", data={"remote": "token", "token": "eyJhIjoi"})
    assert "It was not copied whole." in errors(page.text)
    assert "eyJhIjoi" not in page.text
    assert 'value="token" checked' in page.text
    rig.tunnels.makes = None
    assert heading(browser.post("/setup/remote", data={"remote": "token", "token": "eyJhIjoib"}).text) == "Finish"
    (tunnel,) = rig.tunnels.list()
    # a hub that is restarted before the end does not open it
    assert (tunnel.config.kind, tunnel.config.autostart, rig.tunnels.started) == ("token", False, [])
    page = browser.get("/setup/remote")
    assert "It is kept already" in page.text
    browser.post("/setup/remote", data={"remote": "later"})  # another mind: nothing of it stays
    assert rig.tunnels.list() == []
    browser.post("/setup/remote", data={"remote": "token", "token": "eyJhIjoib"})
    browser.post("/setup/remote", data={"remote": "token", "token": ""})
    assert len(rig.tunnels.list()) == 1
    browser.post("/setup/finish")
    (tunnel,) = rig.tunnels.list()
    assert (tunnel.config.autostart, rig.tunnels.started) == (True, [tunnel.id])


@pytest.mark.parametrize("remote", ["quick", "later"])
def test_an_old_login_gives_its_password_again_before_the_end_opens_a_tunnel(
    rig: Rig, browser: TestClient, program: Path, remote: str
) -> None:
    reach_owner(rig, browser, program)
    make_owner(browser)
    page = browser.post("/setup/remote", data={"remote": remote})
    assert "Your password again" not in page.text
    rig.clock.advance(601)
    asked = "Your password again" in browser.get("/setup/finish").text
    assert asked == (remote == "quick")
    if asked:
        for typed in ({}, {"password": "Wrong7horse"}):
            page = browser.post("/setup/finish", data=typed)
            assert "The current password is wrong." in errors(page.text)
            assert (rig.wizard.done, rig.tunnels.started) == (False, [])
    browser.post("/setup/finish", data={"password": PASSWORD} if asked else {})
    assert (rig.wizard.done, len(rig.tunnels.started)) == (True, int(asked))


def test_a_tunnel_that_does_not_open_fails_no_set_up(rig: Rig, browser: TestClient, program: Path) -> None:
    reach_owner(rig, browser, program)
    make_owner(browser)
    browser.post("/setup/remote", data={"remote": "quick"})
    rig.tunnels.fails = NetworkBlocked()
    answer = browser.post("/setup/finish", follow_redirects=False)
    assert answer.headers["location"] == "/chat/srv_1/ses_1"
    assert rig.wizard.done


def test_a_failed_start_keeps_the_set_up_open(rig: Rig, browser: TestClient, program: Path) -> None:
    reach_owner(rig, browser, program)
    make_owner(browser)
    browser.post("/setup/remote", data={"remote": "later"})
    rig.fleet.fails = StartFailed("It ended with code 1.", last_lines=["no such model", "bye <now>"])
    page = browser.post("/setup/finish")
    assert "The server did not start. It ended with code 1." in errors(page.text)
    assert "bye &lt;now&gt;" in page.text
    assert not rig.wizard.done
    rig.fleet.fails = None
    answer = browser.post("/setup/finish", follow_redirects=False)
    assert answer.headers["location"].startswith("/chat/srv_1/")
    assert len(rig.fleet.servers) == 1


def test_bringing_with_progress_cancel_and_a_second_try(rig: Rig, program: Path) -> None:
    archive = release_page.tar_gz({"opencode": program.read_bytes()})
    with release_page.ReleasePage("1.18.33", {"opencode-linux-x64.tar.gz": archive}) as served:
        rig.page = ReleasePage(served.base)
        served.stall = threading.Event()
        with rig.browser() as browser:
            enter(rig, browser)
            browser.post("/setup/welcome")
            browser.post("/setup/check")
            page = browser.post("/setup/opencode", data={"choice": "bring", "path": ""})
            assert heading(page.text) == "Bringing OpenCode"
            assert '<noscript><meta http-equiv="refresh"' in page.text
            assert served.half_sent.wait(20)
            state = browser.get("/setup/progress").json()
            assert (state["running"], state["stage"]) == (True, "downloading")
            page = browser.post("/setup/opencode/cancel")
            assert heading(page.text) == "OpenCode"
            assert not rig.installer.running
            served.stall.set()
            page = browser.post("/setup/opencode", data={"choice": "bring"})
            for _ in range(2_000):
                if not browser.get("/setup/progress").json()["running"]:
                    break
            assert heading(browser.get("/setup/opencode/progress").text) == "Project folder"
            page = browser.get("/setup/opencode")
            assert str(rig.installer.versions.path("1.18.33")) in page.text
            # a second choice of the same is there at once
            assert heading(browser.post("/setup/opencode", data={"choice": "bring"}).text) == "Project folder"


def test_while_a_copy_comes_the_choice_says_so_and_another_one_ends_it(rig: Rig, program: Path) -> None:
    archive = release_page.tar_gz({"opencode": program.read_bytes()})
    with release_page.ReleasePage("1.18.33", {"opencode-linux-x64.tar.gz": archive}) as served:
        rig.page = ReleasePage(served.base)
        served.stall = threading.Event()
        with rig.browser() as browser:
            enter(rig, browser)
            browser.post("/setup/welcome")
            browser.post("/setup/check")
            browser.post("/setup/opencode", data={"choice": "bring", "path": ""})
            assert served.half_sent.wait(20)
            page = browser.get("/setup/opencode")
            assert "A copy is being brought" in page.text
            assert 'href="/setup/opencode/progress"' in page.text
            page = browser.post("/setup/opencode", data={"choice": "path", "path": str(program)})
            assert heading(page.text) == "Project folder"
            assert (rig.installer.running, rig.installer.choice) == (False, str(program))
            assert "A copy is being brought" not in browser.get("/setup/opencode").text


def test_a_failed_bring_says_why_and_offers_another_try(rig: Rig, browser: TestClient) -> None:
    enter(rig, browser)
    browser.post("/setup/welcome")
    browser.post("/setup/check")
    browser.post("/setup/opencode", data={"choice": "bring"})
    for _ in range(2_000):
        if not browser.get("/setup/progress").json()["running"]:
            break
    page = browser.get("/setup/opencode/progress")
    assert "The network does not answer." in errors(page.text)
    assert "Try again" in page.text
    assert 'http-equiv="refresh"' not in page.text


def test_a_check_that_stops(rig: Rig, browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(rig, browser)
    browser.post("/setup/welcome")
    monkeypatch.setattr(checks, "LITTLE_DISK", 1 << 62)
    monkeypatch.setattr(checks, "DISK", 1 << 62)
    page = browser.post("/setup/check")
    assert (page.status_code, heading(page.text)) == (409, "System check")
    assert "Free disk space" in errors(page.text)
    assert browser.get("/setup/opencode", follow_redirects=False).headers["location"] == "/setup"


def test_below_a_base_path(tmp_path: Path, rig: Rig) -> None:
    below = Rig(tmp_path, "/nexus")
    with below.browser() as browser:
        page = browser.post("/nexus/setup", data={"code": below.wizard.code.issue()})
        assert heading(page.text) == "Welcome"
        assert 'action="/nexus/setup/welcome"' in page.text
        assert next(iter(browser.cookies.jar)).path == "/nexus/setup"
