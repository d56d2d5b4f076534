# SPDX-License-Identifier: MIT
"""The commands that do what the chat's page does, with a real hub and a real OpenCode."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from opencode_nexus.cli.commands import app
from tests.e2e.road import Road
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider

Ask = Callable[..., str]


def script(*steps: list[dict[str, Any]]) -> str:
    return "#script " + json.dumps(list(steps))


@pytest.fixture
def ask(hub: RealHub, road: Road) -> Ask:
    """Run a command to its good end, in this process, and give what it printed."""
    road.until(road.server, lambda found: found["state"] == "running")

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, words, env={"OPENCODE_NEXUS_HOME": str(hub.home)}, catch_exceptions=False)
        assert done.exit_code == 0, f"{words}: {done.output}"
        return done.stdout

    return run


@pytest.fixture
def chat(ask: Ask) -> str:
    """The id of a chat named Talk, in which one turn was had."""
    session = ask("chat", "new", "Talk").strip()
    assert "two words" in ask("chat", "send", session, script([{"text": "two words"}]), "--wait")
    return session


def listed(ask: Ask, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask(*words, "--json"))
    return found


def test_a_chat_is_held_renamed_copied_and_undone(ask: Ask, chat: str, tmp_path: Path) -> None:
    assert "two words" in ask("chat", "show", chat)
    ask("chat", "rename", chat, "Another name")
    copy = ask("chat", "fork", "Another name").strip()
    assert {chat, copy} <= {one["id"] for one in listed(ask, "chat", "list")}
    (asked, _) = listed(ask, "chat", "show", copy)
    ask("chat", "undo", copy, asked["id"], "--preview")
    assert len(listed(ask, "chat", "show", copy)) == 2
    assert "Messages undone: 2." in ask("chat", "undo", copy, asked["id"])
    ask("chat", "restore", copy)
    ask("chat", "pin", copy)
    ask("chat", "archive", copy)
    assert copy not in {one["id"] for one in listed(ask, "chat", "list")}
    (kept,) = [one for one in listed(ask, "chat", "list", "--archived") if one["id"] == copy]
    assert kept["pinned"] and kept["archived"]
    ask("chat", "export", chat, str(tmp_path / "chat.md"), "--format", "markdown")
    assert "two words" in (tmp_path / "chat.md").read_text()
    ask("chat", "delete", copy)
    assert [one["id"] for one in listed(ask, "chat", "undelete")] == [copy]
    ask("chat", "undelete", copy)
    assert listed(ask, "chat", "undelete") == []


def test_what_waits_is_changed_and_dropped_and_the_agent_stopped(
    ask: Ask, chat: str, road: Road, provider: Provider, tmp_path: Path
) -> None:
    ask("chat", "send", chat, script([{"text": "begun"}, {"wait": "commands"}]))
    road.until(lambda: road.session(chat), lambda found: found["status"] == "busy")
    (tmp_path / "note.txt").write_text("of the file")
    assert "waits" in ask("chat", "send", chat, "first", "--file", str(tmp_path / "note.txt"))
    ask("chat", "send", chat, "second")
    first, second = listed(ask, "chat", "queue", chat)
    assert (first["text"], len(first["files"]), second["text"]) == ("first", 1, "second")
    ask("chat", "queue", chat, "--change", first["id"], "--text", script([{"text": "of the queue"}]))
    (left,) = listed(ask, "chat", "queue", chat, "--drop", second["id"])
    assert "of the queue" in left["text"]
    ask("chat", "stop", chat)
    provider.release("commands")
    (held,) = road.until(lambda: listed(ask, "chat", "queue", chat), lambda found: found and found[0]["held"])
    ask("chat", "queue", chat, "--send", held["id"])
    road.until_idle(chat)
    said = listed(ask, "chat", "show", chat)
    assert any(part["filename"] == "note.txt" for message in said for part in message["parts"])
    assert "of the queue" in json.dumps(said[-1])


def test_a_question_and_a_permission_are_answered(ask: Ask, chat: str, road: Road) -> None:
    question = {"question": "Which?", "header": "Which", "options": [{"label": "Blue", "description": "as the sky"}]}
    ask("chat", "send", chat, script([{"tool": "question", "args": {"questions": [question]}}], [{"text": "thanks"}]))
    waiting = road.until_waiting(chat)
    assert "Blue: as the sky" in ask("inbox", "show", waiting["id"])
    ask("inbox", "answer", waiting["id"], "Blue")
    assert "Blue" in json.dumps(road.until_idle(chat)[-2])
    make = {"tool": "bash", "args": {"command": "touch of-a-command", "description": "Makes a file"}}
    ask("chat", "send", chat, script([make], [{"text": "made"}]))
    ask("inbox", "answer", road.until_waiting(chat)["id"], "--allow", "always")
    road.until_idle(chat)
    (rule, *_) = listed(ask, "inbox", "rules")
    assert listed(ask, "inbox", "rules", "--remove", rule["id"]) == []
    assert json.loads(ask("chat", "accept", chat, "--for", "15m", "--json"))["on"] is True
    ask("chat", "accept", chat, "--off")
    assert chat in {one["session_id"] for one in listed(ask, "inbox", "list", "--history")}


def test_budgets_usage_and_search(ask: Ask, chat: str) -> None:
    ask("budget", "set", "--usd", "5", "--tokens", "1000000")
    assert json.loads(ask("budget", "set", "--tokens", "none", "--json"))["day"] == {"usd": 5.0, "tokens": None}
    assert json.loads(ask("budget", "set", "--chat", chat, "--usd", "1", "--json"))["own"] is True
    assert json.loads(ask("budget", "clear", "--chat", chat, "--json"))["own"] is False
    ask("budget", "set", "--usd", "none")
    assert "scripted/m1" in ask("usage", "--chat", chat)
    assert listed(ask, "usage", "--by", "model")[0]["answers"] >= 1
    ask("search", "--rebuild")
    ask("search", "two words")


def test_models_settings_and_devices(ask: Ask, hub: RealHub, tmp_path: Path) -> None:
    assert "scripted/m1" in {one["id"] for one in listed(ask, "model", "list")}
    ask("model", "add", "--name", "Mine", "--address", "http://127.0.0.1:9/v1", "--model", "tiny")
    assert [(one["name"], one["models"]) for one in listed(ask, "model", "servers")] == [("Mine", ["tiny"])]
    ask("model", "change", "Mine", "--model", "small")
    assert listed(ask, "model", "servers")[0]["models"] == ["small"]
    ask("model", "remove", "Mine")
    assert listed(ask, "model", "servers") == []
    (tmp_path / "key").write_text("no-key-of-anybody\n")
    ask("model", "key", "scripted", "--key-file", str(tmp_path / "key"))
    assert json.loads(ask("model", "practice", "--on", "--json"))["on"] is True
    assert json.loads(ask("model", "practice", "--off", "--json"))["on"] is False
    assert ask("settings", "set", "log_days", "21") == "log_days is 21 now.\n"
    assert {one["name"]: one["value"] for one in listed(ask, "settings", "list")}["log_days"] == 21
    assert listed(ask, "user", "devices", "--sign-out-all") == []
    assert listed(ask, "notifications", "list") == []
