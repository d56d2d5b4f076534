# SPDX-License-Identifier: MIT
"""An open tunnel leaks nothing: the real application, asked through the genuine cloudflared and Cloudflare's side.

A quick tunnel, which comes in by the Unix socket, and a named one, which comes in by the port, stand at once.
"""

import asyncio
import itertools
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from opencode_nexus.access.public import is_not_remote, is_public
from opencode_nexus.app import composed
from opencode_nexus.core.bus import Record
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.store.home import Home
from opencode_nexus.tunnels.config import EdgeProtocol, Kind, TunnelConfig
from opencode_nexus.tunnels.status import TunnelInfo, TunnelStatus
from opencode_nexus.web.application import Application
from opencode_nexus.web.context import Hub
from opencode_nexus.web.routes import routes
from opencode_nexus.web.server import bind, serve
from tests.e2e.test_closed import METHODS, OWNER, PASSWORD, Entry, is_closed, walk
from tests.edge.edge import Edge
from tests.edge.visitor import async_visitor
from tests.leaks import remember

pytestmark = pytest.mark.anyio

KINDS: tuple[Kind, ...] = ("quick", "token")
NAMED = "code.example.com"
LOCAL_KEY = "local-key-of-this-test"
READY_WITHIN = 60.0
HANDSHAKE = (
    "GET /live/ws HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@dataclass
class House:
    """The hub, where it is reached on this side (`port`), and its public addresses by kind of tunnel."""

    hub: Hub
    edge: Edge
    port: int
    table: list[Entry]
    urls: dict[Kind, str]

    def visitor(self, kind: Kind, address: str = "") -> httpx2.AsyncClient:
        return async_visitor(self.edge, self.urls[kind], address)

    def here(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, verify=False)

    def host(self, kind: Kind) -> str:
        return self.urls[kind].removeprefix("https://")


@asynccontextmanager
async def built(root: Path, edge: Edge, cloudflared: Path) -> AsyncIterator[House]:
    home = Home(root / "nexus")
    home.prepare()
    flags = {
        "home": str(home.path),
        "cloudflared_binary": str(cloudflared),
        "cloudflared_arguments": edge.arguments,
        "tunnel_front": edge.front,
    }
    environ = {**os.environ, "HOME": str(root / "user")}
    async with composed(home, flags, environ, local_token=remember(LOCAL_KEY)) as hub:
        await hub.access.create_owner(OWNER, PASSWORD)
        await hub.stored.set("setup", {"done": True})
        await hub.door.open()
        listener, up = bind("127.0.0.1", 0), asyncio.Event()
        port = listener.getsockname()[1]
        hub.door.main = port
        hub.address = f"http://127.0.0.1:{port}/"

        async def ready() -> None:
            await hub.tunnels.open()
            up.set()

        app = Application(hub, hub.pages.static)
        serving = asyncio.create_task(
            serve(app, listener, hub.closing, ready=ready, before_close=hub.tunnels.close, door=hub.door)
        )
        await up.wait()
        try:
            urls = {kind: await opened(hub, edge, kind) for kind in KINDS}
            yield House(hub, edge, port, walk(routes(hub.pages.static)), urls)
        finally:
            hub.closing.set()
            await serving
            hub.door.close()


async def opened(hub: Hub, edge: Edge, kind: Kind, name: str = "", protocol: EdgeProtocol = "http2") -> str:
    """The public address of a new tunnel, once it is ready; it is named like its kind when `name` is empty."""
    secret = None
    if kind == "token":
        named = edge.add_tunnel(NAMED, service=f"http://127.0.0.1:{hub.door.port}")
        secret = Secret(remember(named.token))
    made = await hub.tunnels.create_tunnel(TunnelConfig(name or kind, kind, protocol=protocol), secret=secret)
    await hub.tunnels.start_tunnel(made.id)
    deadline = asyncio.get_running_loop().time() + READY_WITHIN
    while (status := hub.tunnels.get_tunnel_status(made.id)).state != "ready" or status.url is None:
        assert status.state != "failed", status
        assert asyncio.get_running_loop().time() < deadline, (status, edge.lines[-10:])
        await asyncio.sleep(0.05)
    return status.url


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, cloudflared: Path) -> AsyncIterator[House]:
    root = tmp_path_factory.mktemp("closed")
    with Edge(root / "edge") as edge, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(edge.authority.path))
        async with built(root, edge, cloudflared) as made:
            yield made


@pytest.fixture(autouse=True)
async def forgiven(house: House) -> AsyncIterator[None]:
    yield
    await house.hub.access.unlock(OWNER)


