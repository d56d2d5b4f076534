# SPDX-License-Identifier: MIT
"""The practice model over HTTP: OpenAI's shapes, the key, and what is refused."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.practice.model import BODY_LIMIT, PracticeModel

TOOLS = [{"type": "function", "function": {"name": "bash"}}]
HI = {"model": "practice", "messages": [{"role": "user", "content": "hi"}], "tools": TOOLS}


@pytest.fixture
def client() -> TestClient:
    model = PracticeModel("right-key", SystemClock(), pace=1e9)
    return TestClient(model.app, headers={"authorization": "Bearer right-key"})


def chunks(body: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in body.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_streamed_and_whole_answers_say_the_same(client: TestClient) -> None:
    streamed = chunks(client.post("/v1/chat/completions", json={**HI, "stream": True}).text)
    whole = client.post("/v1/chat/completions", json=HI).json()["choices"][0]
    deltas = [chunk["choices"][0]["delta"] for chunk in streamed]
    assert "".join(d.get("content", "") for d in deltas) == whole["message"]["content"]
    assert "".join(d.get("reasoning_content", "") for d in deltas) == whole["message"]["reasoning_content"]
    calls = [call for d in deltas for call in d.get("tool_calls", ())]
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert len(calls) > 2, "the arguments come in parts"
    assert arguments == whole["message"]["tool_calls"][0]["function"]["arguments"]
    assert streamed[-1]["choices"][0]["finish_reason"] == whole["finish_reason"] == "tool_calls"


def test_usage_counts_pieces_and_comes_only_when_asked_for(client: TestClient) -> None:
    body = {"model": "practice", "messages": [{"role": "user", "content": "one two three"}], "stream": True}
    plain = chunks(client.post("/v1/chat/completions", json=body).text)
    assert not any("usage" in chunk for chunk in plain)
    wants_usage = {**body, "stream_options": {"include_usage": True}}
    asked = chunks(client.post("/v1/chat/completions", json=wants_usage).text)
    said = sum(1 for chunk in plain if chunk["choices"][0]["delta"].get("content"))
    assert asked[-1]["choices"] == []
    assert asked[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": said, "total_tokens": 3 + said}


def test_models(client: TestClient) -> None:
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["practice"]


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Basic right-key", "Bearer right-key2"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_nothing_without_the_key(client: TestClient, path: str, given: str) -> None:
    method = "GET" if path.endswith("models") else "POST"
    reply = client.request(method, path, json=HI, headers={"authorization": given})
    assert reply.status_code == 401
    assert set(reply.json()) == {"error"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "at least one message"),
        (b'{"messages": []}', "at least one message"),
        (b'{"messages": ["hi"]}', "a `role`"),
        (b'{"messages": [{"role": "king"}]}', "a `role`"),
        (b'{"messages": [{"role": "user"}], "tools": ["bash"]}', "`tools`"),
    ],
)
def test_bad_bodies_are_told_what_is_wrong(client: TestClient, body: bytes, words: str) -> None:
    reply = client.post("/v1/chat/completions", content=body)
    assert reply.status_code == 400
    assert words in reply.json()["error"]["message"]


def test_odd_but_lawful_messages_do_not_break_it(client: TestClient) -> None:
    empty = {"role": "assistant", "content": None, "tool_calls": None}
    messages = [empty, {"role": "user", "content": [1, None]}]
    assert client.post("/v1/chat/completions", json={**HI, "messages": messages}).status_code == 200


def test_a_body_past_the_limit_is_refused(client: TestClient) -> None:
    reply = client.post("/v1/chat/completions", content=b" " * (BODY_LIMIT + 1))
    assert reply.status_code == 413
