# SPDX-License-Identifier: MIT
"""A list of messages is the same whether it is decoded at once or as it comes, however it is cut."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from opencode_nexus.opencode import api, message_list
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeError, UnknownToOpenCode
from opencode_nexus.opencode.message_list import MessageList
from tests.fakes.fake_opencode import PASSWORD, FakeOpenCode

LIKE = ',{"info":{"id":"msg_9"}}'  # what looks like the next message
MESSAGES: list[dict[str, Any]] = [
    {"info": {"id": "msg_1"}, "parts": [{"text": LIKE}]},
    {"info": {"id": "msg_2"}, "parts": [{"input": [{"a": 1}, {"info": {"id": "msg_9"}}, {"info": {}}]}]},
    {"info": {"id": "msg_3", "text": "\\" + LIKE + '"{é🙂'}, "parts": []},
    {"info": {"id": "msg_4"}, "parts": [[{}, {"info": {}}] for _ in range(20)]},
    {"info": {"id": "msg_5"}, "parts": []},
]


def written(messages: object) -> bytes:
    return json.dumps(messages, separators=(",", ":"), ensure_ascii=False).encode()


def fed(body: bytes, step: int) -> list[dict[str, Any]]:
    found = MessageList(dict[str, Any])
    for start in range(0, len(body), step):
        found.feed(body[start : start + step])
    return found.end()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_list, "AT_ONCE", 0)


@pytest.mark.parametrize("step", [1, 2, 7, 64, 10_000])
def test_it_is_the_same_however_it_is_cut(step: int) -> None:
    assert fed(written(MESSAGES), step) == MESSAGES
    assert fed(json.dumps(MESSAGES, indent=1).encode(), step) == MESSAGES
    assert fed(b"[]", step) == []


def test_each_message_is_decoded_when_the_next_begins() -> None:
    found = MessageList(dict[str, Any])
    found.feed(written(MESSAGES[:2])[:-1] + b",")
    found.feed(b'{"info":{')
    assert len(found._found) == 2
    assert len(found._held) == len(b',{"info":{')


def test_half_a_character_is_no_reason_to_lose_a_message() -> None:
    body = b'[{"info":{"id":"\\ud83d"}},{"info":{"id":"msg_2"}}]'
    assert [item["info"]["id"] for item in fed(body, 20)] == ["\ufffd", "msg_2"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"info":{}},{"info":{}}', b'[1,{"info":{}}]', b"<html>"])
def test_what_is_no_list_of_messages_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        fed(body, 3)


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenCode]:
    async with FakeOpenCode() as server:
        yield server


@pytest.fixture
async def client(fake: FakeOpenCode) -> AsyncIterator[Client]:
    client = Client(fake.url, "opencode", PASSWORD)
    yield client
    await client.close()


@pytest.mark.anyio
async def test_fewer_are_asked_for_where_they_are_too_many_bytes(
    fake: FakeOpenCode, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MOST", 100)
    fake.routes["GET /session/ses_1/message"] = lambda target, _: MESSAGES[:1] if "limit=10" in target else MESSAGES
    assert (await client.messages("ses_1", 40))[0] == MESSAGES[:1]
    assert (await client.messages("ses_1", 1))[0] == MESSAGES, "one message is taken however large it is"


@pytest.mark.anyio
async def test_errors_are_those_of_every_route(fake: FakeOpenCode, client: Client) -> None:
    fake.routes["GET /session/ses_1/message"] = (404, "application/json", b'{"name":"E","data":{"message":"gone"}}')
    with pytest.raises(UnknownToOpenCode, match="gone"):
        await client.messages("ses_1", 40)
    fake.routes["GET /session/ses_1/message"] = (200, "application/json", b'{"no":"list"}')
    with pytest.raises(OpenCodeError, match="in another way than expected"):
        await client.messages("ses_1", 40)
