# SPDX-License-Identifier: MIT
"""Messages as the API tells them: text once and raw, states, errors."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from opencode_nexus.opencode.state import Message, Part
from opencode_nexus.web.api.messages import error_of, message_of, part_of
from tests.unit.web.api.services import Services


def message(**values: Any) -> Message:
    return Message(**{"id": "msg_1", "role": "assistant", "created": 1.0, **values})


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"role": "user"}, "done"),
        ({}, "running"),
        ({"completed": 2.0}, "done"),
        ({"completed": 2.0, "error": {"name": "MessageAbortedError", "data": {"message": "Aborted"}}}, "failed"),
        ({"parts": {"p": Part("p", "msg_1", "text", "half", closed=True, interrupted=True)}}, "interrupted"),
    ],
)
def test_the_state_of_a_message(values: dict[str, Any], state: str) -> None:
    assert message_of(message(**values)).state == state


@pytest.mark.parametrize(
    ("info", "model"),
    [
        ({"providerID": "a", "modelID": "b/c"}, "a/b/c"),
        ({"model": {"providerID": "a", "modelID": "b"}}, "a/b"),
        ({}, None),
    ],
)
def test_the_model_of_a_message(info: dict[str, Any], model: str | None) -> None:
    assert message_of(message(info=info)).model == model


def test_text_comes_once_and_raw() -> None:
    part = Part("p", "m", "text", "<b>**x**</b>\n", closed=False, gaps=[3], data={"text": "old", "synthetic": True})
    told = part_of(part).model_dump()
    assert (told["type"], told["text"], told["state"], told["gaps"]) == ("text", "<b>**x**</b>\n", "open", [3])
    assert sum("**x**" in str(value) for value in told.values()) == 1
    assert part_of(Part("p", "m", "step-start")).text is None


def test_a_tool_tells_what_it_did() -> None:
    run = {"status": "completed", "input": {"command": "ls"}, "output": "a\n", "metadata": {"output": "a\n"}}
    told = part_of(Part("p", "m", "tool", data={"tool": "bash", "state": run}))
    assert (told.tool, told.state, told.input, told.output) == ("bash", "completed", {"command": "ls"}, "a\n")
    cut = Part("p", "m", "tool", interrupted=True, data={"tool": "bash", "state": {"status": "running"}})
    assert part_of(cut).state == "interrupted"


def test_a_file_is_named_and_not_carried_along() -> None:
    data = {"filename": "a.png", "mime": "image/png", "url": "data:image/png;base64,AAAA"}
    told = part_of(Part("p", "m", "file", data=data))
    assert (told.filename, told.mime) == ("a.png", "image/png")
    assert "AAAA" not in told.model_dump_json()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, None),
        ({"name": "APIError", "data": {"message": "no luck", "statusCode": 400}}, ("APIError", "no luck")),
        ({"name": "UnknownError", "data": {}}, ("UnknownError", "UnknownError")),
        ({"message": "flat"}, ("UnknownError", "flat")),
    ],
)
def test_errors_are_told_as_they_were_given(given: dict[str, Any] | None, told: tuple[str, str] | None) -> None:
    error = error_of(given)
    assert (error and (error.name, error.message)) == told


def test_sending_is_accepted_and_handed_on(client: TestClient, services: Services) -> None:
    path = "/servers/srv_1/sessions/ses_1/messages"
    assert client.post(path, json={"text": "hi", "model": "a/b/c"}).status_code == 202
    assert services.chat.answers == [("send", "srv_1", "ses_1", "hi", "a/b/c", None)]


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "hi", "model": "nope"}, {"text": "hi", "junk": 1}])
def test_what_cannot_be_sent_is_refused(client: TestClient, services: Services, body: dict[str, Any]) -> None:
    reply = client.post("/servers/srv_1/sessions/ses_1/messages", json=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "input-invalid")
    assert services.chat.answers == []
