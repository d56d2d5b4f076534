# SPDX-License-Identifier: MIT
"""The genuine cloudflared takes the stand-in for Cloudflare, and what passes between them is what it is measured to be.

Everything else in `tests/tunnels` stands on this.
"""

import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import httpx2
import pytest
from websockets.sync.client import connect

from tests.edge.edge import Edge
from tests.edge.faults import RATE_LIMITED, TOO_OLD, UNAUTHORIZED
from tests.edge.origin import PIECES, Origin
from tests.edge.program import Program
from tests.edge.tunnel import Tunnel
from tests.edge.visitor import visitor

REGISTERED = r"Registered tunnel connection.*protocol=(\w+)"
UNTOLD = "control stream encountered a failure while serving"
WITHIN = 60.0


class Start(Protocol):
    def __call__(self, *words: str, **environ: str) -> Program: ...


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture
def start(cloudflared: Path, edge: Edge, tmp_path: Path, protocol: str) -> Iterator[Start]:
    """Starts cloudflared over this test's protocol; it is gone at the end."""
    started: list[Program] = []

    def start(*words: str, **environ: str) -> Program:
        program = Program(cloudflared, edge, tmp_path / f"run{len(started)}", protocol, *words, **environ)
        started.append(program)
        return program

    yield start
    for program in started:
        program.__exit__(None, None, None)


def quick(edge: Edge, start: Start, origin: Origin) -> tuple[Program, Tunnel]:
    program = start("--url", origin.url)
    return program, edge.wait_registered()


def read_stream(client: httpx2.Client, method: str) -> tuple[list[str], threading.Thread, threading.Event]:
    """Reads /stream in a thread: what has come so far, the thread, and a flag that something has."""
    pieces: list[str] = []
    some = threading.Event()

    def read() -> None:
        with client.stream(method, "/stream") as answer:
            for piece in answer.iter_text():
                pieces.append(piece)
                some.set()

    thread = threading.Thread(target=read)
    thread.start()
    return pieces, thread, some


def test_a_quick_tunnel_is_given_out_registered_and_seen_in_the_metrics(
    edge: Edge, start: Start, origin: Origin, protocol: str
) -> None:
    program, tunnel = quick(edge, start, origin)
    assert program.wait_line(REGISTERED)[1] == protocol
    assert tunnel.url in program.log
    assert program.metrics("/ready")[1]["readyConnections"] == 1
    assert program.metrics("/quicktunnel")[1] == {"hostname": tunnel.hostname}
    (registration,) = edge.registrations
    assert registration.version == "2026.6.0" and registration.tunnel_id == tunnel.id.bytes
    assert program.stop() == 0
    with visitor(edge, tunnel.url) as client:
        assert (client.get("/echo").status_code, client.get("/echo").text) == (530, "error code: 1033")


def test_what_the_origin_sees_of_a_visitor(edge: Edge, start: Start, origin: Origin) -> None:
    _, tunnel = quick(edge, start, origin)
    spoofed = {"cf-connecting-ip": "6.6.6.6", "x-forwarded-for": "6.6.6.7", "x-forwarded-proto": "http"}
    with visitor(edge, tunnel.url, "203.0.113.99") as client:
        answer = client.get("/echo", headers=spoofed)
        headers = [(name, value) for name, value in answer.json()["headers"]]
        assert answer.headers.get_list("set-cookie") == [
            "first=1; Path=/; SameSite=lax",
            "second=2; Path=/; SameSite=lax",
        ]
    named = {name: [value for key, value in headers if key == name] for name, _ in headers}
    assert named["host"] == [tunnel.hostname]
    assert named["cf-connecting-ip"] == ["203.0.113.99"]
    assert named["x-forwarded-for"] == ["6.6.6.7,203.0.113.99"]
    assert named["x-forwarded-proto"] == ["https"]
    assert len(named["cf-warp-tag-id"]) == 1  # cloudflared's own, by which the hub's main door knows it
    assert "x-edge-visitor" not in named


def test_large_bodies_pass_both_ways_on_one_kept_connection(edge: Edge, start: Start, origin: Origin) -> None:
    _, tunnel = quick(edge, start, origin)
    body = bytes(range(256)) * 8192
    with visitor(edge, tunnel.url) as client:
        said = client.post("/echo", content=body).json()
        assert (said["size"], said["sum"]) == (len(body), hashlib.sha256(body).hexdigest())
        assert len(client.get("/large").content) == 3_000_000
        assert client.post("/echo").json()["size"] == 0
        assert client.head("/large").headers["content-length"] == "3000000"
        assert client.get("/nothing").status_code == 404