@pytest.mark.parametrize("kind", KINDS)
async def test_without_a_login_every_route_is_closed(house: House, kind: Kind) -> None:
    """By each of its own methods, and by one of METHODS, another at each route.

    All methods of all routes are asked in `tests/e2e/test_closed.py`, where each of 2,816 answers takes no way of 4 ms.
    """
    own: dict[str, frozenset[str]] = {}
    for entry in house.table:
        own[entry.path] = own.get(entry.path, frozenset()) | entry.methods
    turn, asked = itertools.cycle(METHODS), set()
    async with house.visitor(kind) as client:
        for path, methods in own.items():
            for method in sorted(methods | {next(turn)} if methods else ()):
                answer = await client.request(method, path, headers={"Accept": "text/html"})
                where = (method, path, answer.status_code)
                if is_not_remote(path):
                    assert answer.status_code == 403, where
                elif is_public(path):
                    assert answer.status_code < 500, where
                else:
                    assert is_closed(answer, ""), where
                for secret in (OWNER, LOCAL_KEY, str(house.hub.settings.home)):
                    assert secret not in answer.text, where
                asked.add(where[:2])
    assert len(asked) > 600 and {path for _, path in asked} == {entry.path for entry in house.table if entry.methods}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_websocket_without_a_login_is_closed(house: House, kind: Kind) -> None:
    def ask() -> bytes:
        host, _, port = house.edge.front.partition(":")
        context: ssl.SSLContext = house.edge.authority.visitors()
        plain = socket.create_connection((host, int(port)), 30)
        with context.wrap_socket(plain, server_hostname=house.host(kind)) as line:
            line.sendall(HANDSHAKE.format(host=house.host(kind)).encode())
            return line.recv(4096)

    answer = await asyncio.to_thread(ask)
    assert answer.split()[1] == b"401", (answer, house.edge.lines[-5:])


