# SPDX-License-Identifier: MIT
"""Errors of the API: problem+json, whoever found them."""

import pytest
from starlette.testclient import TestClient

from tests.unit.web.api.services import Services


def test_wrong_input_names_each_field_and_what_to_do(client: TestClient) -> None:
    reply = client.post("/tokens", json={"scopes": [], "days": "perhaps"})
    problem = reply.json()
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert {error["field"] for error in problem["errors"]} == {"name", "scopes", "days"}
    assert all(error["in"] == "body" and error["message"] for error in problem["errors"])
    assert "name: Field required." in problem["detail"]
    assert "openapi.json" in problem["hint"]
    assert problem["type"] == "urn:opencode-nexus:problem:input-invalid"


@pytest.mark.parametrize(
    ("sent", "words"), [(b"{", "The body is not JSON"), (b"", "Field required"), (b"[]", "dictionary")]
)
def test_bodies_that_are_no_objects(client: TestClient, sent: bytes, words: str) -> None:
    reply = client.post("/servers", content=sent, headers={"content-type": "application/json"})
    assert reply.status_code == 400
    assert words in reply.json()["detail"]


def test_what_is_sent_is_not_echoed(client: TestClient) -> None:
    secret = "very-secret-value"
    assert secret not in client.post("/tokens", json={"name": "x", "days": secret}).text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nope", 404, "not-found"), ("PUT", "/servers", 405, "method-not-allowed")],
)
def test_what_is_not_there(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    reply = client.request(method, path)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert ("allow" in reply.headers) == (status == 405)


def test_a_crash_is_a_problem_without_its_insides(client: TestClient, services: Services) -> None:
    del services.fleet
    reply = client.get("/servers")
    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert "fleet" not in reply.text


def test_the_document_promises_the_same(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            assert list(content) == ["application/problem+json"], path
            assert operation["security"] == [{"HTTPBearer": []}]
            assert operation["summary"]
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
