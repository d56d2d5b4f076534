# SPDX-License-Identifier: MIT
"""`logs`: what is asked of a hub, what is read without one, what is printed, and how it ends."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.observe.log_entry import Entry, line_of
from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import HubStub

Capture = pytest.CaptureFixture[str]
SERVER = "srv_0mx0sdzdkttgjetknqtp"


def item(message: str, **more: Any) -> dict[str, Any]:
    return {
        "at": None, "level": "info", "part": "app", "server": "", "message": message, "where": "", "trace": "", **more,
    }  # fmt: skip


@pytest.fixture
def kept(folder: Path) -> Path:
    """A home without a hub, and with logs."""
    (folder / "logs" / "servers").mkdir(parents=True)
    entries = [Entry(None, "info", "app", "one"), Entry(None, "error", "web", "two", "", "", "Trace\n  back")]
    (folder / "logs" / "hub.log").write_bytes(b"".join(map(line_of, entries)))
    (folder / "logs" / "servers" / f"{SERVER}.log").write_text("from the server\n")
    return folder / "logs"


def test_a_hub_is_asked_page_by_page(hub: HubStub, run: Run, capsys: Capture) -> None:
    query = "text=&level=warning&part=web&server="
    hub.answers[f"GET /logs?{query}&limit=1000"] = (200, {"items": [item("new")] * 1000, "next": "hub..1.5"})
    hub.answers[f"GET /logs?{query}&limit=2&before=hub..1.5"] = (200, {"items": [item("mid"), item("old")], "next": ""})
    assert run("logs", "--level", "warning", "--part", "web", "-n", "1002") == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[:3], len(lines)) == (["INFO    app: old", "INFO    app: mid", "INFO    app: new"], 1002)


def test_a_server_is_found_by_its_name(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers["GET /servers"] = (200, {"items": [{"id": SERVER, "name": "work"}], "next": None})
    asked = f"GET /logs?text=so&level=&part=&server={SERVER}&limit=100"
    hub.answers[asked] = (200, {"items": [item("so", trace="at f", server=SERVER)], "next": None})
    assert run("logs", "--server", "work", "--search", "so", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [item("so", trace="at f", server=SERVER)]
    assert run("logs", "--server", SERVER, "--search", "so") == 0
    assert capsys.readouterr().out == "INFO    app: so\nat f\n"
    assert run("logs", "--server", "wrok") == 1
    assert "There is no such server." in capsys.readouterr().err


def test_following_prints_what_comes(hub: HubStub, run: Run, capsys: Capture) -> None:
    events = [("heartbeat", {"at": 1}), ("entry", item("one")), ("entry", item("two")), ("bye", {"reason": "stopping"})]
    said = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    hub.answers["POST /logs/tail"] = (200, said.encode())
    assert run("logs", "--follow", "--part", "app", "-n", "5") == 0
    assert capsys.readouterr().out == "INFO    app: one\nINFO    app: two\n"
    assert hub.asked == [("POST /logs/tail", {"text": "", "level": "", "part": "app", "server": "", "lines": 5})]
    assert run("logs", "-f", "--json") == 0
    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["one", "two"]


def test_a_refusal_of_a_stream_is_told(hub: HubStub, run: Run, capsys: Capture) -> None:
    problem = {"title": "The logs cannot be searched like that.", "detail": "There is no level 'loud'.", "hint": "?"}
    hub.answers["POST /logs/tail"] = (400, problem)
    assert run("logs", "--follow", "--level", "loud") == 1
    assert "There is no level 'loud'." in capsys.readouterr().err


def test_bundle_and_crash_report_of_a_hub(hub: HubStub, run: Run, capsys: Capture, tmp_path: Path) -> None:
    hub.answers["GET /logs/bundle"] = (200, b"PK and so on")
    assert run("logs", "--bundle", str(tmp_path / "x.zip")) == 0
    assert (tmp_path / "x.zip").read_bytes() == b"PK and so on"
    assert str(tmp_path / "x.zip") in capsys.readouterr().out
    assert run("logs", "--bundle", str(tmp_path)) == 1
    assert "The file cannot be written." in capsys.readouterr().err
    hub.answers["GET /logs/crashes"] = (200, {"items": [{"name": "b", "text": "new"}, {"name": "a", "text": "old"}]})
    assert run("logs", "--crash") == 0
    assert capsys.readouterr().out == "new\n"


def test_without_a_hub_the_files_are_read(kept: Path, run: Run, capsys: Capture, tmp_path: Path) -> None:
    assert run("logs") == 0
    assert capsys.readouterr().out == "INFO    app: one\nERROR   web: two\nTrace\n  back\n"
    assert run("logs", "--level", "error", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found == item("two", level="error", part="web", trace="Trace\n  back")
    assert run("logs", "--part", "server") == 0
    assert capsys.readouterr().out == "server: from the server\n"
    assert run("logs", "--search", "three") == 0
    assert capsys.readouterr().out == "Nothing in the logs fits that.\n"
    assert run("logs", "--bundle", str(tmp_path / "x.zip")) == 0
    assert "logs/hub.log" in zipfile.ZipFile(tmp_path / "x.zip").namelist()
    capsys.readouterr()
    assert run("logs", "--crash") == 0
    assert capsys.readouterr().out == "There is no crash report.\n"
    (kept / "crashes").mkdir()
    (kept / "crashes" / "20260101-000000-7.txt").write_text("it ended")
    assert run("logs", "--crash", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "20260101-000000-7", "text": "it ended"}]


@pytest.mark.parametrize("words", ["--follow", "--level loud", "--url http://127.0.0.1:9/ --token x"])
def test_what_does_not_go_without_a_hub(kept: Path, run: Run, capsys: Capture, words: str) -> None:
    assert run("logs", *words.split()) == 1
    said = capsys.readouterr().err
    assert ("OpenCode Nexus is not running." in said) or ("There is no level 'loud'." in said)
