# SPDX-License-Identifier: MIT
"""/tunnels, /devices and /cloudflared: what they tell, and that no secret comes out."""

import threading
import time
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from opencode_nexus.install.errors import CloudflaredNotFound
from opencode_nexus.tunnels.errors import NetworkBlocked
from opencode_nexus.tunnels.status import TunnelStatus
from tests.fakes.tunnels import URL, ready
from tests.unit.web.api.services import Services

TOKEN = "eyJhIjoiYWNjIn0-not-a-real-token"


def test_a_tunnel_is_told_with_all_that_is_seen_of_it(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=ready(services.clock.now()), stop_idle=28800.0)
    (tunnel,) = client.get("/tunnels").json()["items"]
    assert (tunnel["id"], tunnel["name"], tunnel["kind"], tunnel["state"]) == ("tun_1", "Away", "quick", "ready")
    assert (tunnel["url"], tunnel["connections"], tunnel["edges"]) == (URL, 1, ["lhr01"])
    assert (tunnel["edge_protocol"], tunnel["protocol"], tunnel["stop_idle"]) == ("quic", "auto", 28800.0)
    assert (tunnel["requests"], tunnel["errors"], tunnel["service"]) == (312, 5, "")
    test = tunnel["selftest"]
    assert (test["verdict"], test["transport"], test["trials"][3]["outcome"]) == ("partly", "post", "held back")


