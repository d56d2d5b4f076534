# SPDX-License-Identifier: MIT
"""Orders to several servers: when it asks first, and what is ordered then."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.web.pages import server_list
from tests.unit.web.api.services import SERVER

Post = Callable[..., Any]


class Fleet:
    """Two servers that run, one on which an agent works, and one that is stopped; `orders` is what was begun."""

    def __init__(self) -> None:
        self.orders: list[tuple[Any, ...]] = []
        self.servers = [replace(SERVER, id="srv_idle"), replace(SERVER, id="srv_busy")]
        self.servers.append(replace(SERVER, id="srv_off", state="stopped", pid=None, started=None))

    def list(self) -> Any:
        return self.servers

    def order(self, *words: Any) -> None:
        self.orders.append(words)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
def post(fleet: Fleet) -> Post:
    """Send the form; gives where it leads, or what is asked: the names of the template's values."""

    def counts(server_id: str) -> SimpleNamespace:
        return SimpleNamespace(running=2 if server_id == "srv_busy" else 0, waiting=0)

    def response(request: object, template: str, **values: Any) -> JSONResponse:
        ids = {name: [card.server.id for card in values[name]] for name in ("cards", "busy")}
        return JSONResponse({**ids, "action": values["action"], "template": template})

    hub = SimpleNamespace(
        fleet=fleet, settings=SimpleNamespace(base_path="/nexus"), pages=SimpleNamespace(response=response),
        chat=SimpleNamespace(counts=counts), usage=SimpleNamespace(of=lambda server_id: None),
        clock=SimpleNamespace(now=lambda: 1.0),
    )  # fmt: skip
    app = Starlette(routes=server_list.routes)

    async def with_hub(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["hub"] = hub
        await app(scope, receive, send)

    client = TestClient(with_hub)

    def send(*fields: tuple[str, str]) -> Any:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = client.post("/servers/order", content=urlencode(fields), headers=headers, follow_redirects=False)
        return answer.headers["location"] if answer.status_code == 303 else answer.json()

    return send


def test_those_that_are_ticked_and_idle_are_ordered_about_at_once(fleet: Fleet, post: Post) -> None:
    for action in ("start", "stop", "restart"):
        assert post(("action", action), ("id", "srv_off"), ("id", "srv_idle")) == "/nexus/servers"
        assert fleet.orders.pop() == (action, ["srv_idle", "srv_off"], "idle")
    assert post(("action", "start"), ("id", "srv_busy")) == "/nexus/servers"


@pytest.mark.parametrize("action", ["stop", "restart"])
def test_it_asks_before_an_agent_is_cut_off(fleet: Fleet, post: Post, action: str) -> None:
    asked = post(("action", action), ("id", "srv_busy"), ("id", "srv_idle"))
    assert (asked["cards"], asked["busy"], fleet.orders) == (["srv_idle", "srv_busy"], ["srv_busy"], [])
    sure = [("action", action), ("sure", "1"), ("id", "srv_busy"), ("id", "srv_idle")]
    assert post(*sure, ("when", "now")) == "/nexus/servers"
    assert post(*sure, ("when", "idle")) == "/nexus/servers"
    assert [order[2] for order in fleet.orders] == ["now", "idle"]


def test_it_asks_before_all_are_meant(fleet: Fleet, post: Post) -> None:
    assert post(("action", "start"))["cards"] == ["srv_idle", "srv_busy", "srv_off"]
    assert post(("action", "restart"))["cards"] == ["srv_idle", "srv_busy"]  # those that run
    assert fleet.orders == []


def test_what_no_button_says_is_refused(post: Post) -> None:
    for fields in ([], [("action", "remove")], [("action", "stop"), ("when", "later")]):
        with pytest.raises(BadRequest):
            post(*fields)
