# SPDX-License-Identifier: MIT
"""/inbox: a reply must fit what waits."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from opencode_nexus.chat.inbox import Waiting
from opencode_nexus.opencode.state import Permission, Question
from tests.unit.web.api.services import Services

PERMISSION = Permission("per_1", "ses_1", "bash", ("touch x",), ("touch *",), {"command": "touch x"})
OPTIONS = [{"label": "A", "description": "first"}, {"label": "B"}]
QUESTION = Question("que_1", "ses_2", ({"question": "Which?", "header": "W", "options": OPTIONS},))


@pytest.fixture(autouse=True)
def waits(services: Services) -> None:
    services.chat.waits = [
        Waiting("per_1", "permission", "srv_1", "ses_1", "ses_0", "Chat", "bash: touch x", 5.0, PERMISSION),
        Waiting("que_1", "question", "srv_2", "ses_2", "ses_2", "Talk", "Which?", 6.0, QUESTION),
    ]


def test_the_inbox_holds_what_waits_on_all_servers(client: TestClient) -> None:
    items = client.get("/inbox").json()["items"]
    assert [(item["id"], item["kind"], item["server_id"]) for item in items] == [
        ("per_1", "permission", "srv_1"),
        ("que_1", "question", "srv_2"),
    ]
    permission, question = items
    assert (permission["permission"], permission["patterns"], permission["always"]) == (
        "bash",
        ["touch x"],
        ["touch *"],
    )
    assert (permission["session_id"], permission["root_id"], permission["title"]) == ("ses_1", "ses_0", "Chat")
    assert [option["label"] for option in question["questions"][0]["options"]] == ["A", "B"]
    assert [item["id"] for item in client.get("/servers/srv_1/waiting").json()["items"]] == ["per_1"]


@pytest.mark.parametrize(
    ("request_id", "body", "given"),
    [
        ("per_1", {"reply": "once"}, ("permission", "srv_1", "per_1", "once", "")),
        ("per_1", {"reply": "reject", "message": "no"}, ("permission", "srv_1", "per_1", "reject", "no")),
        ("que_1", {"answers": [["A"]]}, ("question", "srv_2", "que_1", [["A"]])),
        ("que_1", {"reply": "reject"}, ("question", "srv_2", "que_1", None)),
    ],
)
def test_fitting_replies_are_given(
    client: TestClient, services: Services, request_id: str, body: dict[str, Any], given: tuple[Any, ...]
) -> None:
    assert client.post(f"/inbox/{request_id}/reply", json=body).status_code == 204
    assert services.chat.answers == [given]


@pytest.mark.parametrize(
    ("request_id", "body", "status", "code"),
    [
        ("per_1", {}, 400, "reply-unfit"),
        ("per_1", {"answers": [["A"]]}, 400, "reply-unfit"),
        ("per_1", {"reply": "once", "answers": [["A"]]}, 400, "reply-unfit"),
        ("per_1", {"reply": "maybe"}, 400, "input-invalid"),
        ("que_1", {}, 400, "reply-unfit"),
        ("que_1", {"reply": "once"}, 400, "reply-unfit"),
        ("que_1", {"reply": "always", "answers": [["A"]]}, 400, "reply-unfit"),
        ("que_1", {"reply": "reject", "answers": [["A"]]}, 400, "reply-unfit"),
        ("per_9", {"reply": "once"}, 404, "not-waiting"),
    ],
)
def test_others_are_refused_and_nothing_is_answered(
    client: TestClient, services: Services, request_id: str, body: dict[str, Any], status: int, code: str
) -> None:
    reply = client.post(f"/inbox/{request_id}/reply", json=body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert services.chat.answers == []
