# SPDX-License-Identifier: MIT
"""`tunnel …`: what is asked of the hub, what is printed, and how it ends."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import remember
from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import HubStub

Capture = pytest.CaptureFixture[str]

TOKEN = remember("eyJhIjoiMDEyMyIsInQiOiJ0dW5uZWwiLCJzIjoic2VjcmV0LW9mLWEtdHVubmVsIn0")


def tunnel(name: str = "phone", **values: Any) -> dict[str, Any]:
    return {
        "id": "tun_1", "name": name, "kind": "quick", "state": "ready", "url": "https://a-b.trycloudflare.com",
        "since": 0.0, "reason": "", "problem": None, "hostname": "", "service": "", "connections": 1,
        "edges": ["lhr01"], "edge_protocol": "quic", "round_trip_ms": 12.4, "requests": 7, "errors": None, "pid": 77,
        "version": "2026.6.0", "retry_at": None, "stops_at": None, "stale": False, "selftest": None, **values,
    }  # fmt: skip


def selftest(verdict: str = "partly", **values: Any) -> dict[str, Any]:
    trials = [
        {"name": "post-stream", "outcome": "works", "ms": 44.2, "spread_ms": 900.0, "detail": ""},
        {"name": "get-stream", "outcome": "held back", "ms": 1900.0, "spread_ms": 0.0, "detail": "came at its end"},
    ]
    return {"verdict": verdict, "detail": "", "transport": "post", "trials": trials, "round_trip_ms": 40.0, **values}


def test_list_shows_and_gives_json(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["GET /tunnels"] = (200, {"items": [tunnel()], "next": None})
    assert run("tunnel", "list") == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert (row[:3], row[-2:]) == (["phone", "quick", "ready"], ["https://a-b.trycloudflare.com", "tun_1"])
    assert run("tunnel", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [tunnel()]
    hub.answers["GET /tunnels"] = (200, {"items": [], "next": None})
    assert run("tunnel", "list") == 0
    assert "tunnel add --name NAME --kind quick" in capsys.readouterr().out


def test_add_sends_what_was_given_and_nothing_else(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["POST /tunnels"] = (201, tunnel(state="stopped"))
    assert run("tunnel", "add", "--name", "phone", "--kind", "quick") == 0
    assert hub.asked == [("POST /tunnels", {"name": "phone", "kind": "quick"})]
    assert "'opencode-nexus tunnel start phone' opens it" in capsys.readouterr().out
    words = "--kind quick --protocol http2 --autostart --stop-after 8h --stop-idle 30m --allowed-mail a@b.example"
    assert run("tunnel", "add", "--name", "n", *words.split(), "--allowed-mail", "*@c.example") == 0
    assert hub.asked[-1][1] == {
        "name": "n", "kind": "quick", "protocol": "http2", "autostart": True, "stop_after": 28_800.0,
        "stop_idle": 1_800.0, "allowed_mail": ["a@b.example", "*@c.example"],
    }  # fmt: skip


def test_a_path_of_credentials_is_made_whole(
    hub: HubStub, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hub.answers["POST /tunnels"] = (201, tunnel())
    words = ("tunnel", "add", "--name", "n", "--kind", "config", "--hostname", "a.example.com", "--credentials")
    assert run(*words, "c.json") == 0
    assert hub.asked[-1][1]["credentials"] == str(tmp_path / "c.json")
    assert run(*words, "c.json", "--url", hub.url, "--token", "local-key") == 0
    assert hub.asked[-1][1]["credentials"] == "c.json"  # a file of the other machine


def test_a_token_comes_from_a_file_or_standard_input(
    hub: HubStub, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    hub.answers["POST /tunnels"] = (201, tunnel(kind="token", service="http://127.0.0.1:41234"))
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\nmore\n")
    assert run("tunnel", "add", "--name", "n", "--kind", "token", "--token-file", str(file)) == 0
    assert hub.asked[-1][1] == {"name": "n", "kind": "token", "token": TOKEN}
    assert "http://127.0.0.1:41234" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(f" {TOKEN} \n"))
    assert run("tunnel", "add", "--name", "n", "--kind", "token", "--token-file", "-") == 0
    assert hub.asked[-1][1]["token"] == TOKEN


def test_a_token_that_is_not_there_is_told_and_nothing_is_sent(
    hub: HubStub, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    add = ("tunnel", "add", "--name", "n", "--kind", "token")
    for words in ((), ("--token-file", "-"), ("--token-file", str(tmp_path / "none")), ("--token-file", str(tmp_path))):
        assert run(*add, *words) == 1
        assert "The token could not be read." in capsys.readouterr().err
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert run(*add, "--token-file", str(tmp_path / "bytes")) == 1
    assert run("tunnel", "add", "--name", "n", "--kind", "quick", "--token-file", "-") == 2
    assert hub.asked == []


def test_a_token_is_asked_for_at_a_terminal(hub: HubStub, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []

    def answer(words: str) -> str:
        asked.append(words)
        return TOKEN

    hub.answers["POST /tunnels"] = (201, tunnel(kind="token"))
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("opencode_nexus.cli.secret_file.getpass", answer)
    assert run("tunnel", "add", "--name", "n", "--kind", "token") == 0
    assert asked == ["The tunnel's token (it is not shown): "]
    assert hub.asked[-1][1]["token"] == TOKEN


def test_of_the_api_kind_the_zone_is_the_nearest_that_holds_the_name(
    hub: HubStub, run: Run, tmp_path: Path, capsys: Capture
) -> None:
    zones = [
        {"id": "z1", "name": "example.com", "account": "a1"},
        {"id": "z2", "name": "team.example.com", "account": "a2"},
        {"id": "z3", "name": "ample.com", "account": "a3"},
    ]
    hub.answers["POST /cloudflared/account"] = (200, {"zones": zones, "accounts": [], "permissions": []})
    hub.answers["POST /tunnels"] = (201, tunnel(kind="api"))
    file = tmp_path / "token"
    file.write_text(TOKEN)
    add = ("tunnel", "add", "--name", "n", "--kind", "api", "--token-file", str(file))
    for hostname, account, zone in (("code.Team.example.com", "a2", "z2"), ("example.com", "a1", "z1")):
        assert run(*add, "--hostname", hostname) == 0
        assert hub.asked[-2] == ("POST /cloudflared/account", {"token": TOKEN})
        sent = {"name": "n", "kind": "api", "hostname": hostname, "token": TOKEN, "account": account, "zone": zone}
        assert hub.asked[-1] == ("POST /tunnels", sent)
    asked = len(hub.asked)
    assert run(*add) == 2
    assert run(*add, "--hostname", "code.other.org") == 1
    assert "it sees ample.com, example.com, team.example.com" in capsys.readouterr().err
    assert [line for line, _ in hub.asked[asked:]] == ["POST /cloudflared/account"]
    hub.answers["POST /cloudflared/account"] = (200, {"zones": []})
    assert run(*add, "--hostname", "code.other.org") == 1
    assert "no domain at all" in capsys.readouterr().err


def test_what_was_done_and_undone_at_cloudflare_is_told(
    hub: HubStub, run: Run, tmp_path: Path, capsys: Capture
) -> None:
    zones = [{"id": "z1", "name": "example.com", "account": "a1"}]
    hub.answers["POST /cloudflared/account"] = (200, {"zones": zones})
    steps = [
        {"name": "tunnel", "text": "Make the tunnel", "state": "done", "detail": ""},
        {"name": "dns", "text": "Make the DNS record", "state": "failed", "detail": "It is there already."},
    ]
    problem = {"title": "The name is taken.", "detail": "", "hint": "Choose another.", "steps": steps}
    hub.answers["POST /tunnels"] = (409, problem)
    (tmp_path / "t").write_text(TOKEN)
    words = ("--hostname", "a.example.com", "--token-file", str(tmp_path / "t"))
    assert run("tunnel", "add", "--name", "n", "--kind", "api", *words) == 1
    assert capsys.readouterr().err.splitlines() == [
        "Error: The name is taken.",
        "  | Make the tunnel: done",
        "  | Make the DNS record: failed (It is there already.)",
        "  Choose another.",
    ]


def test_change_sends_what_is_to_be_another_way(hub: HubStub, run: Run, tmp_path: Path, capsys: Capture) -> None:
    hub.answers["PATCH /tunnels/phone"] = (200, tunnel(stale=True))
    assert run("tunnel", "change", "phone", "--stop-idle", "never", "--no-autostart", "--name", "new") == 0
    assert hub.asked[-1][1] == {"name": "new", "autostart": False, "stop_idle": None}
    assert "tunnel restart phone" in capsys.readouterr().out
    (tmp_path / "t").write_text(TOKEN)
    assert run("tunnel", "change", "phone", "--token-file", str(tmp_path / "t"), "--json") == 0
    assert hub.asked[-1][1] == {"token": TOKEN}
    assert json.loads(capsys.readouterr().out)["stale"] is True
    assert run("tunnel", "change", "phone") == 2


@pytest.mark.parametrize("time", ["8 weeks", "0m", "", "-1h", "h"])
def test_a_length_of_time_that_is_none(hub: HubStub, run: Run, time: str, capsys: Capture) -> None:
    assert run("tunnel", "add", "--name", "n", "--kind", "quick", "--stop-after", time) == 2
    assert "30m, 8h or 2d" in " ".join(capsys.readouterr().err.split())
    assert hub.asked == []


@pytest.mark.parametrize(("time", "in_seconds"), [("90", 90), ("90s", 90), ("5min", 300), ("2d", 172_800)])
def test_lengths_of_time(hub: HubStub, run: Run, time: str, in_seconds: float) -> None:
    hub.answers["POST /tunnels"] = (201, tunnel())
    assert run("tunnel", "add", "--name", "n", "--kind", "quick", "--stop-after", time) == 0
    assert hub.asked[-1][1]["stop_after"] == in_seconds


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_start_waits_and_tells_the_address(hub: HubStub, run: Run, verb: str, capsys: Capture) -> None:
    hub.answers[f"POST /tunnels/my%20phone/{verb}?wait=60"] = (200, tunnel("my phone"))
    assert run("tunnel", verb, "my phone") == 0
    assert capsys.readouterr().out == "Tunnel my phone is ready. https://a-b.trycloudflare.com\n"
    hub.answers[f"POST /tunnels/x/{verb}?wait=2"] = (
        200, tunnel("x", state="connecting", url=None, reason="Waiting for Cloudflare.", service="http://127.0.0.1:4")
    )  # fmt: skip
    assert run("tunnel", verb, "x", "--wait", "2") == 0
    out = capsys.readouterr().out
    assert "is connecting." in out
    assert "Waiting for Cloudflare." in out
    assert "http://127.0.0.1:4" in out


def test_a_start_that_failed_ends_with_1(hub: HubStub, run: Run, capsys: Capture) -> None:
    problem = {"title": "Cloudflare cannot be reached.", "detail": "No route.", "hint": "Check the network."}
    hub.answers["POST /tunnels/phone/start?wait=60"] = (200, tunnel(state="failed", problem=problem))
    assert run("tunnel", "start", "phone") == 1
    assert capsys.readouterr().err == "Error: Cloudflare cannot be reached.\n  No route.\n  Check the network.\n"
    assert run("tunnel", "start", "phone", "--json") == 1
    assert json.loads(capsys.readouterr().out)["state"] == "failed"
    hub.answers["POST /tunnels/phone/start?wait=60"] = (200, tunnel(state="failed", reason="It ended."))
    assert run("tunnel", "start", "phone") == 1
    assert "It ended." in capsys.readouterr().err


def test_stop_one_or_all(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["POST /tunnels/phone/stop"] = (200, tunnel(state="stopped", url=None))
    assert run("tunnel", "stop", "phone") == 0
    assert capsys.readouterr().out == "Tunnel phone is stopped.\n"
    hub.answers["POST /tunnels/stop-all"] = (200, {"stopped": ["phone", "home"], "logins_ended": 2})
    assert run("tunnel", "stop", "--all") == 0
    assert capsys.readouterr().out == "Closed: phone, home. Logins ended: 2.\n"
    assert run("tunnel", "stop", "--all", "--json") == 0
    assert json.loads(capsys.readouterr().out)["logins_ended"] == 2
    hub.answers["POST /tunnels/stop-all"] = (200, {"stopped": [], "logins_ended": 0})
    assert run("tunnel", "stop", "--all") == 0
    assert "none was open" in capsys.readouterr().out
    asked = len(hub.asked)
    assert run("tunnel", "stop") == 2
    assert run("tunnel", "stop", "phone", "--all") == 2
    assert len(hub.asked) == asked


def test_remove_and_logs(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["DELETE /tunnels/phone"] = (204, None)
    assert run("tunnel", "remove", "phone") == 0
    assert capsys.readouterr().out == "Tunnel phone is removed.\n"
    hub.answers["GET /tunnels/phone/logs?lines=3"] = (200, {"items": ["a", "b"], "next": None})
    assert run("tunnel", "logs", "phone", "-n", "3") == 0
    assert capsys.readouterr().out == "a\nb\n"
    assert run("tunnel", "logs", "phone", "-n", "3", "--json") == 0
    assert json.loads(capsys.readouterr().out) == ["a", "b"]
    assert run("tunnel", "remove", "nobody") == 1  # told by the hub


def test_status_tells_all_that_is_known(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["GET /tunnels/phone"] = (200, tunnel(stale=True, selftest=selftest(), since=1.0))
    assert run("tunnel", "status", "phone") == 0
    out = capsys.readouterr().out
    for words in (
        "quick",
        "77, cloudflared 2026.6.0",
        "1 (lhr01) over quic",
        "12 ms",
        "7, 0 failed",
        "restart",
        "partly",
    ):
        assert words in out
    assert "Tried again" not in out
    problem = {"title": "The connection to Cloudflare was lost.", "detail": "", "hint": "Check the network."}
    hub.answers["GET /tunnels/phone"] = (200, tunnel(state="degraded", problem=problem, pid=None, connections=0))
    assert run("tunnel", "status", "phone") == 0
    out = capsys.readouterr().out
    assert "was lost." in out and "Check the network." in out
    assert "Process" not in out and "Connections" not in out
    assert run("tunnel", "status", "phone", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "degraded"


@pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("partly", 0), ("not verified", 1), ("open", 1)])
def test_the_self_test_and_its_verdict(hub: HubStub, run: Run, verdict: str, code: int, capsys: Capture) -> None:
    hub.answers["POST /tunnels/phone/test"] = (200, selftest(verdict, detail="In a word."))
    assert run("tunnel", "test", "phone") == code
    out = capsys.readouterr().out
    assert f"Self test: {verdict}. In a word." in out
    assert ["Streamed", "POST", "works", "44", "ms", "900", "ms", "-"] in [line.split() for line in out.splitlines()]
    assert "the chat will use: post" in out
    assert run("tunnel", "test", "phone", "--json") == code
    assert json.loads(capsys.readouterr().out)["verdict"] == verdict


def program(running: bool, text: str, **values: Any) -> dict[str, Any]:
    job = {"running": running, "text": text, "error": values.pop("error", None)}
    return {"path": None, "version": None, "sha256": None, "problem": None, "bringing": job, **values}


def test_bring_follows_the_job_to_its_end(
    hub: HubStub, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    here = program(False, "cloudflared 2026.6.0 is ready.", path="/h/cloudflared", version="2026.6.0", sha256="08")
    hub.answers["POST /cloudflared/bring"] = (202, program(True, "Fetching."))
    hub.answers["GET /cloudflared"] = (200, program(True, "Fetching."))

    def later(seconds: float) -> None:
        if sum(line == "GET /cloudflared" for line, _ in hub.asked) % 2:
            hub.answers["GET /cloudflared"] = (200, here)

    monkeypatch.setattr("opencode_nexus.cli.tunnel.time.sleep", later)
    assert run("tunnel", "bring") == 0
    caught = capsys.readouterr()
    assert caught.err == "Fetching.\ncloudflared 2026.6.0 is ready.\n"
    assert caught.out == "cloudflared 2026.6.0: /h/cloudflared\n"
    hub.answers["POST /cloudflared/bring"] = (202, here)
    assert run("tunnel", "bring", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == "08"
    problem = {"title": "The network does not answer.", "detail": "", "hint": "Check it.", "status": 502}
    hub.answers["POST /cloudflared/bring"] = (202, program(False, "failed", error=problem))
    assert run("tunnel", "bring") == 1
    assert "The network does not answer." in capsys.readouterr().err


def test_what_the_hub_refuses_is_told_in_its_words(hub: HubStub, run: Run, capsys: Capture) -> None:
    problem = {"title": "cloudflared is not on this machine.", "detail": "", "hint": "Bring it.", "status": 409}
    hub.answers["POST /tunnels/phone/start?wait=60"] = (409, problem)
    assert run("tunnel", "start", "phone") == 1
    assert capsys.readouterr().err == "Error: cloudflared is not on this machine.\n  Bring it.\n"


def test_the_bringing_is_cancelled(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["POST /cloudflared/cancel"] = (200, program(False, "Cancelled."))
    assert run("tunnel", "bring", "--cancel") == 0
    assert [line for line, _ in hub.asked] == ["POST /cloudflared/cancel"]
    assert capsys.readouterr().out == "Cancelled.\n"
