# SPDX-License-Identifier: MIT
"""What is done with a session: words, files and the trash, without OpenCode."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat import exporting
from opencode_nexus.chat.commands_run import Told
from opencode_nexus.chat.errors import ImportInvalid, ImportTooLarge, NotDeleted, SessionNotFound
from opencode_nexus.chat.exporting import file_name
from opencode_nexus.chat.markdown import message_markdown
from opencode_nexus.chat.session_file import checked
from opencode_nexus.chat.stop_words import stop_words
from opencode_nexus.chat.stopping import AbortResult
from opencode_nexus.chat.trash import KEEP, Trash
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.opencode.errors import OpenCodeUnreachable
from opencode_nexus.store.db import Database
from opencode_nexus.store.marks import Marks
from tests.fakes.one_server import SERVER

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("result", "commands", "queued", "kind", "words"),
    [
        (AbortResult(True), (), 0, "ok", "Nothing was running, so nothing was stopped."),
        (AbortResult(True), (), 2, "ok", "Nothing was running, so nothing was stopped. 2 queued messages stay"),
        (
            AbortResult(True, ("s", "a", "b"), 1),
            (),
            1,
            "ok",
            "Stopped this chat and 2 sub-agents. 1 question to you was",
        ),
        (AbortResult(True, ("s",)), (Told("npm\n test", True),), 0, "ok", "The command “npm test” was ended."),
        (AbortResult(True, ("s",)), (Told("x", None),), 0, "ok", "The command “x” was told to end. What"),
        (AbortResult(True, ("s",)), (Told("x", False, (7, 8)),), 0, "bad", "and still runs (process 7, 8)."),
        (AbortResult(False, ("s", "a")), (), 0, "bad", "The agent and 1 sub-agent were told to stop, and something"),
    ],
)
def test_a_stop_in_words(result: AbortResult, commands: Any, queued: int, kind: str, words: str) -> None:
    told, said = stop_words(result, "s", commands, queued)
    assert told == kind
    assert words in said


def test_file_names_are_safe() -> None:
    assert (
        file_name("../../etc/pass\0wd: “A \u202e title”", "ses_abcDEF123456", "json")
        == "etc-pass-wd-a-title-123456.json"
    )
    assert file_name("日本", "ses_x", "markdown") == "chat-sesx.md"
    assert len(file_name("a" * 500, "ses_1", "json")) < 80


def test_markdown_that_is_quoted_stays_inside_its_block() -> None:
    inside = "```\n</details>\n````\n# No heading"
    tool = {
        "type": "tool", "tool": "bash",
        "state": {"status": "completed", "input": {"command": "cat x"}, "output": inside},
    }  # fmt: skip
    info = {"role": "assistant", "time": {"created": 0}, "modelID": "m"}
    text = message_markdown({"info": info, "parts": [tool, {"type": "text", "text": "Done."}]})
    assert "`````\n```\n</details>\n````\n# No heading\n`````" in text
    assert "<summary>bash: cat x</summary>" in text
    assert text.endswith("Done.\n\n")
    assert message_markdown({"info": info, "parts": [{"type": "step-start"}]}) == ""


def export(**changes: Any) -> dict[str, Any]:
    message = {
        "info": {"id": "msg_1", "sessionID": "ses_1", "role": "user"},
        "parts": [{"id": "prt_1", "messageID": "msg_1"}],
    }
    info = {"id": "ses_1", "title": "T", "permission": [{"permission": "*", "action": "allow"}], "parentID": "ses_0"}
    return {"info": info, "messages": [message]} | changes


def test_what_is_imported_is_checked_and_brings_no_rights(tmp_path: Path) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out.json"
    source.write_text(json.dumps(export()))
    outline = checked(source, target)
    assert (outline.session_id, outline.title, outline.messages) == ("ses_1", "T", 1)
    written = json.loads(target.read_text())
    assert written["info"] == {"id": "ses_1", "title": "T"}
    assert written["messages"] == export()["messages"]
    message = export()["messages"][0]
    bad: list[Any] = [
        "", "{", "[]", '{"info":{}}', export(info={"id": "../x"}), export(messages={}),
        export(messages=[{"info": {**message["info"], "sessionID": "ses_2"}, "parts": []}]),
        export(messages=[{"info": {**message["info"], "role": "system"}, "parts": []}]),
        export(messages=[{"info": message["info"], "parts": [{"id": "prt_1", "messageID": "msg_2"}]}]),
        export(messages=[{"info": {**message["info"], "id": "msg 1"}, "parts": []}]),
    ]  # fmt: skip
    for content in bad:
        source.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(ImportInvalid):
            checked(source, target)
    with source.open("wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(ImportTooLarge):
        checked(source, target)


class Deleting:
    """OpenCode, as the trash sees it."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.error: Exception | None = None

    async def delete(self, server_id: str, session_id: str) -> None:
        if self.error is not None:
            raise self.error
        self.deleted.append(session_id)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield db
    await db.close()