def test_a_streamed_post_comes_piece_by_piece(edge: Edge, start: Start, origin: Origin) -> None:
    _, tunnel = quick(edge, start, origin)
    with visitor(edge, tunnel.url) as client:
        pieces, thread, some = read_stream(client, "POST")
        for number in range(1, len(PIECES) + 1):
            some.clear()
            origin.go_on()
            assert some.wait(WITHIN)  # before the origin may say the next one
            assert "".join(pieces) == "".join(PIECES[:number])
        thread.join(WITHIN)


@pytest.mark.parametrize("named", [False, True], ids=["quick", "named"])
def test_a_streamed_get_is_held_back_by_quick_tunnels_alone(
    edge: Edge, start: Start, origin: Origin, named: bool
) -> None:
    if named:
        tunnel = edge.add_tunnel("app.example.com", service=origin.url)
        start("run", "--token", tunnel.token)
        edge.wait_registered(tunnel)
        wait_applied(tunnel, 1)
    else:
        _, tunnel = quick(edge, start, origin)
    with visitor(edge, tunnel.url) as client, visitor(edge, tunnel.url) as other:
        pieces, thread, some = read_stream(client, "GET")
        origin.go_on()
        assert origin.wrote.acquire(timeout=WITHIN)
        if named:
            assert some.wait(WITHIN)
        else:
            assert other.post("/echo").status_code == 200  # went there and back after the first piece
            assert not pieces
        for _ in PIECES[1:]:
            origin.go_on()
        thread.join(WITHIN)
    assert "".join(pieces) == "".join(PIECES)


def test_a_websocket_passes(edge: Edge, start: Start, origin: Origin) -> None:
    _, tunnel = quick(edge, start, origin)
    host, _, port = edge.front.partition(":")
    where = tunnel.url.replace("https", "wss") + "/ws"
    line = socket.create_connection((host, int(port)))
    with connect(where, sock=line, ssl=edge.authority.visitors()) as websocket:
        for text in ("hello", "x" * 70_000):
            websocket.send(text)
            assert websocket.recv(WITHIN) == f"echo: {text}"


def test_a_visitor_who_leaves_ends_the_request_at_the_origin(edge: Edge, start: Start, origin: Origin) -> None:
    _, tunnel = quick(edge, start, origin)
    (connection,) = tunnel.connections
    with visitor(edge, tunnel.url) as client, client.stream("POST", "/stream") as answer:
        assert answer.status_code == 200
        assert connection.busy()
    assert origin.left.acquire(timeout=WITHIN)
    eventually(lambda: not connection.busy())


def test_names_that_lead_nowhere_and_an_origin_that_is_gone(edge: Edge, start: Start, origin: Origin) -> None:
    _, tunnel = quick(edge, start, origin)
    with visitor(edge, "https://nobody.example.com") as client:
        assert (client.get("/").status_code, client.get("/").text) == (530, "error code: 1016")
    origin.close()
    with visitor(edge, tunnel.url) as client:
        assert client.get("/echo").status_code == 502


def wait_applied(tunnel: Tunnel, version: int) -> None:
    eventually(lambda: (version, "") in tunnel.applied)


