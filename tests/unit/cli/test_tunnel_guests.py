# SPDX-License-Identifier: MIT
"""`tunnel pair|devices|visitors|links`: who comes in through tunnels."""

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import HubStub

Capture = pytest.CaptureFixture[str]


def device(number: int, name: str) -> dict[str, Any]:
    return {
        "id": f"dev_{number}", "name": name, "created": 1.0, "last_seen": 2.0, "expires": 3.0, "source": "203.0.113.7",
        "agent": "Firefox", "remote": True, "here": False,
    }  # fmt: skip


def test_pair_prints_the_link(hub: HubStub, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    link = "https://a-b.trycloudflare.com/pair#once"
    made = {"name": "Tablet", "link": link, "secret": "once", "expires": 300.0}
    hub.answers["POST /tunnels/phone/pair"] = (201, made)
    assert run("tunnel", "pair", "phone", "--device", "Tablet") == 0
    assert hub.asked[-1][1] == {"name": "Tablet"}
    out = capsys.readouterr().out
    assert link in out.splitlines()
    assert "'Tablet'" in out and "It works once." in out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run("tunnel", "pair", "phone") == 0
    assert hub.asked[-1][1] == {"name": "Phone"}
    assert len(capsys.readouterr().out.splitlines()) > 15  # the code to point a camera at
    assert run("tunnel", "pair", "phone", "--json") == 0
    assert json.loads(capsys.readouterr().out) == made


def test_devices_are_listed_and_signed_out_by_name_or_id(hub: HubStub, run: Run, capsys: Capture) -> None:
    found = [device(1, "Phone"), device(2, "Tablet"), device(3, "Tablet")]
    hub.answers["GET /devices"] = (200, {"items": found, "next": None})
    hub.answers |= {f"DELETE /devices/dev_{number}": (204, None) for number in (1, 2)}
    assert run("tunnel", "devices") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["NAME", "Phone", "Tablet", "Tablet"]
    assert run("tunnel", "devices", "--json") == 0
    assert json.loads(capsys.readouterr().out) == found
    assert run("tunnel", "devices", "--revoke", "Phone") == 0
    assert capsys.readouterr().out == "Phone is signed out.\n"
    assert hub.asked[-1][0] == "DELETE /devices/dev_1"
    assert run("tunnel", "devices", "--revoke", "dev_2", "--json") == 0
    assert hub.asked[-1][0] == "DELETE /devices/dev_2"
    assert json.loads(capsys.readouterr().out) == found[1]
    for name, words in (("Tablet", "2 devices are named"), ("Watch", "There is no such device.")):
        assert run("tunnel", "devices", "--revoke", name) == 1
        assert words in capsys.readouterr().err
    assert not any(line == "DELETE /devices/dev_3" for line, _ in hub.asked)
    hub.answers["GET /devices"] = (200, {"items": [], "next": None})
    assert run("tunnel", "devices") == 0
    assert "tunnel pair NAME" in capsys.readouterr().out


def test_visitors_are_listed_and_signed_out(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["GET /visitors"] = (200, {"items": [device(1, "Phone"), device(2, "")], "next": None})
    hub.answers |= {f"DELETE /visitors/dev_{number}": (204, None) for number in (1, 2)}
    assert run("tunnel", "visitors") == 0
    out = capsys.readouterr().out
    assert "Phone" in out and "(by password)" in out
    for given, told in (("Phone", "Phone"), ("dev_2", "dev_2")):
        assert run("tunnel", "visitors", "--sign-out", given) == 0
        assert capsys.readouterr().out == f"{told} is signed out.\n"
    assert hub.asked[-1][0] == "DELETE /visitors/dev_2"
    assert run("tunnel", "visitors", "--sign-out", "Watch") == 1
    assert "'opencode-nexus tunnel visitors'" in capsys.readouterr().err
    assert run("tunnel", "visitors", "--json") == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == ["dev_1", "dev_2"]


def test_links_that_wait_are_listed_and_taken_back(hub: HubStub, run: Run, capsys: Capture) -> None:
    link = {"id": "pair_1", "name": "Tablet", "created": 1.0, "expires": 301.0}
    hub.answers["GET /pairings"] = (200, {"items": [link], "next": None})
    hub.answers["DELETE /pairings/pair_1"] = (204, None)
    assert run("tunnel", "links") == 0
    assert "Tablet" in capsys.readouterr().out
    assert run("tunnel", "links", "--cancel", "Tablet") == 0
    assert hub.asked[-1][0] == "DELETE /pairings/pair_1"
    assert capsys.readouterr().out == "The link for Tablet does not work any more.\n"
