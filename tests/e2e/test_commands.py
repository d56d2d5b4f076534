# SPDX-License-Identifier: MIT
"""The commands beside and without a hub, and a hub that cannot start: what is said, and how it ends."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.e2e.road import Road
from tests.fakes.hub import OWNER, HubFailed, RealHub


@pytest.fixture(scope="module")
def quiet_hub(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path) -> Iterator[RealHub]:
    """A hub that is set up and runs; its server is stopped unless a test starts it."""
    with RealHub(tmp_path_factory.mktemp("commands"), opencode_binary) as hub:
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        yield hub


def test_set_up_again_changes_nothing(quiet_hub: RealHub) -> None:
    again = quiet_hub.set_up()
    assert again.returncode == 0, again.stderr
    listed = json.loads(quiet_hub.command("server", "list", "--json").stdout)
    assert [server["projects"] for server in listed] == [[str(quiet_hub.project)]]


def test_status_beside_a_hub(quiet_hub: RealHub) -> None:
    done = quiet_hub.command("status")
    assert done.returncode == 0
    assert quiet_hub.url in done.stdout
    status = json.loads(quiet_hub.command("status", "--json").stdout)
    assert status["running"] is True
    assert status["address"] == quiet_hub.url
    assert len(status["servers"]) == 1


@pytest.mark.parametrize("way", ["plain", "packed", "socket", "events"])
def test_a_token_that_a_command_revokes_ends_its_streams_with_a_goodbye(quiet_hub: RealHub, way: str) -> None:
    quiet_hub.make_token()
    name = json.loads(quiet_hub.command("token", "list", "--json").stdout)[-1]["name"]

    def revoke() -> None:
        done = quiet_hub.command("token", "revoke", name)
        assert done.returncode == 0, done.stderr

    if way == "socket":
        address = quiet_hub.url.replace("http", "ws", 1) + "live/ws"
        headers = {"authorization": f"Bearer {quiet_hub.token}"}
        with connect(address, additional_headers=headers, proxy=None) as socket:
            socket.send(json.dumps({"topic": "dashboard"}))
            frames = [json.loads(line) for line in str(socket.recv()).splitlines()]
            revoke()
            with suppress(ConnectionClosedError):  # it is raised at the end, which says 4401
                while True:
                    frames += [json.loads(line) for line in str(socket.recv()).splitlines()]
            assert frames[-1][1] == [["bye", "signed-out"]]
            assert (socket.close_code, socket.close_reason) == (4401, "not-signed-in")
        return
    with quiet_hub.api() as api:
        if way == "events":
            with Road(api, "").events() as events:
                next(events)
                revoke()
                server_id = json.loads(quiet_hub.command("server", "list", "--json").stdout)[0]["id"]
                quiet_hub.command("server", "restart", server_id)  # something to tell
                *_, last = events
            assert (last.name, last.data) == ("bye", {"reason": "signed-out"})
            return
        packed = {"accept-encoding": "gzip" if way == "packed" else "identity"}
        with api.stream("POST", f"{quiet_hub.url}live", json={"topic": "dashboard"}, headers=packed) as reply:
            lines = reply.iter_lines()
            next(lines)
            revoke()
            *_, end = lines  # the dashboard's figures change every two seconds
        assert json.loads(end)[1] == [["bye", "signed-out"]]


def test_server_commands(quiet_hub: RealHub) -> None:
    (server,) = json.loads(quiet_hub.command("server", "list", "--json").stdout)
    name = server["name"]
    stopped = quiet_hub.command("server", "stop", name)
    assert (stopped.returncode, stopped.stderr) == (0, "")
    started = json.loads(quiet_hub.command("server", "start", server["id"], "--json").stdout)
    assert started["state"] == "running"
    restarted = json.loads(quiet_hub.command("server", "restart", name, "--json").stdout)
    assert restarted["pid"] != started["pid"]
    assert "listening" in quiet_hub.command("server", "logs", name).stdout
    added = quiet_hub.command("server", "add", "--name", "extra", "--project", ".", "--no-start")
    assert added.returncode == 0, added.stderr
    assert "extra" in quiet_hub.command("server", "list").stdout
    assert quiet_hub.command("server", "remove", "extra").returncode == 0
    assert "extra" not in quiet_hub.command("server", "list").stdout
    unknown = quiet_hub.command("server", "start", "extra")
    assert unknown.returncode == 1
    assert "There is no such server." in unknown.stderr


def test_token_and_user_commands_beside_a_hub(quiet_hub: RealHub) -> None:
    token = quiet_hub.make_token()
    with quiet_hub.api() as api:
        assert api.get("/servers").status_code == 200
        (row,) = json.loads(quiet_hub.command("token", "list", "--json").stdout)
        assert token not in json.dumps(row)
        assert quiet_hub.command("token", "revoke", row["name"]).returncode == 0
        assert api.get("/servers").status_code == 401
    assert [user["name"] for user in json.loads(quiet_hub.command("user", "list", "--json").stdout)] == [OWNER]


def test_token_and_user_commands_without_a_hub(tmp_path: Path, opencode_binary: Path) -> None:
    with RealHub(tmp_path, opencode_binary) as hub:
        early = hub.command("token", "create", "--name", "early", "--json")
        assert early.returncode == 1
        assert "There is no owner account yet." in early.stderr
        assert hub.set_up().returncode == 0
        assert hub.make_token()
        assert len(json.loads(hub.command("token", "list", "--json").stdout)) == 1
        assert OWNER in hub.command("user", "list").stdout
        hub.start()
        with hub.api() as api:
            assert api.get("/status").json()["setup_done"] is True


def test_events_are_listed_filtered_and_followed(quiet_hub: RealHub) -> None:
    done = quiet_hub.command("events", "--kind", "server", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["kind"] == "server-added"
    assert quiet_hub.command("events", "--kind", "nothing").returncode == 2
    assert quiet_hub.command("events", "--search", "no such words").stdout.startswith("Nothing that happened fits")
    with subprocess.Popen(
        [sys.executable, "-m", "opencode_nexus", "events", "--follow", "--json", "--kind", "login", "-n", "1"],
        stdout=subprocess.PIPE, text=True, env=quiet_hub.environment(),
    ) as following:  # fmt: skip
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["kind"] in ("owner-created", "token-created", "token-revoked")
        httpx2.post(quiet_hub.url + "login", data={"username": OWNER, "password": "wrong"}, trust_env=False)
        told = json.loads(following.stdout.readline())
        following.terminate()
    assert (told["kind"], told["level"]) == ("login-failed", "warning")


def test_an_alert_rule_is_changed_by_command(quiet_hub: RealHub) -> None:
    done = quiet_hub.command("alert", "set", "waiting", "--threshold", "5", "--off", "--json")
    assert (done.returncode, json.loads(done.stdout)["on"]) == (0, False)
    listed = json.loads(quiet_hub.command("alert", "list", "--json").stdout)
    rule = next(one for one in listed["rules"] if one["id"] == "waiting")
    assert (rule["on"], rule["threshold"]) == (False, 5)
    assert "off" in quiet_hub.command("alert", "list").stdout
    wrong = quiet_hub.command("alert", "set", "waiting", "--minutes", "5")
    assert (wrong.returncode, "at once" in wrong.stderr) == (1, True)


def test_a_second_hub_on_the_same_home_is_refused(quiet_hub: RealHub) -> None:
    assert quiet_hub.process is not None
    second = RealHub(quiet_hub.root)  # never left as a context: that would end the first one's processes
    with pytest.raises(HubFailed) as failed:
        second.start()
    assert failed.value.status == 1
    assert "Another OpenCode Nexus already runs on this home folder." in failed.value.stderr
    assert f"process {quiet_hub.process.pid}" in failed.value.stderr
    assert quiet_hub.url in failed.value.stderr
    assert "Traceback" not in failed.value.stderr
    assert quiet_hub.command("status").returncode == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as other, RealHub(tmp_path) as hub:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HubFailed) as failed:
            hub.start("--port", str(port))
    assert failed.value.status == 1
    assert f"127.0.0.1:{port} is taken by another program." in failed.value.stderr
    assert "Traceback" not in failed.value.stderr


def test_a_home_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with RealHub(tmp_path) as hub:
        if os.geteuid() == 0:  # root may write in every folder but those that the kernel makes up
            hub.home = Path("/proc/opencode-nexus")
        else:
            hub.home.mkdir()
            hub.home.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(HubFailed) as failed:
            hub.start()
    assert failed.value.status == 1
    assert "The home folder cannot be used." in failed.value.stderr
    assert str(hub.home) in failed.value.stderr


def test_a_home_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    with RealHub(tmp_path) as hub:
        hub.home.write_text("")
        with pytest.raises(HubFailed) as failed:
            hub.start()
    assert failed.value.status == 1
    assert "The home folder cannot be used." in failed.value.stderr
    assert str(hub.home) in failed.value.stderr
    assert "Traceback" not in failed.value.stderr


def test_bad_settings_are_wrong_usage(tmp_path: Path) -> None:
    with RealHub(tmp_path, OPENCODE_NEXUS_PORT="many") as hub, pytest.raises(HubFailed) as failed:
        hub.start()
    assert failed.value.status == 2
    assert "OPENCODE_NEXUS_PORT" in failed.value.stderr


def test_without_a_hub_commands_say_so(tmp_path: Path) -> None:
    with RealHub(tmp_path) as hub:
        for words in (("status",), ("server", "list"), ("server", "start", "x")):
            done = hub.command(*words)
            assert done.returncode == 1
            assert "OpenCode Nexus is not running." in done.stderr
            assert done.stdout == ""


def test_stopping_takes_hub_json_away_and_ends_well(tmp_path: Path) -> None:
    with RealHub(tmp_path) as hub:
        hub.start()
        assert stat.S_IMODE((hub.home / "hub.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(hub.home.stat().st_mode) == 0o700
        assert hub.stop() == 0
        assert not (hub.home / "hub.json").exists()
        assert hub.children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
def test_the_link_of_the_opened_browser_lets_in_no_other_user_of_the_machine(tmp_path: Path) -> None:
    told, browser = tmp_path / "told", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.new && mv {told}.new {told}\n')
    browser.chmod(0o755)
    with RealHub(tmp_path / "hub", BROWSER=f"{browser} %s").start("--open") as hub:
        deadline = time.monotonic() + 30
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        link = told.read_text()
        assert link.startswith(f"{hub.url}setup?link=")
        if os.geteuid() == 0:
            host, _, port = urlsplit(link).netloc.partition(":")
            os.seteuid(65534)  # a socket belongs to whoever makes it
            try:
                other = socket.socket()
            finally:
                os.seteuid(0)
            with other:
                other.connect((host, int(port)))
                path = link.removeprefix(f"http://{host}:{port}")
                other.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                answer = b"".join(iter(lambda: other.recv(65_536), b""))
            assert answer.startswith(b"HTTP/1.1 403")
            assert b"This link is for a browser of the user" in answer
        with httpx2.Client(follow_redirects=True) as own:
            assert "<h1" in (page := own.get(link).text) and "Welcome" in page
        assert "This link was used already" in httpx2.get(link).text
