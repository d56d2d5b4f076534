# SPDX-License-Identifier: MIT
"""`settings …`: what is asked of the hub, what is printed, and how it ends."""

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import HubStub

Capture = pytest.CaptureFixture[str]


def setting(name: str, value: Any, entry: Any = None, **more: Any) -> dict[str, Any]:
    told = {"name": name, "value": value, "entry": entry, "editable": True, "restart": False, "waits": False}
    return {**told, "help": "Days.", "flag": f"--{name}", "env": name.upper(), **more}


def test_settings_are_listed(hub: HubStub, run: Run, capsys: Capture) -> None:
    rows = [setting("log_days", 30), setting("open", True, editable=False), setting("hosts", ["a", "b"], restart=True)]
    hub.answers["GET /settings"] = (200, {"items": rows, "next": None})
    assert run("settings", "list") == 0
    days, opened, hosts = capsys.readouterr().out.splitlines()[1:]
    assert days.split() == ["log_days", "30", "-", "at", "once", "Days."]
    assert opened.split()[:5] == ["open", "yes", "-", "flag", "only"]
    assert hosts.split()[:5] == ["hosts", "a,b", "-", "next", "start"]
    assert run("settings", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == rows


def test_a_setting_is_set(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["PATCH /settings"] = (200, {"items": [setting("a", 1), setting("log_days", 14, "14")], "next": None})
    assert run("settings", "set", "log-days", "14") == 0
    assert hub.asked[-1] == ("PATCH /settings", {"log_days": "14"})
    assert capsys.readouterr().out == "log_days is 14 now.\n"
    late = setting("hosts", [], "a.example", restart=True, waits=True)
    hub.answers["PATCH /settings"] = (200, {"items": [late], "next": None})
    assert run("settings", "set", "hosts", "a.example") == 0
    said = capsys.readouterr().out
    assert "kept for the next start of the hub, unless --hosts or HOSTS is given" in said
    assert said.endswith("In force now: empty.\n")
    problem = {"title": "A setting has a value that cannot be used.", "detail": "must be a number", "hint": "Correct."}
    hub.answers["PATCH /settings"] = (400, problem)
    assert run("settings", "set", "hosts", "") == 1
    assert "must be a number" in capsys.readouterr().err
