# SPDX-License-Identifier: MIT
"""Each route is asked as OpenCode wants it, and each way to fail has its own error."""

import json
from collections.abc import AsyncIterator

import pytest

from opencode_nexus.opencode.api import Client, cursor_before, message_in
from opencode_nexus.opencode.errors import (
    OpenCodeBadRequest,
    OpenCodeError,
    OpenCodeRefused,
    OpenCodeUnreachable,
    SessionBusy,
    UnknownToOpenCode,
    WrongRoute,
)
from tests.fakes.fake_opencode import PASSWORD, FakeOpenCode

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenCode]:
    async with FakeOpenCode() as server:
        yield server


@pytest.fixture
async def client(fake: FakeOpenCode) -> AsyncIterator[Client]:
    client = Client(fake.url, "opencode", PASSWORD)
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, OpenCodeBadRequest),
        (401, OpenCodeRefused),
        (404, UnknownToOpenCode),
        (409, SessionBusy),
        (500, OpenCodeError),
    ],
)
async def test_errors_carry_opencodes_words(
    fake: FakeOpenCode, client: Client, status: int, kind: type[Exception]
) -> None:
    body = json.dumps({"name": "E", "data": {"message": "its own words"}}).encode()
    fake.routes["GET /session/ses_1"] = (status, "application/json", body)
    with pytest.raises(kind, match="its own words"):
        await client.session("ses_1")


async def test_the_web_page_is_no_answer(client: Client) -> None:
    with pytest.raises(WrongRoute, match="GET /session/ses_1"):
        await client.session("ses_1")


async def test_what_is_not_json_and_what_has_another_shape(fake: FakeOpenCode, client: Client) -> None:
    for body in (b"{", b"3", b"\xff"):
        fake.routes["GET /permission"] = (200, "application/json", body)
        with pytest.raises(OpenCodeError, match="/permission"):
            await client.permissions("/p")


async def test_nobody_there(free_port: int) -> None:
    client = Client(f"http://127.0.0.1:{free_port}", "opencode", PASSWORD)
    with pytest.raises(OpenCodeUnreachable, match="GET /session"):
        await client.sessions("/p")
    await client.close()


async def test_who_asks_after_the_end_is_told_so(fake: FakeOpenCode) -> None:
    client = Client(fake.url, "opencode", PASSWORD)
    await client.close()
    with pytest.raises(OpenCodeUnreachable, match="GET /session: the process has ended"):
        await client.sessions("/p")
    with pytest.raises(OpenCodeUnreachable, match="the process has ended"):
        await client.messages("ses_1", 1)


async def test_a_wrong_password_is_told(fake: FakeOpenCode) -> None:
    client = Client(fake.url, "opencode", "wrong")
    with pytest.raises(OpenCodeRefused):
        await client.sessions("/p")
    await client.close()


async def test_a_prompt_names_model_and_agent(fake: FakeOpenCode, client: Client) -> None:
    fake.routes["POST /session/ses_1/prompt_async"] = (204, "text/plain", b"")
    await client.prompt("ses_1", "hello", "a/b/c", "plan", "prt_1")
    await client.prompt("ses_1", "again", None, None, "prt_2")
    bodies = [body for _, _, body in fake.asked]
    part = {"id": "prt_1", "type": "text", "text": "hello"}
    assert bodies[0] == {"parts": [part], "model": {"providerID": "a", "modelID": "b/c"}, "agent": "plan"}
    assert bodies[1] == {"parts": [{"id": "prt_2", "type": "text", "text": "again"}]}


async def test_half_a_character_in_a_message_does_not_cost_the_page(fake: FakeOpenCode, client: Client) -> None:
    body = rb'[{"info":{"id":"msg_1"},"parts":[{"type":"text","text":"cut \ud83d"}]}]'
    fake.routes["GET /session/ses_1/message"] = (200, "application/json", body)
    messages, older = await client.messages("ses_1", 5)
    assert messages[0]["parts"][0]["text"] == "cut \ufffd"
    assert older is None
    assert fake.asked[-1][1] == "/session/ses_1/message?limit=5"


async def test_folders_are_named_in_the_query(fake: FakeOpenCode, client: Client) -> None:
    fake.routes["GET /session"] = []
    await client.sessions("/a folder/ü&x=1", limit=3)
    assert fake.asked[-1][1] == "/session?directory=%2Fa+folder%2F%C3%BC%26x%3D1&limit=3"


def test_a_cursor_is_made_as_opencode_makes_it() -> None:
    made = "eyJpZCI6Im1zZ18yMDRjNGUxM2QwMDE5U2c2QlBlV0hEbGIxcSIsInRpbWUiOjE3OTUzNzYzNDEzMDl9"
    assert cursor_before("msg_204c4e13d0019Sg6BPeWHDlb1q", 1795376341309) == made


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"name":"N","data":{"message":"inner"}}', "inner"),
        (b'{"_tag":"BadRequest","message":"outer"}', "outer"),
        (b'{"_tag":"BadRequest"}', "BadRequest"),
        (b'{"name":"OnlyName","data":3}', "OnlyName"),
        (b"{}", ""),
        (b"[1]", "[1]"),
        (b" plain \xff", "plain �"),
        (b"", ""),
    ],
)
def test_the_words_in_an_errors_body(body: bytes, words: str) -> None:
    assert message_in(body) == words
