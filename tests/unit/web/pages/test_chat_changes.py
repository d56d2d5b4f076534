# SPDX-License-Identifier: MIT
"""The page of what a session changed, one column or two, and the files that stand in messages."""

import asyncio
import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from opencode_nexus.web.pages import chat_changes
from tests.fakes.chat_app import Application
from tests.fakes.chat_records import SERVER

PATCH = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n same\n-old <b>\n+new\n"
CHANGED = {"file": "src/<a>.py", "patch": PATCH, "additions": 1, "deletions": 1, "status": "modified"}
BIG = {"file": "big.txt", "patch": "@@ -0,0 +1,7000 @@\n" + "+line\n" * 7000, "additions": 7000, "deletions": 0}


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
def client(app: Application) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


def begin(client: TestClient, app: Application, *turns: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """A session with a message for each of `turns`; returns its path and the messages' ids."""
    steps = [{"do": "user", "text": f"Do {number}."} for number in range(len(turns))]
    session = client.post("/script", json={"title": "Prices", "steps": steps}).json()["session"]
    messages = app.hub.chat.sessions_[session].state.messages
    for message, diffs in zip(messages.values(), turns, strict=True):
        message.info["summary"] = {"diffs": diffs}
    return f"/chat/{SERVER}/{session}", list(messages)


def test_all_that_a_session_changed_by_file(client: TestClient, app: Application) -> None:
    path, _ = begin(client, app, [CHANGED], [], [CHANGED, {**CHANGED, "file": "new.py", "status": "added"}])
    page = client.get(path + "/changes").text
    assert re.findall(r'<details class="file" id="f\w+" open>', page).__len__() == 2
    assert "2 files" in page
    assert "+3 −3" in page
    assert "src/&lt;a&gt;.py" in page
    assert page.count("<del>-old &lt;b&gt;\n</del>") == 3
    assert "Change 2</a>" in page


def test_what_one_turn_changed(client: TestClient, app: Application) -> None:
    path, ids = begin(client, app, [CHANGED], [{**CHANGED, "file": "other.py"}])
    created = int(app.hub.chat.sessions_[path.rpartition("/")[2]].state.messages[ids[0]].created * 1000)
    page = client.get(f"{path}/changes?of={ids[0]}&at={created}").text
    assert "What one turn changed" in page
    assert "other.py" not in page
    gone = client.get(f"{path}/changes?of=msg_none&at={created}")
    assert gone.status_code == 404
    assert "not in this chat any more" in gone.text


def test_what_was_undone_is_left_out(client: TestClient, app: Application) -> None:
    path, ids = begin(client, app, [CHANGED], [{**CHANGED, "file": "undone.py"}])
    app.hub.chat.sessions_[path.rpartition("/")[2]].state.revert_from = ids[1]
    page = client.get(path + "/changes").text
    assert "undone.py" not in page
    assert "1 file " in page


def test_without_a_change_the_page_says_what_would_stand_there(client: TestClient, app: Application) -> None:
    path, _ = begin(client, app, [])
    assert "No file was changed" in client.get(path + "/changes").text


def test_a_change_that_is_large_is_named_and_has_a_page(client: TestClient, app: Application) -> None:
    path, _ = begin(client, app, [CHANGED, BIG])
    page = client.get(path + "/changes").text
    assert page.count("+line") == 0
    address = re.search(r'href="([^"]*file=big.txt)"', page)
    assert address is not None
    whole = client.get(address[1].replace("&amp;", "&")).text
    assert 1900 < whole.count("+line") <= 2000
    assert "Only the first 2,000 lines" in whole


def test_columns_are_kept_for_the_browser_and_no_look_changes_them(client: TestClient, app: Application) -> None:
    path, _ = begin(client, app, [CHANGED])
    assert 'class="diff two"' in client.get(path + "/changes?view=two").text
    page = client.get(path + "/changes").text
    assert 'class="diff two"' not in page
    assert 'name="columns" value="one" aria-pressed="true"' in page
    answer = client.post("/columns", data={"columns": "two", "back": path + "/changes"})
    assert answer.headers["location"] == path + "/changes"
    page = client.get(path + "/changes").text
    assert 'class="diff two"' in page
    assert 'name="columns" value="two" aria-pressed="true"' in page
    client.post("/columns", data={"columns": "one", "back": "//elsewhere.example"})
    assert 'class="diff two"' not in client.get(path + "/changes").text
    away = client.post("/columns", data={"columns": "one", "back": "//elsewhere.example"})
    assert away.headers["location"] == "/"


def file_of(client: TestClient, app: Application, **data: str) -> str:
    steps = [{"do": "begin"}, {"do": "part", "kind": "file", "data": data}]
    session = client.post("/script", json={"title": "Files", "steps": steps}).json()["session"]
    [message] = app.hub.chat.sessions_[session].state.messages.values()
    [part] = message.parts
    return f"/chat/{SERVER}/{session}/file/{message.id}/{part}"


@pytest.mark.parametrize(
    ("mime", "kind", "how"),
    [
        ("image/png", "image/png", "inline"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
        ("text/html", "application/octet-stream", "attachment"),
        ("text/html\r\nX-Bad: 1", "application/octet-stream", "attachment"),
    ],
)
def test_a_file_is_handed_over_and_never_as_a_page_of_ours(
    client: TestClient, app: Application, mime: str, kind: str, how: str
) -> None:
    held = b"<script>alert(1)</script>"
    url = f"data:{mime.split(chr(13))[0]};base64,{base64.b64encode(held).decode()}"
    answer = client.get(file_of(client, app, mime=mime, filename='../a"\r\nX: y ü.html', url=url))
    assert answer.content == held
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].startswith(how)
    assert "X: y" not in answer.headers["content-disposition"]
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_large_file_is_read_in_pieces_and_beside_the_loop(
    client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int]] = []
    plain = base64.b64decode

    def decode(text: str, validate: bool) -> bytes:
        seen.append((_on_a_loop(), len(text)))
        return plain(text, validate=validate)

    monkeypatch.setattr(base64, "b64decode", decode)
    held = bytes(range(256)) * 4000
    url = f"data:image/png;base64,{base64.b64encode(held).decode()}"
    assert client.get(file_of(client, app, mime="image/png", filename="a.png", url=url)).content == held
    assert len(seen) > 4 and not any(on for on, _ in seen)
    assert max(size for _, size in seen) == chat_changes.PIECE


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def test_a_file_that_is_not_data_has_no_content_here(client: TestClient, app: Application) -> None:
    for url in ("file:///etc/passwd", "https://example.org/x", "data:image/png;base64,%%%", ""):
        assert client.get(file_of(client, app, mime="image/png", filename="x", url=url)).status_code == 404


