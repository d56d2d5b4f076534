# SPDX-License-Identifier: MIT
"""The commands of tunnels beside a real hub: the genuine cloudflared opens what they ask for, and nothing is left."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.edge.edge import Edge
from tests.edge.visitor import visitor
from tests.fakes.hub import RealHub
from tests.fakes.tiny_hub import TinyHub
from tests.leaks import remember
from tests.tunnels.conftest import to_the_edge

pytestmark = pytest.mark.timeout(300)
MAIN_NAME = "home.example.com"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Iterator[Edge]:
    with Edge(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, edge: Edge, cloudflared: Path
) -> Iterator[RealHub]:
    """A hub that is set up; its tunnels lead to the edge, and its main door answers to one more name."""
    more = {**to_the_edge(edge, cloudflared), "OPENCODE_NEXUS_ALLOWED_HOSTS": MAIN_NAME}
    with TinyHub(tmp_path_factory.mktemp("hub"), opencode_binary, **more) as hub:
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.make_token()
        yield hub


@pytest.fixture
def hub(shared: RealHub, edge: Edge) -> Iterator[RealHub]:
    """The shared one, which runs and has no tunnel."""
    if shared.process is None or shared.process.poll() is not None:
        shared.start()
    yield shared
    if shared.process is not None and shared.process.poll() is None:
        with shared.api() as api:
            for tunnel in api.get("/tunnels").json()["items"]:
                api.delete(f"/tunnels/{tunnel['id']}")
    for tunnel in edge.tunnels:
        edge.forget(tunnel)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(hub: RealHub, *words: str) -> Any:
    return json.loads(said(hub.command("tunnel", *words, "--json")))


def status_of(edge: Edge, url: str, path: str = "/healthz") -> int:
    with visitor(edge, url) as client:
        return client.get(path).status_code


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Another program at a port of this machine; it answers everybody with 418."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(418)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", port), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def test_a_quick_tunnel_from_its_adding_to_its_end(hub: RealHub, edge: Edge) -> None:
    assert "There are no tunnels yet" in said(hub.command("tunnel", "list"))
    made = told(hub, "add", "--name", "my phone", "--kind", "quick", "--protocol", "http2", "--stop-idle", "2h")
    assert (made["state"], made["url"], made["stop_idle"]) == ("stopped", None, 7_200)
    assert hub.command("tunnel", "add", "--name", "my phone", "--kind", "quick").returncode == 1
    ready = told(hub, "start", "my phone")
    assert (ready["state"], ready["edge_protocol"], ready["version"]) == ("ready", "http2", "2026.6.0")
    url = ready["url"]
    assert [tunnel["url"] for tunnel in told(hub, "list")] == [url]
    assert f"Tunnel my phone is ready. {url}" in said(hub.command("status")).splitlines()
    assert status_of(edge, url) == 200
    assert "Registered tunnel connection" in said(hub.command("tunnel", "logs", "my phone"))
    test = told(hub, "test", "my phone")
    outcomes = {trial["name"]: trial["outcome"] for trial in test["trials"]}
    assert test["verdict"] == "partly"
    assert (outcomes["post-stream"], outcomes["get-stream"], outcomes["no-login"]) == ("works", "held back", "works")
    told(hub, "change", made["id"], "--stop-idle", "never")
    assert told(hub, "status", "my phone")["stop_idle"] is None
    assert told(hub, "stop", "--all") == {"stopped": ["my phone"], "logins_ended": 0}
    assert status_of(edge, url) == 530
    assert told(hub, "status", made["id"])["state"] == "stopped"
    again = told(hub, "restart", "my phone")
    assert again["state"] == "ready"
    assert again["url"] != url
    said(hub.command("tunnel", "remove", "my phone"))
    assert status_of(edge, again["url"]) == 530
    assert told(hub, "list") == []
    assert hub.stop() == 0
    assert hub.children() == []


def test_a_device_is_connected_listed_and_signed_out_by_command(hub: RealHub, edge: Edge) -> None:
    told(hub, "add", "--name", "phone", "--kind", "quick", "--protocol", "quic")
    refused = hub.command("tunnel", "pair", "phone")
    assert refused.returncode == 1
    assert "no public address" in refused.stderr
    started = told(hub, "start", "phone")
    assert started["edge_protocol"] == "quic"
    url = started["url"]
    with visitor(edge, url) as tablet, visitor(edge, url, "203.0.113.8") as other:
        for client, name in ((tablet, "Tablet"), (other, "Other")):
            pairing = told(hub, "pair", "phone", "--device", name)
            assert pairing["link"] == f"{url}/pair#{remember(pairing['secret'])}"
            form, origin = {"secret": pairing["secret"], "name": name}, {"origin": url}
            assert client.post("/pair", data=form, headers=origin).status_code == 303
            assert client.get("/", headers={"accept": "text/html"}).status_code == 200
            assert client.post("/pair", data=form, headers=origin).status_code >= 400  # it works once
        listed = {device["name"]: device for device in told(hub, "devices")}
        assert {name: (device["source"], device["remote"]) for name, device in listed.items()} == {
            "Tablet": (edge.visitor, True),
            "Other": ("203.0.113.8", True),
        }
        assert "Tablet is signed out." in said(hub.command("tunnel", "devices", "--revoke", "Tablet"))
        assert tablet.get("/api/v1/servers").status_code == 401
        assert other.get("/api/v1/servers").status_code == 200
        assert told(hub, "stop", "--all") == {"stopped": ["phone"], "logins_ended": 1}
        assert told(hub, "devices") == []


def test_a_token_tunnel_whose_token_is_nowhere_to_be_read(hub: RealHub, edge: Edge) -> None:
    added = hub.command("tunnel", "add", "--name", "x", "--kind", "token", "--token-file", "-", stdin="not a token\n")
    assert added.returncode == 1
    assert "That is not a tunnel token." in added.stderr
    tunnel = edge.add_tunnel("code.example.com")
    token = remember(tunnel.token)
    words = ("tunnel", "add", "--name", "home", "--kind", "token", "--token-file", "-", "--json")
    made = json.loads(said(hub.command(*words, stdin=token + "\n")))
    assert token not in json.dumps(made)
    edge.configure(tunnel, made["service"])
    ready = told(hub, "start", "home")
    assert (ready["state"], ready["url"]) == ("ready", "https://code.example.com")
    assert status_of(edge, ready["url"]) == 200
    assert told(hub, "stop", "home")["state"] == "stopped"
    assert status_of(edge, ready["url"]) == 530


def test_no_tunnel_before_there_is_an_owner(tmp_path: Path, edge: Edge, cloudflared: Path) -> None:
    before = len(edge.registrations)
    with RealHub(tmp_path / "new", None, **to_the_edge(edge, cloudflared)) as hub:
        hub.start()
        hub.command("tunnel", "add", "--name", "x", "--kind", "quick")
        started = hub.command("tunnel", "start", "x")
        assert started.returncode == 1
        assert "set-up" in started.stderr
        assert len(edge.registrations) == before


def test_everything_is_closed_by_command_after_the_hub_was_killed(hub: RealHub, edge: Edge) -> None:
    tunnel = edge.add_tunnel("code.example.com")
    words = ("tunnel", "add", "--name", "home", "--kind", "token", "--token-file", "-", "--json")
    made = json.loads(said(hub.command(*words, stdin=remember(tunnel.token) + "\n")))
    edge.configure(tunnel, made["service"])
    told(hub, "add", "--name", "phone", "--kind", "quick", "--protocol", "http2", "--autostart")
    urls = [told(hub, "start", name)["url"] for name in ("home", "phone")]
    pairing = told(hub, "pair", "phone")
    with visitor(edge, urls[1]) as phone:
        form = {"secret": remember(pairing["secret"]), "name": "Phone"}
        assert phone.post("/pair", data=form, headers={"origin": urls[1]}).status_code == 303
    told(hub, "pair", "phone")  # a link that nobody has used yet
    hub.kill()
    done = said(hub.command("tunnel", "stop", "--all"))
    assert "No hub runs on" in done
    assert "Closed: home, phone. Logins ended: 1." in done
    assert [status_of(edge, url) for url in urls] == [530, 530]
    assert not [process for process in hub.children() if "--metrics" in process.cmdline()]  # OpenCode is let run
    assert told(hub, "stop", "--all") == {"stopped": [], "logins_ended": 0}
    hub.start()
    assert told(hub, "devices") == []
    assert told(hub, "status", "home")["state"] == "stopped"
    said(hub.command("tunnel", "stop", "--all"))


def test_a_stranger_at_the_port_that_was_taken_gets_no_visitor(hub: RealHub, edge: Edge) -> None:
    tunnel = edge.add_tunnel("code.example.com")
    words = ("tunnel", "add", "--name", "home", "--kind", "token", "--token-file", "-", "--json")
    made = json.loads(said(hub.command(*words, stdin=remember(tunnel.token) + "\n")))
    edge.configure(tunnel, made["service"])
    url = told(hub, "start", "home")["url"]
    hub.kill()
    with stranger(int(made["service"].rpartition(":")[2])):
        hub.start()
        refused = hub.command("tunnel", "start", "home")
        assert refused.returncode == 1, refused.stdout
        service = told(hub, "status", "home")["service"]
        assert service != made["service"]
        assert f"Put {service} as the service at Cloudflare" in refused.stderr
        assert status_of(edge, url) == 530
        edge.configure(tunnel, service)
        assert told(hub, "start", "home")["state"] == "ready"
        assert status_of(edge, url) == 200
    assert hub.stop() == 0
    hub.start()  # the port of then is free again, and is not taken back: Cloudflare has the new one
    assert told(hub, "start", "home")["service"] == service
    assert status_of(edge, url) == 200


def pushed(hub: RealHub, edge: Edge, name: str, hostname: str, service: str | None = None) -> Any:
    """A token tunnel that was started, with one rule: `hostname` leads to `service`, the right one when None."""
    tunnel = edge.add_tunnel(hostname)
    words = ("tunnel", "add", "--name", name, "--kind", "token", "--token-file", "-", "--json")
    made = json.loads(said(hub.command(*words, stdin=remember(tunnel.token))))
    edge.configure(tunnel, service or made["service"])
    hub.command("tunnel", "start", name, "--wait", "30")
    return told(hub, "status", name)


def test_what_cloudflare_was_told_wrong(hub: RealHub, edge: Edge, tmp_path: Path) -> None:
    """Neither the wrong service nor the wrong name at Cloudflare opens the hub's main door or shuts it."""
    main = hub.url.rstrip("/")
    wrong = pushed(hub, edge, "wrong", "wrong.example.com", main)
    assert (wrong["state"], wrong["problem"]["code"]) == ("degraded", "tunnel-origin-down")
    assert f"wrong.example.com leads to {main}, this hub's main address" in wrong["problem"]["detail"]
    with visitor(edge, "https://wrong.example.com") as outsider:
        assert outsider.get("/login").status_code == 421
    for number, name in enumerate(("127.0.0.1", MAIN_NAME)):
        taken = pushed(hub, edge, f"taken{number}", name)
        assert (taken["state"], taken["problem"]["code"]) == ("degraded", "tunnel-hostname-not-routed")
        assert (taken["url"], taken["hostnames"]) == (None, [])
    typed = ("--kind", "config", "--hostname", MAIN_NAME, "--credentials", str(tmp_path / "none.json"))
    refused = hub.command("tunnel", "add", "--name", "typed", *typed)
    assert refused.returncode == 1 and "allowed_hosts" in refused.stderr
    assert told(hub, "stop", "--all")["stopped"] == ["wrong", "taken0", "taken1"]
