# SPDX-License-Identifier: MIT
"""`chat …`, `inbox …` and their like: which server and chat are meant, what is asked of the hub, what is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import HubStub
from tests.unit.cli.test_server import server, with_servers

Capture = pytest.CaptureFixture[str]
HERE = "/servers/srv_1/sessions"


def chat(number: int, title: str, parent: str | None = None) -> dict[str, Any]:
    return {
        "id": f"ses_{number}", "title": title, "parent_id": parent, "status": "idle", "waiting": 0, "error": None,
        "pinned": False, "archived": None, "updated": 1.0, "project": "/p",
    }  # fmt: skip


@pytest.fixture
def hub(hub: HubStub) -> HubStub:
    """With one server and three chats, two of one title; a sub-agent's session has the title of a chat."""
    with_servers(hub, server())
    chats = [chat(1, "One"), chat(2, "Two"), chat(3, "Two"), chat(4, "One", "ses_1")]
    hub.answers[f"GET {HERE}?limit=200"] = (200, {"items": chats, "next": None})
    return hub


def test_a_chat_is_found_by_id_or_title(hub: HubStub, run: Run, capsys: Capture) -> None:
    hub.answers[f"PUT {HERE}/ses_1/pin"] = hub.answers[f"PUT {HERE}/ses_3/pin"] = (204, None)
    assert run("chat", "pin", "One") == 0
    assert hub.asked[-1][0] == f"PUT {HERE}/ses_1/pin"
    assert run("chat", "pin", "ses_3") == 0
    capsys.readouterr()
    assert run("chat", "pin", "Two") == 1
    assert "2 chats have the title 'Two'" in capsys.readouterr().err
    assert run("chat", "pin", "Three") == 1
    assert "There is no such chat." in capsys.readouterr().err


def test_the_server_may_be_left_out_when_one_alone_is_meant(hub: HubStub, run: Run, capsys: Capture) -> None:
    other = server(2, "other", state="stopped")
    with_servers(hub, server(), other)
    assert run("chat", "list") == 0
    assert hub.asked[-1][0] == f"GET {HERE}?limit=200"
    with_servers(hub, server(), {**other, "state": "running"})
    assert run("chat", "list") == 1
    assert "Name one with --server." in capsys.readouterr().err
    assert run("chat", "list", "--server", "work") == 0
    with_servers(hub)
    assert run("chat", "list") == 1
    assert "There is no server yet." in capsys.readouterr().err


def test_a_folder_whose_chats_are_missing_is_named_beside_the_list(hub: HubStub, run: Run, capsys: Capture) -> None:
    with_servers(hub, server())
    missing = [{"project": "/home/ada/shop", "reason": "It is broken."}]
    hub.answers[f"GET {HERE}?limit=200"] = (200, {"items": [], "next": None, "unlisted": missing})
    assert run("chat", "list", "--json") == 0
    said = capsys.readouterr()
    assert (said.out.strip(), said.err.strip()) == (
        "[]",
        "The chats in /home/ada/shop are not listed. It is broken.",
    )


def test_files_go_along_with_what_is_said(hub: HubStub, run: Run, capsys: Capture, tmp_path: Path) -> None:
    hub.answers[f"POST {HERE}/ses_1/files?name=a+b.txt"] = (201, {"id": "att_1", "name": "a b.txt"})
    hub.answers[f"POST {HERE}/ses_1/messages"] = (202, {"accepted": True, "queued": True})
    hub.answers[f"GET {HERE}/ses_1/messages?limit=1"] = (200, {"items": [], "next": None})
    (tmp_path / "a b.txt").write_text('"in it"')
    assert run("chat", "send", "One", "see", "--file", str(tmp_path / "a b.txt"), "--model", "a/b") == 0
    assert ("POST " + HERE + "/ses_1/files?name=a+b.txt", "in it") in hub.asked
    wish = {"model": "a/b", "agent": None, "variant": None, "files": ["att_1"]}
    assert hub.asked[-1][1] == {"text": "see", "typed": True, **wish}
    assert capsys.readouterr().out == "It waits until the agent is done.\n"
    assert run("chat", "send", "One", "see", "--file", str(tmp_path / "none")) == 1
    assert "The file cannot be read." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "chat queue One --change que_1", "inbox answer per_1", "inbox answer per_1 --allow once --reject",
        "inbox answer que_1 Blue --reject", "inbox answer per_1 --allow sometimes", "budget set",
        "budget set --usd many", "budget set --tokens 0", "budget set --usd nan", "model add --name x --address y",
        "usage --by year", "chat accept One --for ever",
    ],
)  # fmt: skip
def test_what_makes_no_sense_asks_for_no_change(hub: HubStub, run: Run, words: str) -> None:
    assert run(*words.split()) == 2
    assert all(line.startswith("GET") for line, _ in hub.asked)


def test_answers_to_a_question_have_a_part_each(hub: HubStub, run: Run) -> None:
    hub.answers["POST /inbox/que_1/reply"] = hub.answers["POST /inbox/per_1/reply"] = (204, None)
    colours = [{"label": label, "description": ""} for label in ("Red", "Red, dark", "Blue")]
    asked = {"id": "que_1", "questions": [
        {"question": "Colours?", "options": colours, "multiple": True}, {"question": "Size?", "options": colours}
    ]}  # fmt: skip
    hub.answers["GET /inbox"] = (200, {"items": [asked], "next": None})
    for said, chosen in (
        ("Blue, Red", ["Blue", "Red"]), ("Red, dark,Blue", ["Red, dark", "Blue"]), ("Red, dark", ["Red, dark"]),
        ("Redder, if it can be", ["Redder, if it can be"]),
    ):  # fmt: skip
        assert run("inbox", "answer", "que_1", said, "Small, please") == 0
        assert hub.asked[-1][1] == {"reply": None, "message": "", "answers": [chosen, ["Small, please"]]}
    for said, chosen in (("Red, dark", ["Red, dark"]), ("Blue, Red", ["Blue", "Red"])):  # the hub refuses the second
        assert run("inbox", "answer", "que_1", "Red", said) == 0
        assert hub.asked[-1][1]["answers"] == [["Red"], chosen]
    assert run("inbox", "answer", "per_1", "--reject", "--message", "Use the other one") == 0
    assert hub.asked[-1][1] == {"reply": "reject", "message": "Use the other one"}