def test_a_closed_one_has_nothing_of_it(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", "token")
    tunnel = client.get("/tunnels/Away").json()
    assert (tunnel["state"], tunnel["url"], tunnel["requests"], tunnel["selftest"]) == ("stopped", None, None, None)
    assert tunnel["service"] == "http://127.0.0.1:21000"


def test_a_failure_is_a_problem_document(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=TunnelStatus(state="failed", problem=NetworkBlocked("Shut.").problem()))
    problem = client.get("/tunnels/Away").json()["problem"]
    assert (problem["code"], problem["detail"]) == ("tunnel-network-blocked", "Shut.")


def test_a_token_goes_in_and_never_out(client: TestClient, services: Services) -> None:
    made = client.post("/tunnels", json={"name": "Home", "kind": "token", "token": f" {TOKEN}\n", "autostart": True})
    assert made.status_code == 201
    assert made.headers["location"] == "tun_1"
    secret = services.tunnels.secrets["tun_1"]
    assert secret is not None and secret.reveal() == TOKEN
    for answer in (made, client.get("/tunnels"), client.get("/tunnels/Home")):
        assert TOKEN not in answer.text


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "a/b", "kind": "quick"}, "tunnel-unusable"),
        ({"name": "Away", "kind": "teleport"}, "input-invalid"),
        ({"name": "Away", "kind": "quick", "target": "opencode"}, "input-invalid"),
        ({"name": "Away", "kind": "config", "hostname": "code.example.com"}, "tunnel-unusable"),
        ({"name": "Away", "kind": "quick", "stop_idle": 5}, "tunnel-unusable"),
    ],
)
def test_what_cannot_be_is_refused(client: TestClient, services: Services, wrong: dict[str, object], code: str) -> None:
    answer = client.post("/tunnels", json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert services.tunnels.list() == []


def test_a_change_touches_what_it_names(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=ready(services.clock.now()), stop_idle=28800.0, stop_after=3600.0)
    changed = client.patch("/tunnels/Away", json={"stop_after": None, "protocol": "http2", "autostart": None}).json()
    assert (changed["stop_after"], changed["stop_idle"], changed["protocol"]) == (None, 28800.0, "http2")
    assert (changed["name"], changed["stale"], changed["autostart"]) == ("Away", True, False)
    assert client.patch("/tunnels/Away", json={"kind": "token"}).json()["code"] == "input-invalid"


def test_it_starts_restarts_stops_and_goes(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away")
    assert client.post("/tunnels/Away/start").json()["state"] == "connecting"
    assert client.post("/tunnels/Away/restart").json()["state"] == "connecting"
    assert services.tunnels.started == ["tun_1", "tun_1"]
    assert client.post("/tunnels/Away/stop").json()["state"] == "stopped"
    assert client.delete("/tunnels/Away").status_code == 204
    assert client.get("/tunnels/Away").json()["code"] == "tunnel-not-found"


def test_a_start_can_wait_until_it_is_ready(client: TestClient, services: Services) -> None:
    tunnel = services.tunnels.put("Away")
    portal = client.portal
    assert portal is not None

    def later() -> None:
        while not services.tunnels.started:
            time.sleep(0.01)
        portal.call(services.tunnels.see, tunnel, ready(services.clock.now()))

    thread = threading.Thread(target=later)
    thread.start()
    try:
        assert client.post("/tunnels/Away/start", params={"wait": 60}).json()["state"] == "ready"
    finally:
        thread.join()


def test_and_waits_no_longer_than_asked(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away")
    assert client.post("/tunnels/Away/start", params={"wait": 0.05}).json()["state"] == "connecting"


def test_a_browser_whose_password_is_old_opens_nothing(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=ready(services.clock.now()))
    services.access.young = False
    for path, body in (
        ("/tunnels", {"name": "More", "kind": "quick"}),
        ("/tunnels/Away/start", None),
        ("/tunnels/Away/restart", None),
        ("/tunnels/Away/pair", {"name": "Pocket"}),
    ):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "password-needed")
    assert client.patch("/tunnels/Away", json={"name": "Other"}).status_code == 403
    assert client.post("/tunnels/Away/stop").status_code == 200  # closing needs none
    assert (services.tunnels.started, services.pairing.invited) == ([], [])


def test_everything_is_closed_and_those_outside_are_out(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=ready(services.clock.now()))
    services.tunnels.put("Home", "token")
    assert client.post("/tunnels/stop-all").json() == {"stopped": ["Away"], "logins_ended": 2}
    assert services.access.ended == ["127.0.0.1"]


def test_what_waits_for_cloudflared_is_closed_too(client: TestClient, services: Services) -> None:
    tunnels = [services.tunnels.put(name) for name in ("one", "two", "three", "four")]
    services.opener.waiting = set(tunnels)
    assert client.post("/tunnels/one/stop").status_code == 200
    assert client.delete("/tunnels/two").status_code == 204
    assert services.opener.waiting == set(tunnels[2:])
    assert client.post("/tunnels/stop-all").status_code == 200
    assert services.opener.waiting == set()


def test_the_self_test_and_the_log(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=ready(services.clock.now(), selftest=None))
    services.tunnels.lines = ["one", "two", "three"]
    assert client.post("/tunnels/Away/test").json()["verdict"] == "partly"
    assert client.get("/tunnels/Away/logs", params={"lines": 2}).json()["items"] == ["two", "three"]


def test_a_device_is_paired_listed_and_revoked(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away", status=ready(services.clock.now()))
    paired = client.post("/tunnels/Away/pair", json={"name": "Pocket"})
    assert paired.status_code == 201
    assert paired.json()["link"] == f"{URL}/nexus/pair#a-secret"
    (device,) = client.get("/devices").json()["items"]
    assert (device["id"], device["name"], device["remote"], device["here"]) == ("lgn_1", "Pocket", True, False)
    assert client.delete("/devices/lgn_1").status_code == 204
    assert services.pairing.revoked == ["lgn_1"]


def test_no_link_without_an_address(client: TestClient, services: Services) -> None:
    services.tunnels.put("Away")
    assert client.post("/tunnels/Away/pair", json={"name": "Pocket"}).json()["code"] == "tunnel-not-ready"


def test_cloudflared_is_told_brought_and_cancelled(client: TestClient, services: Services) -> None:
    told = client.get("/cloudflared").json()
    assert (told["path"], told["version"], told["problem"]) == ("/opt/cloudflared", "2026.6.0", None)
    services.cloudflared.found = CloudflaredNotFound()
    assert client.get("/cloudflared").json()["problem"]["code"] == "cloudflared-not-found"
    begun = client.post("/cloudflared/bring")
    assert begun.status_code == 202
    assert (begun.json()["bringing"]["stage"], begun.json()["problem"]) == ("downloading", None)
    assert client.post("/cloudflared/cancel").json()["bringing"]["stage"] == "cancelled"


def test_who_came_through_a_tunnel_is_listed_and_signed_out(client: TestClient, services: Services) -> None:
    def login(login_id: str, device: str, remote: bool) -> SimpleNamespace:
        return SimpleNamespace(
            id=login_id, user_id="usr_1", device=device, created=1.0, last_seen=2.0, expires=3.0,
            source="203.0.113.9", agent="Phone", remote=remote,
        )  # fmt: skip

    services.access.logged_in = [login("lgn_1", "Pocket", True), login("lgn_2", "", True), login("lgn_3", "", False)]
    found = client.get("/visitors").json()["items"]
    assert [(one["id"], one["name"]) for one in found] == [("lgn_1", "Pocket"), ("lgn_2", "")]
    assert client.delete("/visitors/lgn_2").status_code == 204
    assert client.delete("/visitors/lgn_3").json()["code"] == "login-not-found"  # he is on this side
    assert [row.id for row in services.access.logged_in] == ["lgn_1", "lgn_3"]


def test_links_that_wait_are_listed_and_taken_back(client: TestClient, services: Services) -> None:
    assert client.get("/pairings").json()["items"] == [
        {"id": "pair_1", "name": "Tablet", "created": 1.0, "expires": 301.0}
    ]
    assert client.delete("/pairings/pair_1").status_code == 204
    assert services.pairing.cancelled == ["pair_1"]


def test_the_graph_of_requests(client: TestClient, services: Services) -> None:
    now = services.clock.now()
    services.tunnels.put("Away", status=ready(now))
    columns = client.get("/tunnels/Away/graph").json()["items"]
    assert len(columns) == 60
    assert columns[1] == {"at": now - 590, "requests": 7, "errors": 0}