def eventually(true: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(int(WITHIN / 0.02)):
        if true():
            return
        waiting.wait(0.02)
    raise TimeoutError


def test_a_token_tunnel_gets_its_configuration_pushed_and_changed(edge: Edge, start: Start, origin: Origin) -> None:
    tunnel = edge.add_tunnel("app.example.com", service="http_status:418")
    program = start("run", TUNNEL_TOKEN=tunnel.token)
    edge.wait_registered(tunnel)
    wait_applied(tunnel, 1)
    assert program.metrics("/config")[1]["config"]["ingress"][0]["hostname"] == "app.example.com"
    with visitor(edge, tunnel.url) as client:
        assert client.get("/echo").status_code == 418
        edge.configure(tunnel, origin.url)
        wait_applied(tunnel, 2)
        assert client.get("/echo").json()["path"] == "/echo"


def test_a_locally_configured_tunnel_tells_its_configuration(edge: Edge, start: Start, origin: Origin) -> None:
    tunnel = edge.add_tunnel("app.example.com")
    program = start("--url", origin.url, "run", "--token", tunnel.token)
    edge.wait_registered(tunnel)
    program.wait_line(REGISTERED)
    eventually(lambda: any(origin.url.encode() in each for each in edge.local_configurations))
    with visitor(edge, tunnel.url) as client:
        assert client.get("/echo").status_code == 200


def refused(program: Program) -> float:
    """How often the edge has refused it, by its own metrics."""
    found = re.search(r'tunnel_register_fail\{error="server_error",.*\} (\d+)', program.metrics_text())
    return float(found[1]) if found else 0


def test_the_edge_refuses_for_good(edge: Edge, start: Start, origin: Origin, protocol: str) -> None:
    edge.faults.refuse = TOO_OLD
    program = start("--url", origin.url)
    if protocol == "http2":
        assert program.wait_end() == 1
        assert TOO_OLD.cause in program.log
    else:  # 2026.6.0 forgets the cause over QUIC, and tries for ever
        eventually(lambda: refused(program) >= 2)
        assert UNTOLD in program.log and TOO_OLD.cause not in program.log
        edge.faults.refuse = None
        edge.wait_registered()


def test_the_edge_knows_no_such_tunnel(edge: Edge, start: Start, origin: Origin, protocol: str) -> None:
    edge.faults.refuse = UNAUTHORIZED
    program = start("--url", origin.url)
    eventually(lambda: refused(program) >= 2)  # it tries again, for ever
    assert ("Unauthorized" if protocol == "http2" else UNTOLD) in program.log
    edge.faults.refuse = None
    edge.wait_registered()


def test_the_quick_service_refuses(edge: Edge, start: Start, origin: Origin) -> None:
    edge.faults.quick_reply = RATE_LIMITED
    program = start("--url", origin.url)
    assert program.wait_end() == 1
    assert "429 Too Many Requests" in program.log


def test_a_tunnel_that_was_forgotten_is_refused_for_ever(
    edge: Edge, start: Start, origin: Origin, protocol: str
) -> None:
    program, tunnel = quick(edge, start, origin)
    edge.forget(tunnel)
    with visitor(edge, tunnel.url) as client:
        assert client.get("/echo").status_code == 530
    eventually(lambda: refused(program) >= 1)
    assert program.running and ("Unauthorized" in program.log) == (protocol == "http2")


def test_a_cut_connection_comes_back_under_the_same_name(edge: Edge, start: Start, origin: Origin) -> None:
    program, tunnel = quick(edge, start, origin)
    with visitor(edge, tunnel.url) as client:
        edge.cut()
        assert client.get("/echo").status_code == 530
        edge.wait_registered(tunnel, within=WITHIN)
        assert client.get("/echo").status_code == 200
    assert program.running


def test_an_edge_that_is_down_is_found_again(edge: Edge, start: Start, origin: Origin) -> None:
    program, tunnel = quick(edge, start, origin)
    edge.go_down()
    program.wait_line("Retrying connection|Unable to establish|Failed to dial|failed to dial", within=60)
    edge.come_up()
    edge.wait_registered(tunnel, within=90)
    with visitor(edge, tunnel.url) as client:
        assert client.get("/echo").status_code == 200


def test_good_bye_waits_for_what_is_on_its_way(edge: Edge, start: Start, origin: Origin) -> None:
    program, tunnel = quick(edge, start, origin)
    with visitor(edge, tunnel.url) as client:
        pieces, thread, some = read_stream(client, "POST")
        origin.go_on()
        assert some.wait(WITHIN)
        stopping = threading.Thread(target=program.stop)
        stopping.start()
        program.wait_line("Initiating graceful shutdown")
        for _ in PIECES[1:]:
            origin.go_on()
        thread.join(WITHIN)
        stopping.join(WITHIN)
    assert "".join(pieces) == "".join(PIECES)
    assert program.wait_end() == 0


def test_udp_that_is_dead_leaves_quic_trying(edge: Edge, start: Start, origin: Origin, protocol: str) -> None:
    edge.faults.udp_dead = True
    program = start("--url", origin.url)
    if protocol == "http2":
        edge.wait_registered()
        return
    program.wait_line("Failed to dial a quic connection", within=60)
    assert program.running and program.metrics("/ready")[0] == 503
    edge.faults.udp_dead = False
    edge.wait_registered(within=90)