def test_what_waits_is_shown_whole_and_as_it_is(hub: HubStub, run: Run, capsys: Capture) -> None:
    row = {
        "id": "per_1", "kind": "permission", "title": "A\u202e", "root_id": "ses_1", "directory": "/p", "at": 1.0,
        "detail": "bash: ls\u202e; …", "permission": "bash", "patterns": ["ls"], "always": ["ls *"], "questions": None,
        "metadata": {"command": "ls\u202e;\n\x1b[1A\x1b[2Krm p\u0430y", "diff": "-a\n+b\u200b"},
    }  # fmt: skip
    hub.answers["GET /inbox"] = (200, {"items": [row], "next": None})
    assert run("inbox", "show", "per_1") == 0
    assert capsys.readouterr().out.splitlines() == [
        "permission of A⟨U+202E⟩, /p", "ls⟨U+202E⟩;", "⟨U+001B⟩[1A⟨U+001B⟩[2Krm p\u0430y", "  bash: ls",
        "  letters of several alphabets are mixed here: p\u0430y", "  always would allow: ls *", "-a", "+b⟨U+200B⟩",
    ]  # fmt: skip
    assert run("inbox", "list") == 0
    assert "bash: ls⟨U+202E⟩; …" in capsys.readouterr().out


def test_what_was_said_does_not_steer_the_terminal(hub: HubStub, run: Run, capsys: Capture) -> None:
    parts = [{"type": "text", "text": "a\x1b[2Jb 👨\u200d👩"}]
    message = {"id": "msg_1", "role": "assistant", "created": 1.0, "parts": parts, "error": None}
    hub.answers[f"GET {HERE}/ses_1/messages?limit=20"] = (200, {"items": [message], "next": None})
    assert run("chat", "show", "One") == 0
    assert "a⟨U+001B⟩[2Jb 👨\u200d👩\n" in capsys.readouterr().out


def test_a_budget_keeps_what_is_not_given(hub: HubStub, run: Run, capsys: Capture) -> None:
    now = {"day": {"usd": 5.0, "tokens": None}, "chat": {"usd": None, "tokens": 9}}
    hub.answers["GET /budgets"] = hub.answers["PUT /budgets"] = (200, now)
    assert run("budget", "set", "--of", "chat", "--usd", "2.5") == 0
    assert hub.asked[-1] == ("PUT /budgets", {**now, "chat": {"usd": 2.5, "tokens": 9}})
    assert capsys.readouterr().out == "Each day, all chats together: US $ 5.00.\nEach chat: 9 tokens.\n"


def test_a_notified_browser_keeps_what_is_not_given(hub: HubStub, run: Run, capsys: Capture) -> None:
    quiet = {"start": "22:00", "end": "07:00", "zone": "Europe/Paris"}
    row = {
        "id": "psh_1", "agent": "Firefox", "kinds": ["permission"], "hide": True, "quiet": quiet, "told": None,
        "trouble": "", "signed_out": False,
    }  # fmt: skip
    hub.answers["GET /notifications"] = (200, {"items": [row], "next": None})
    hub.answers["PUT /notifications/psh_1"] = (200, row)
    assert run("notifications", "set", "psh_1", "--kind", "question") == 0
    assert hub.asked[-1][1] == {"kinds": ["question"], "hide": True, "quiet": quiet}
    assert run("notifications", "set", "psh_1", "--quiet", "none", "--no-hide", "--json") == 0
    assert hub.asked[-1][1] == {"kinds": ["permission"], "hide": False, "quiet": None}
    assert run("notifications", "set", "psh_2", "--hide") == 2


def test_search_finds_and_a_model_key_is_read_from_a_file(
    hub: HubStub, run: Run, capsys: Capture, tmp_path: Path
) -> None:
    hit = {"title": "One", "tool": None, "role": "user", "created": 1.0, "snippet": "a\n b", "session_id": "ses_1"}
    asked = "GET /search?q=two+words&server=srv_1&project=&tool=&limit=20"
    hub.answers[asked] = (200, {"items": [hit], "next": None})
    assert run("search", "two words", "--server", "work") == 0
    assert "a b" in capsys.readouterr().out
    asked = "GET /search?q=%23&server=&project=&role=agent&tool=&limit=20"  # as the API names who answers
    hub.answers[asked] = (200, {"items": [], "next": None, "no_word": True})
    assert run("search", "#", "--role", "assistant") == 0
    assert "There is no word in that" in capsys.readouterr().out
    hub.answers["PUT /providers/anthropic/key"] = (204, None)
    (tmp_path / "key").write_text("k-1\nrest\n")
    assert run("model", "key", "anthropic", "--key-file", str(tmp_path / "key")) == 0
    assert hub.asked[-1] == ("PUT /providers/anthropic/key", {"key": "k-1"})
    assert run("model", "key", "anthropic", "--key-file", str(tmp_path / "none")) == 1
    assert "The API key could not be read." in capsys.readouterr().err
