# SPDX-License-Identifier: MIT
"""/servers: figures only of what runs."""

from starlette.testclient import TestClient

from tests.unit.web.api.services import Services


def test_a_running_server_has_its_measured_figures(client: TestClient) -> None:
    (server,) = client.get("/servers").json()["items"]
    assert (server["id"], server["name"], server["projects"], server["state"]) == ("srv_1", "work", ["/p"], "running")
    assert (server["uptime"], server["cpu"], server["memory"]) == (90.0, 12.5, 1 << 20)


def test_a_stopped_one_has_none(client: TestClient) -> None:
    server = client.post("/servers/srv_1/stop").json()
    assert (server["state"], server["pid"], server["uptime"]) == ("stopped", None, None)
    assert (server["cpu"], server["memory"]) == (None, None)


def test_uptime_never_goes_below_nothing_when_the_clock_is_set_back(client: TestClient, services: Services) -> None:
    services.clock.jump(-3600)
    assert client.get("/servers/srv_1").json()["uptime"] == 0.0