@pytest.mark.parametrize("kind", KINDS)
async def test_what_this_machine_may_is_not_gained(house: House, kind: Kind) -> None:
    local = await house.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
    async with house.visitor(kind) as client:
        for headers in (
            {"Authorization": f"Bearer {LOCAL_KEY}"},
            {"Cookie": f"__Host-nexus={local}"},
            {"Cookie": f"nexus={local}"},
            {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
        ):
            assert (await client.get("/api/v1/servers", headers=headers)).status_code == 401
    async with house.here() as client:  # here the same opens
        headers = {"Authorization": f"Bearer {LOCAL_KEY}"}
        assert (await client.get("/api/v1/servers", headers=headers)).status_code == 200


async def test_each_door_answers_to_its_own_names(house: House) -> None:
    async with house.here() as client:
        for kind in KINDS:
            answer = await client.get("/healthz", headers={"Host": house.host(kind)})
            assert answer.status_code == 421, kind
    # a name that leads to the tunnel at Cloudflare, and is not one of ours
    tunnel = next(tunnel for tunnel in house.edge.tunnels if tunnel.quick)
    tunnel.hostnames.append("evil.example.com")
    for host in ("evil.example.com", "localhost", "127.0.0.1"):
        tunnel.hostnames.append(host)
        async with async_visitor(house.edge, "https://evil.example.com") as client:
            assert (await client.get("/healthz", headers={"Host": host})).status_code == 421, host
    async with house.visitor("quick") as client:
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_of_another_site_is_refused(house: House, kind: Kind) -> None:
    async with house.visitor(kind) as client:
        for origin in ("https://evil.example", f"http://127.0.0.1:{house.port}"):
            answer = await client.post("/login", headers={"Origin": origin}, data={"username": OWNER})
            assert answer.status_code == 403


@pytest.mark.parametrize("kind", KINDS)
async def test_the_lockout_counts_the_visitor(house: House, kind: Kind) -> None:
    guesser, other = {"quick": ("198.51.100.7", "198.51.100.8"), "token": ("198.51.100.9", "198.51.100.10")}[kind]

    async def attempt(client: httpx2.AsyncClient, password: str, **headers: str) -> int:
        answer = await client.post("/login", data={"username": OWNER, "password": password}, headers=headers)
        return answer.status_code

    # what a visitor says of himself changes nothing: Cloudflare says who he is
    spoofed = [{"X-Forwarded-For": f"203.0.113.{n}", "CF-Connecting-IP": f"203.0.113.{n}"} for n in range(5)]
    async with house.visitor(kind, guesser) as client:
        assert [await attempt(client, "Wrong Horse 7", **said) for said in spoofed] == [401, 401, 401, 401, 429]
        assert await attempt(client, PASSWORD, **spoofed[0]) == 429
    locked = [source for source, _ in house.hub.access.users()[0].locked]
    assert locked == [guesser]
    async with house.visitor(kind, other) as client:
        answer = await client.post("/login", data={"username": OWNER, "password": PASSWORD})
        assert answer.status_code == 303
        assert "Secure" in answer.headers["set-cookie"]
    async with house.here() as client:
        assert await attempt(client, PASSWORD) == 303
    sources = {row.source: row.remote for row in house.hub.access.logins(house.hub.access.users()[0].id)}
    assert sources[other] is True
    assert sources["127.0.0.1"] is False


async def test_a_tunnel_that_leads_to_the_main_door_meets_a_shut_one(house: House) -> None:
    """Also when Cloudflare makes the Host one of ours, the usual cure for a 421: nothing is local by that."""
    hub, wrong = house.hub, house.edge.add_tunnel("wrong.example.com", service=f"http://127.0.0.1:{house.port}")
    wrong.ingress = [{**rule, "originRequest": {"httpHostHeader": "localhost"}} for rule in wrong.ingress or ()]
    config = TunnelConfig("wrong", "token", protocol="http2")
    made = await hub.tunnels.create_tunnel(config, secret=Secret(remember(wrong.token)))
    await hub.tunnels.start_tunnel(made.id)
    try:
        async with asyncio.timeout(READY_WITHIN):
            while (status := hub.tunnels.get_tunnel_status(made.id)).state != "degraded":
                await asyncio.sleep(0.05)
        assert status.problem is not None and status.problem["code"] == "tunnel-origin-down"
        assert f"Put http://127.0.0.1:{hub.door.port} as its service" in str(status.problem["detail"])
        async with async_visitor(house.edge, "https://wrong.example.com", "198.51.100.77") as client:
            for path in ("/login", "/setup", "/healthz", "/api/v1/servers"):
                answer = await client.get(path, headers={"Authorization": f"Bearer {LOCAL_KEY}"})
                assert (answer.status_code, "tunnel-at-main-door" in answer.text) == (421, True), path
            for _ in range(6):
                await client.post("/login", data={"username": OWNER, "password": "Wrong Horse 7"})
        assert hub.access.users()[0].locked == ()
    finally:
        await hub.tunnels.remove_tunnel(made.id)


async def test_on_this_side_no_header_names_the_visitor(house: House) -> None:
    async with house.here() as client:
        for number in range(5):
            wrong = {"username": OWNER, "password": "Wrong Horse 7"}
            spoofed = {"X-Forwarded-For": f"203.0.113.{number}"}
            refused = await client.post("/login", data=wrong, headers={**spoofed, "CF-Connecting-IP": "203.0.113.1"})
            assert refused.status_code == 421  # only a cloudflared at the wrong door says that here
            await client.post("/login", data=wrong, headers=spoofed)
    assert [source for source, _ in house.hub.access.users()[0].locked] == ["127.0.0.1"]


async def test_another_process_cannot_speak_for_cloudflare(house: House) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: {NAMED}\r\nCF-Connecting-IP: 203.0.113.1\r\nConnection: close\r\n\r\n"

    async def ask(where: str | int) -> bytes:
        opening = (
            asyncio.open_unix_connection(where)
            if isinstance(where, str)
            else asyncio.open_connection("127.0.0.1", where)
        )
        reader, writer = await opening
        try:
            writer.write(request.encode())
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    assert house.hub.door.unix is not None
    assert await ask(house.hub.door.port) == b""
    assert await ask(str(house.hub.door.unix)) == b""


@pytest.mark.parametrize("protocol", ["http2", "quic"])
async def test_a_visitor_who_breaks_off_does_not_trouble_the_tunnel(house: House, protocol: EdgeProtocol) -> None:
    def break_off(host: str) -> None:
        front, _, port = house.edge.front.partition(":")
        plain = socket.create_connection((front, int(port)), 30)
        with house.edge.authority.visitors().wrap_socket(plain, server_hostname=host) as line:
            line.sendall(f"POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 900\r\n\r\nabc".encode())

    def note(record: Record) -> None:
        if isinstance(record.data, TunnelInfo):
            seen.append(record.data.status)

    tunnels, seen = house.hub.tunnels, list[TunnelStatus]()
    url = await opened(house.hub, house.edge, "quick", f"over {protocol}", protocol)
    end = house.hub.bus.listen(note, "tunnel")
    try:
        for _ in range(12):  # cloudflared's words for it differ from one time to the next
            await asyncio.to_thread(break_off, url.removeprefix("https://"))
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)  # its log is looked at each second
    finally:
        end()
        await tunnels.remove_tunnel(tunnels.get(f"over {protocol}").id)
    assert {status.state for status in seen} <= {"ready"}, seen
    assert not [row for row in house.hub.activity.recent(50) if row.text.startswith(f"over {protocol}: ")]


async def test_all_of_it_ends_together(house: House) -> None:
    """The last test of this file: it closes what the others use."""
    async with house.visitor("token", "198.51.100.20") as client:
        answer = await client.post("/login", data={"username": OWNER, "password": PASSWORD})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert (await client.get("/settings", headers={"Cookie": cookie})).status_code == 200
        assert sorted(await house.hub.tunnels.stop_all()) == sorted(KINDS)
        ended = await house.hub.access.end_remote(source="command")
        assert ended >= 1
        assert (await client.get("/settings", headers={"Cookie": cookie})).status_code == 530
    token = cookie.partition("=")[2]
    assert house.hub.access.authenticate(token, remote=True) is None
    assert house.hub.tunnels.hostnames() == frozenset()