async def test_what_is_due_is_deleted_when_it_can_be(db: Database) -> None:
    marks = Marks(db)
    clock, server = ManualClock(), Deleting()
    trash = Trash(marks, clock, server.delete, lambda server_id: server_id == SERVER)
    for session_id in ("ses_1", "ses_2", "ses_3"):
        await trash.put(SERVER, session_id, "T")
    await trash.put("srv_gone", "ses_4", "T")
    assert [one.session_id for one in trash.of(SERVER)] == ["ses_3", "ses_2", "ses_1"]
    assert trash.fresh(SERVER, "ses_3").session_id == "ses_2"  # type: ignore[union-attr]
    await trash.take_back("ses_1")
    await trash.sweep()
    assert server.deleted == []
    clock.advance(KEEP + 1)
    assert trash.fresh(SERVER, "") is None
    server.error = OpenCodeUnreachable("It is down.")
    await trash.sweep()
    assert set(trash) == {"ses_2", "ses_3"}, "hidden until its server can be asked"
    await db.flush()
    later = Trash(marks, clock, server.delete, lambda server_id: True)
    later.open()
    await later.close()
    assert set(later) == {"ses_2", "ses_3"}
    server.error = SessionNotFound("gone")
    await later.sweep()
    assert len(later) == 0
    with pytest.raises(NotDeleted):
        await later.take_back("ses_2")


async def test_what_was_brought_back_while_others_go_is_not_deleted(db: Database) -> None:
    clock, trash, back = ManualClock(), None, False

    async def delete(server_id: str, session_id: str) -> None:
        nonlocal back
        assert trash is not None
        assert session_id == "ses_2", "it was brought back"
        with pytest.raises(NotDeleted):
            await trash.take_back("ses_2")
        await trash.take_back("ses_1")
        back = True

    trash = Trash(Marks(db), clock, delete, lambda server_id: True)
    for session_id in ("ses_1", "ses_2"):
        await trash.put(SERVER, session_id, "T")
    clock.advance(KEEP + 1)
    await trash.sweep()
    assert back and not trash.entries


async def test_what_is_being_brought_back_is_not_deleted(db: Database) -> None:
    clock, deleted = ManualClock(), list[str]()

    async def delete(server_id: str, session_id: str) -> None:
        deleted.append(session_id)

    trash = Trash(Marks(db), clock, delete, lambda server_id: True)
    await trash.put(SERVER, "ses_1", "T")
    clock.advance(KEEP + 1)
    await asyncio.gather(trash.take_back("ses_1"), trash.sweep())
    assert deleted == [] and not trash.entries


async def test_a_message_becomes_markdown_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 10 MB took more than 100 ms, in which the hub answered nobody."""
    threads: list[bool] = []

    def told(item: Any) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return "x"

    class Pages:
        async def messages(self, session_id: str, limit: int, before: str | None = None) -> tuple[list[Any], None]:
            return [{"info": {}, "parts": []}], None

    monkeypatch.setattr(exporting, "message_markdown", told)
    pieces = [piece async for piece in exporting.as_markdown(Pages(), {"id": "ses_1"})]  # type: ignore[arg-type]
    assert (pieces[1:], threads) == ([b"x"], [False])
