# SPDX-License-Identifier: MIT
"""The API alone, over services that only remember: no process, no database."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from opencode_nexus.access.who import Who
from opencode_nexus.web.api.application import application
from tests.unit.web.api.services import Services


@pytest.fixture
def services() -> Services:
    """The hub's services as far as the API uses them."""
    return Services()


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    """A client that was let in already."""
    api = application()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        state: dict[str, Any] = {"hub": services, "who": Who("owner", "token"), "sender": services.sender}
        await api({**scope, "state": state}, receive, send)

    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
