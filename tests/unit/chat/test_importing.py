# SPDX-License-Identifier: MIT
"""Files that mean harm are refused before they cost anything."""

import shutil
import sys
import tracemalloc
from pathlib import Path

import pytest

from opencode_nexus.chat import session_file
from opencode_nexus.chat.errors import ImportFailed, ImportInvalid, ImportTooLarge
from opencode_nexus.chat.session_file import Outline, checked, looked_at

HEAD = b'{"info":{"id":"ses_1","title":"A chat"},"messages":['
MESSAGE = b'{"info":{"id":"msg_1","sessionID":"ses_1","role":"user"},"parts":[%s]}'
PART = b'{"id":"prt_1","messageID":"msg_1"}'


def look(tmp_path: Path, content: bytes) -> Outline:
    source = tmp_path / "chat.json"
    source.write_bytes(content)
    return checked(source, tmp_path / "out.json")


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    whole = HEAD + MESSAGE % PART + b"]}"
    assert look(tmp_path, whole) == Outline("ses_1", "A chat", 1)
    assert (tmp_path / "out.json").read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        b'{"info":{"id":"ses_1","x":' + b"[" * 100_000 + b"]" * 100_000 + b'},"messages":[]}',
        HEAD + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        HEAD + MESSAGE % (b'{"x":' * 100_000 + b"1" + b"}" * 100_000) + b"]}",
    ],
    ids=["session", "messages", "part"],
)
def test_what_is_nested_without_end_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ImportInvalid, match="nested too deep"):
        look(tmp_path, content)


def test_what_holds_no_messages_fills_no_memory(tmp_path: Path) -> None:
    content = HEAD + b"0," * 500_000 + b"0]}"
    tracemalloc.start()
    with pytest.raises(ImportInvalid):
        look(tmp_path, content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000  # it was 36 bytes for each of them


@pytest.mark.parametrize("parts", [b"", b",".join([PART] * 20)], ids=["messages", "parts"])
def test_no_more_is_held_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: bytes) -> None:
    monkeypatch.setattr(session_file, "MOST", 10)
    with pytest.raises(ImportTooLarge, match="more than 10 messages and parts"):
        look(tmp_path, HEAD + b",".join([MESSAGE % parts] * 20) + b"]}")


def test_a_session_of_megabytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportTooLarge, match="says of the session"):
        look(tmp_path, b'{"info":{"id":"ses_1","title":"' + b"T" * session_file.HEAD + b'"},"messages":[]}')


@pytest.mark.anyio
async def test_a_file_is_looked_at_in_a_process_of_its_own(tmp_path: Path) -> None:
    source, target = tmp_path / "chat.json", tmp_path / "out.json"
    whole = HEAD + MESSAGE % PART + b"]}"
    source.write_bytes(whole)
    assert await looked_at(source, target) == Outline("ses_1", "A chat", 1)
    assert target.read_bytes() == whole


@pytest.mark.anyio
async def test_what_is_wrong_with_a_file_comes_back_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "chat.json", tmp_path / "out.json"
    source.write_bytes(HEAD + MESSAGE % PART.replace(b"msg_1", b"msg_2") + b"]}")
    with pytest.raises(ImportInvalid, match="The part prt_1 is of another message."):
        await looked_at(source, target)
    with source.open("wb") as file:
        file.truncate(session_file.LARGEST + 1)
    with pytest.raises(ImportTooLarge, match="It has 209 MB."):
        await looked_at(source, target)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(ImportFailed, match="could not be looked at"):
        await looked_at(source, target)