def output_of(client: TestClient, app: Application, path: str, output: str = "x") -> str:
    """Return the address of an output that OpenCode cut, with its file at `path`."""
    state = {
        "status": "completed",
        "input": {},
        "output": output,
        "metadata": {"outputPath": path, "truncated": True},
    }
    steps = [{"do": "begin"}, {"do": "tool", "tool": "bash", "state": state}]
    session = client.post("/script", json={"title": "Files", "steps": steps}).json()["session"]
    [message] = app.hub.chat.sessions_[session].state.messages.values()
    return f"/chat/{SERVER}/{session}/output/{message.id}/{next(iter(message.parts))}"


def test_an_output_that_is_not_kept_says_so(client: TestClient, app: Application) -> None:
    answer = client.get(output_of(client, app, "/etc/passwd"))
    assert answer.status_code == 404
    assert "not kept any more" in answer.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("".join(f"<b>{number}</b>\n" for number in range(30_000)), "OpenCode does not say whether that is all"),
        ("0\n1\n", "It does not end as what the chat shows: some of the output is missing here."),
    ],
)
def test_of_an_output_that_was_cut_it_is_said_how_much_was_kept(
    client: TestClient, app: Application, tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "opencode" / "tool-output" / "tool_00000000"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    address = output_of(client, app, str(path), "...output truncated...\n\n<b>29998</b>\n<b>29999</b>\n")
    answer = client.get(address)
    words = " ".join(answer.text.split())
    count = content.count("\n")
    assert f"{count:,} lines, {len(content):,} bytes. {said}" in words
    assert ("Only its beginning and its end are shown here." in words) == (count > 2)
    assert "<b>" not in answer.text
    found = re.search('href="([^"]*as=text)"', answer.text)
    assert found is not None
    assert client.get(f"{address}{found[1]}").text == content
