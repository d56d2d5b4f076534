# SPDX-License-Identifier: MIT
"""`server …` and `status`: what is asked of the hub, what is printed, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.store.home import Home, RunningHub
from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import TOKEN, HubStub

Capture = pytest.CaptureFixture[str]


def server(number: int = 1, name: str = "work", **values: Any) -> dict[str, Any]:
    return {
        "id": f"srv_{number}",
        "name": name,
        "projects": ["/p"],
        "state": "running",
        "pid": 77,
        "port": 4096,
        "version": "1.18.33",
        "uptime": 65.0,
        "changed": False,
        "planned": "",
        "environment": [],
        "limits": {},
        **values,
    }


def with_servers(hub: HubStub, *servers: dict[str, Any]) -> None:
    hub.answers["GET /servers"] = (200, {"items": list(servers), "next": None})


def test_list_shows_and_gives_json(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server())
    assert run("server", "list") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["work", "running", "1", "min"]
    assert run("server", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [server()]


def test_pages_of_a_list_are_put_together(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["GET /servers"] = (200, {"items": [server(1)], "next": "c1"})
    hub.answers["GET /servers?before=c1"] = (200, {"items": [server(2, "other")], "next": None})
    assert run("server", "list", "--json") == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == ["srv_1", "srv_2"]


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
@pytest.mark.parametrize("name", ["work", "srv_1"])
def test_a_server_is_found_by_name_or_id(hub: HubStub, run: Run, verb: str, name: str, capsys: Capture) -> None:
    with_servers(hub, server(), server(2, "other"))
    hub.answers[f"POST /servers/srv_1/{verb}"] = (200, server())
    assert run("server", verb, name) == 0
    assert hub.asked[-1] == (f"POST /servers/srv_1/{verb}", {"when": "idle"} if verb == "restart" else {})
    assert "Server work" in capsys.readouterr().out


def test_an_unknown_and_an_unclear_name_are_told(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server(), server(2))
    assert run("server", "stop", "nope") == 1
    assert "There is no such server." in capsys.readouterr().err
    assert run("server", "stop", "work") == 1
    assert "2 servers are named 'work'" in capsys.readouterr().err
    assert not any(line.startswith("POST") for line, _ in hub.asked)


def test_add_sends_absolute_folders_and_starts(
    hub: HubStub, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    hub.answers["POST /servers"] = (201, server(state="stopped", pid=None))
    hub.answers["POST /servers/srv_1/start"] = (200, server())
    assert run("server", "add", "--project", "one", "--project", "/two", "--no-autostart") == 0
    projects = [str(tmp_path / "one"), "/two"]
    assert hub.asked[0] == ("POST /servers", {"name": "one", "projects": projects, "autostart": False})
    assert hub.asked[1][0] == "POST /servers/srv_1/start"
    assert run("server", "add", "--name", "n", "--project", "/two", "--no-start") == 0
    assert hub.asked[-1][0] == "POST /servers"


def test_several_or_all_are_ordered_about_at_once(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server(), server(2, "other"))
    good = {"id": "srv_1", "name": "work", "done": True, "error": "", "hint": "", "server": server()}
    bad = {**good, "id": "srv_2", "name": "other", "done": False, "error": "No folder.", "hint": "Put it back."}
    hub.answers["POST /servers/bulk"] = (200, {"items": [good, bad], "next": None})
    assert run("server", "start", "other", "work") == 1
    assert hub.asked[-1] == ("POST /servers/bulk", {"action": "start", "ids": ["srv_2", "srv_1"]})
    said = capsys.readouterr().out.splitlines()
    assert said == ["Server work runs.", "Server other failed: No folder.", "  Put it back."]
    hub.answers["POST /servers/bulk"] = (200, {"items": [good], "next": None})
    assert run("server", "restart", "--all", "--now") == 0
    assert hub.asked[-1] == ("POST /servers/bulk", {"action": "restart", "ids": None, "when": "now"})
    hub.answers["POST /servers/srv_1/restart"] = (200, server(planned="That was asked for."))
    capsys.readouterr()
    assert run("server", "restart", "work") == 0
    assert "as soon as no agent works on it" in capsys.readouterr().out
    for wrong in (["stop"], ["stop", "work", "--all"]):
        assert run("server", *wrong) == 2


def test_edit_sends_what_was_given_and_keeps_the_rest(
    hub: HubStub, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    secret = {"name": "API_KEY", "value": None, "secret": True}
    plain = {"name": "LANG", "value": "C", "secret": False}
    with_servers(hub, server(environment=[secret, plain], limits={"memory_warn": 5, "processes": 9}))
    hub.answers["PATCH /servers/srv_1"] = (200, server(changed=True))
    monkeypatch.setenv("MY_TOKEN", "s3cr3t-of-mine")
    words = ["--env", "A=b=c", "--secret", "MY_TOKEN", "--unset", "LANG", "--arguments", "--cors 'https://a b'"]
    limits = ["--memory-recycle", "2.5G", "--memory-warn", "none", "--cpu", "150"]
    assert run("server", "edit", "work", "--name", "New", *words, *limits, "--opencode", "") == 0
    assert hub.asked[-1] == (
        "PATCH /servers/srv_1",
        {
            "name": "New",
            "environment": [
                secret,
                {"name": "A", "value": "b=c", "secret": False},
                {"name": "MY_TOKEN", "value": "s3cr3t-of-mine", "secret": True},
            ],
            "arguments": ["--cors", "https://a b"],
            "version": "",
            "limits": {"memory_warn": None, "processes": 9, "memory_recycle": 2_500_000_000, "cpu_percent": 150},
        },
    )
    assert "after its next start" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [], ["--env", "A"], ["--unset", "A"], ["--secret", "A=b"], ["--secret", "NOT_SET_ANYWHERE"],
        ["--memory-warn", "lots"], ["--memory-warn", "0"], ["--cpu", "-1"],
    ],
)  # fmt: skip
def test_an_edit_that_makes_no_sense_asks_nothing_of_the_hub(hub: HubStub, run: Run, words: list[str]) -> None:
    with_servers(hub, server())
    assert run("server", "edit", "work", *words) == 2
    assert not any(line.startswith("PATCH") for line, _ in hub.asked)


def test_a_folder_is_moved_and_a_copy_made(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server(), server(2, "other"))
    hub.answers["POST /servers/srv_1/projects/move"] = (200, server(2, "other"))
    assert run("server", "project", "move", "work", "/p/../q", "other") == 0
    assert hub.asked[-1][1] == {"folder": "/q", "to": "srv_2"}
    hub.answers["POST /servers/srv_1/duplicate"] = (201, server(3, "work copy", state="stopped", pid=None))
    assert run("server", "duplicate", "work") == 0
    assert hub.asked[-1][1] == {}
    assert capsys.readouterr().out.endswith("Server work copy is added.\n")


def test_logs_and_remove(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server())
    hub.answers["GET /servers/srv_1/logs?lines=3"] = (200, {"items": ["a", "b"], "next": None})
    hub.answers["DELETE /servers/srv_1"] = (204, None)
    assert run("server", "logs", "work", "-n", "3") == 0
    assert capsys.readouterr().out == "a\nb\n"
    assert run("server", "remove", "work") == 0
    assert hub.asked[-1][0] == "DELETE /servers/srv_1"


def test_a_problem_is_told_in_the_hubs_own_words(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server())
    problem = {
        "title": "It did not start.",
        "detail": "The binary is not OpenCode.",
        "hint": "Choose another.",
    }
    hub.answers["POST /servers/srv_1/start"] = (502, problem)
    assert run("server", "start", "work") == 1
    caught = capsys.readouterr()
    assert caught.err == "Error: It did not start.\n  The binary is not OpenCode.\n  Choose another.\n"
    assert caught.out == ""


def test_an_answer_that_is_no_hubs_is_told(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["GET /servers"] = (502, b"<html>Bad gateway</html>")
    assert run("server", "list") == 1
    assert "answered 502" in capsys.readouterr().err


def test_without_a_hub(folder: Path, run: Run, capsys: Capture) -> None:
    assert run("server", "list") == 1
    err = capsys.readouterr().err
    assert "OpenCode Nexus is not running." in err
    assert str(folder) in err
    assert run("status", "--json") == 1
    assert json.loads(capsys.readouterr().out)["running"] is False


def test_a_hub_that_was_killed_is_not_running(folder: Path, free_port: int, run: Run, capsys: Capture) -> None:
    folder.mkdir()
    Home(folder).announce(RunningHub(1, f"http://127.0.0.1:{free_port}/", "t", "b"))
    assert run("status") == 1
    assert f"http://127.0.0.1:{free_port} does not answer" in capsys.readouterr().err


def test_another_hub_by_address_needs_a_token(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server())
    assert run("server", "list", "--url", hub.url) == 2
    assert "--token" in capsys.readouterr().err
    assert run("server", "list", "--url", hub.url, "--token", TOKEN) == 0
    assert run("server", "list", "--url", hub.url, "--token", "wrong") == 1
    assert "You are not signed in." in capsys.readouterr().err


def test_status_tells_the_next_step(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub)
    now = {
        "version": "0.1",
        "address": hub.url,
        "pid": 9,
        "uptime": 3.0,
        "home": "/h",
        "setup_done": False,
        "waiting": 2,
    }
    hub.answers["GET /status"] = (200, now)
    tunnel = {"name": "phone", "state": "ready", "url": "https://a.example.com", "reason": "", "service": ""}
    closed = {**tunnel, "name": "other", "state": "stopped"}
    hub.answers["GET /tunnels"] = (200, {"items": [tunnel, closed], "next": None})
    assert run("status") == 0
    out = capsys.readouterr().out
    assert f"open {hub.url}setup" in out
    assert "Waiting for you: 2." in out
    assert "Tunnel phone is ready. https://a.example.com" in out
    assert "other" not in out
    assert run("status", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"running": True, **now, "servers": [], "tunnels": [tunnel]}
