# SPDX-License-Identifier: MIT
"""/inbox: a reply must fit what waits."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from opencode_nexus.chat.by import By
from opencode_nexus.chat.inbox.row import Ended, Row
from opencode_nexus.opencode.state import Permission, Question
from tests.unit.web.api.services import Services

PERMISSION = Permission("per_1", "ses_1", "bash", ("touch x",), ("touch *",), {"command": "touch x"})
OPTIONS = [{"label": "A", "description": "first"}, {"label": "B"}]
ME = By("owner", "API token", "127.0.0.1")
QUESTION = Question("que_1", "ses_2", ({"question": "Which?", "header": "W", "options": OPTIONS},))


@pytest.fixture(autouse=True)
def waits(services: Services) -> None:
    services.inbox_desk.open = [
        Row(
            "per_1",
            "permission",
            "srv_1",
            "ses_1",
            "ses_0",
            "Chat",
            "bash: touch x",
            5.0,
            PERMISSION,
            path=("a", "main"),
        ),
        Row("que_1", "question", "srv_2", "ses_2", "ses_2", "Talk", "Which?", 6.0, QUESTION),
        Row("turn_3", "failed", "srv_1", "ses_3", "ses_3", "Third", "No such model", 7.0),
    ]
    services.inbox_desk.over = [
        Ended(Row("per_0", "permission", "srv_1", "ses_1", "ses_1", "Chat", "bash: ls", 1.0), 2.0, "once", "", ME),
        Ended(Row("que_0", "question", "srv_1", "ses_1", "ses_1", "Chat", "Why?", 1.0), 1.5, "died"),
    ]


def test_the_inbox_holds_what_waits_on_all_servers(client: TestClient) -> None:
    items = client.get("/inbox").json()["items"]
    assert [(item["id"], item["kind"], item["server_id"]) for item in items] == [
        ("per_1", "permission", "srv_1"),
        ("que_1", "question", "srv_2"),
        ("turn_3", "failed", "srv_1"),
    ]
    permission, question, failed = items
    assert (permission["path"], permission["certainty"], permission["metadata"]) == (
        ["a", "main"],
        "sure",
        {"command": "touch x"},
    )
    assert (question["certainty"], failed["permission"], failed["detail"]) == ("checking", None, "No such model")
    assert (permission["permission"], permission["patterns"], permission["always"]) == (
        "bash",
        ["touch x"],
        ["touch *"],
    )
    assert (permission["session_id"], permission["root_id"], permission["title"]) == ("ses_1", "ses_0", "Chat")
    assert [option["label"] for option in question["questions"][0]["options"]] == ["A", "B"]
    assert [item["id"] for item in client.get("/servers/srv_1/waiting").json()["items"]] == ["per_1"]


def test_one_kind_and_pages(client: TestClient) -> None:
    assert [item["id"] for item in client.get("/inbox?kind=question").json()["items"]] == ["que_1"]
    first = client.get("/inbox?limit=2").json()
    assert (len(first["items"]), first["next"]) == (2, "que_1")
    rest = client.get("/inbox?limit=2&before=que_1").json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (["turn_3"], None)
    assert client.get("/inbox?before=per_7").json()["code"] == "cursor-unknown"


def test_the_history_says_who_and_how(client: TestClient) -> None:
    once, died = client.get("/inbox/history").json()["items"]
    assert (once["how"], once["words"], once["by"]["device"]) == ("once", "allowed once", "API token")
    assert (died["words"], died["by"]) == ("OpenCode stopped before you answered", None)


def test_a_turn_that_is_over_is_dismissed(client: TestClient, services: Services) -> None:
    assert client.post("/inbox/turn_3/dismiss").status_code == 204
    assert services.inbox_desk.answers == [("dismiss", "turn_3", ME)]
    assert client.post("/inbox/turn_9/dismiss").json()["code"] == "not-waiting"


@pytest.mark.parametrize(
    ("request_id", "body", "given"),
    [
        ("per_1", {"reply": "once"}, ("permission", "per_1", "once", "", ME)),
        ("per_1", {"reply": "reject", "message": "no"}, ("permission", "per_1", "reject", "no", ME)),
        ("que_1", {"answers": [["A"]]}, ("question", "que_1", [["A"]], ME)),
        ("que_1", {"reply": "reject"}, ("question", "que_1", None, ME)),
    ],
)
def test_fitting_replies_are_given(
    client: TestClient, services: Services, request_id: str, body: dict[str, Any], given: tuple[Any, ...]
) -> None:
    assert client.post(f"/inbox/{request_id}/reply", json=body).status_code == 204
    assert services.inbox_desk.answers == [given]


@pytest.mark.parametrize(
    ("request_id", "body", "status", "code"),
    [
        ("per_1", {}, 400, "reply-unfit"),
        ("per_1", {"answers": [["A"]]}, 400, "reply-unfit"),
        ("per_1", {"reply": "once", "answers": [["A"]]}, 400, "reply-unfit"),
        ("per_1", {"reply": "maybe"}, 400, "input-invalid"),
        ("que_1", {}, 400, "reply-unfit"),
        ("que_1", {"reply": "once"}, 400, "reply-unfit"),
        ("que_1", {"answers": []}, 400, "reply-unfit"),
        ("que_1", {"answers": [[]]}, 400, "reply-unfit"),
        ("que_1", {"answers": [["A"], ["B"]]}, 400, "reply-unfit"),
        ("que_1", {"answers": [["A", "B"]]}, 400, "reply-unfit"),  # it takes one
        ("que_1", {"reply": "always", "answers": [["A"]]}, 400, "reply-unfit"),
        ("que_1", {"reply": "reject", "answers": [["A"]]}, 400, "reply-unfit"),
        ("per_9", {"reply": "once"}, 404, "not-waiting"),
        ("turn_3", {"reply": "once"}, 404, "not-waiting"),
    ],
)
def test_others_are_refused_and_nothing_is_answered(
    client: TestClient, services: Services, request_id: str, body: dict[str, Any], status: int, code: str
) -> None:
    reply = client.post(f"/inbox/{request_id}/reply", json=body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert services.inbox_desk.answers == []
