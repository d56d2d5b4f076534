# SPDX-License-Identifier: MIT
from starlette.testclient import TestClient

from tests.unit.web.api.services import Services


def test_a_browser_whose_password_was_given_long_ago_makes_no_token(client: TestClient, services: Services) -> None:
    services.access.young = False
    answer = client.post("/tokens", json={"name": "ci"})
    assert (answer.status_code, answer.json()["code"]) == (403, "password-needed")
