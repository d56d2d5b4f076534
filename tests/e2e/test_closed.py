# SPDX-License-Identifier: MIT
"""Closed by default: every route of the real application, asked without a login, with a wrong Host, cross-site.

The table walked is the one that the application serves from, so a route that is added tomorrow is asked too.
"""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from opencode_nexus.access.public import is_public
from opencode_nexus.app import composed
from opencode_nexus.store.home import Home
from opencode_nexus.web.application import Application
from opencode_nexus.web.context import Hub
from opencode_nexus.web.routes import routes
from tests.leaks import remember

pytestmark = pytest.mark.anyio

OWNER, PASSWORD = "Ada", remember("Correct Horse 7")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
EVIL = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
OWN = {"Origin": "http://localhost:4600", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Entry:
    """One route: its address with made-up parameters, its methods (none: a WebSocket)."""

    path: str
    methods: frozenset[str]


def walk(table: Iterable[BaseRoute], prefix: str = "") -> list[Entry]:
    """Every route of the table. A kind of route that this does not know fails the test."""
    found: list[Entry] = []
    for route in table:
        inner = getattr(route, "original_router", None)  # how FastAPI keeps a router that was included
        if inner is not None:
            found += walk(inner.routes, prefix)
        elif isinstance(route, Mount):
            found += walk(route.routes or [], prefix + route.path)
        elif isinstance(route, WebSocketRoute):
            found.append(Entry(filled(prefix + route.path), frozenset()))
        else:
            assert isinstance(route, Route), f"unknown kind of route: {route!r}"
            found.append(Entry(filled(prefix + route.path), frozenset(route.methods or METHODS)))
    return found


def filled(path: str) -> str:
    return re.sub(r"{\w+(:\w+)?}", lambda found: "1" if found[1] == ":int" else "x1", path)


@dataclass
class Site:
    """The real application, asked in this process."""

    hub: Hub
    app: Application
    table: list[Entry]
    base: str

    def client(self, host: str = "localhost:4600", **headers: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app, client=("127.0.0.1", 5000))
        return httpx2.AsyncClient(transport=transport, base_url=f"http://{host}{self.base}", headers=headers)

    async def websocket(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """What a client that opens a WebSocket gets, as ASGI messages."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.disconnect" if sent else "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        given = {"Host": "localhost:4600", **headers}
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "path": self.base + path,
            "raw_path": (self.base + path).encode(),
            "query_string": b"",
            "scheme": "ws",
            "client": ("127.0.0.1", 5000),
            "server": ("localhost", 4600),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        }
        await self.app(scope, receive, send)
        return sent


@asynccontextmanager
async def opened(folder: Path, base: str) -> AsyncIterator[Site]:
    home = Home(folder)
    home.prepare()
    flags = {"home": str(folder), "base_path": base}
    async with composed(home, flags, {}, local_token="local-key") as hub:
        table = walk(routes(hub.pages.static))
        yield Site(hub, Application(hub, hub.pages.static), table, base)


@pytest.fixture(params=["", "/nexus"])
async def site(request: pytest.FixtureRequest, tmp_path: Path, home: Path) -> AsyncIterator[Site]:
    """With an owner, as after the set-up; below each base path."""
    async with opened(tmp_path / "nexus", request.param) as site:
        await site.hub.access.create_owner(OWNER, PASSWORD)
        yield site


def is_closed(answer: httpx2.Response, base: str) -> bool:
    """Whether the answer says nothing but that one must sign in."""
    if answer.status_code == 303:
        return answer.content == b"" and answer.headers["location"].startswith(base + "/login")
    if answer.status_code != 401 or answer.headers["content-type"] != "application/problem+json":
        return False
    return answer.request.method == "HEAD" or answer.json()["code"] == "not-signed-in"


async def test_the_table_holds_all_that_the_contract_names(site: Site) -> None:
    paths = {entry.path for entry in site.table}
    for path in ("/healthz", "/login", "/logout", "/setup", "/", "/settings", "/live", "/live/ws", "/live/poll"):
        assert path in paths, path
    from opencode_nexus.web.api.application import application

    for path in application().openapi()["paths"]:
        assert filled("/api/v1" + path) in paths, path
    assert len([entry for entry in site.table if not is_public(entry.path)]) > 30


async def test_without_a_login_every_route_is_closed_for_every_method(site: Site) -> None:
    asked = 0
    async with site.client() as client:
        for entry in site.table:
            if is_public(entry.path) or not entry.methods:
                continue
            for method in METHODS:
                for accept in ("text/html", "application/json", "*/*"):
                    answer = await client.request(method, entry.path, headers={"Accept": accept})
                    assert is_closed(answer, site.base), (method, entry.path, accept, answer.status_code)
                    asked += 1
    assert asked > 700


async def test_no_made_up_address_is_open_either(site: Site) -> None:
    async with site.client() as client:
        for path in (
            "/nothing", "/api", "/api/v2/servers", "/api/v1/openapi.json", "/api/v1/docs", "/docs", "/metrics",
            "/LOGIN", "/login/", "/login/x", "/loginx", "//login", "/healthz/", "/setupx", "/static", "/live/x",
            "/%6cogin/../settings", "/static/../settings", "/static/%2e%2e/settings", "/setup/../settings",
        ):  # fmt: skip
            answer = await client.get(path)
            assert is_closed(answer, site.base) or answer.status_code == 404, (path, answer.status_code)
            assert OWNER not in answer.text
        bare = await client.get(f"http://localhost:4600{site.base}")
        assert (bare.status_code, bare.headers["location"]) == (303, site.base + "/login")


async def test_wrong_tokens_open_nothing(site: Site) -> None:
    token = await site.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
    cookies = ["nexus=", "nexus=x", f"nexus={token}x", f"other={token}", f"__Host-nexus={token}"]
    headers = [{"Cookie": cookie} for cookie in cookies]
    headers += [{"Authorization": value} for value in ("Bearer", "Bearer x", f"Bearer {token}", "Basic YTpi")]
    async with site.client() as client:
        for given in headers:
            for entry in site.table:
                if not is_public(entry.path) and "GET" in entry.methods:
                    answer = await client.get(entry.path, headers=given)
                    assert is_closed(answer, site.base), (given, entry.path)


async def test_with_a_login_the_routes_are_there(site: Site) -> None:
    """The other half: what is refused above is refused for want of a login, not because nothing is there."""
    await site.hub.stored.set("setup", {"done": True})
    bearer = {"Authorization": "Bearer local-key"}
    async with site.client(**bearer) as client:
        for path in ("/api/v1/servers", "/api/v1/tokens", "/settings"):
            assert not is_closed(await client.get(path), site.base), path


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:4600", "192.0.2.1", "a b", ""])
async def test_a_wrong_host_gets_421_from_every_route(site: Site, host: str) -> None:
    token = await site.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
    async with site.client() as client:
        for entry in site.table:
            for method in sorted(entry.methods - {"HEAD"}):
                answer = await client.request(method, entry.path, headers={"Host": host, "Cookie": f"nexus={token}"})
                assert answer.status_code == 421, (method, entry.path)
            if not entry.methods:
                sent = await site.websocket(entry.path, Host=host, Cookie=f"nexus={token}")
                assert sent[0]["status"] == 421, entry.path
        for path in ("", "/", site.base, site.base + "/"):
            bare = await client.get(f"http://localhost:4600{path}", headers={"Host": host})
            assert bare.status_code == 421, path


async def test_a_cross_site_write_gets_403_from_every_route(site: Site) -> None:
    token = await site.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
    asked = 0
    async with site.client() as client:
        for entry in site.table:
            for method in entry.methods - {"GET", "HEAD", "OPTIONS"}:
                for headers in ({}, {"Cookie": f"nexus={token}"}, {"Authorization": "Bearer local-key"}):
                    answer = await client.request(method, entry.path, headers={**headers, **EVIL})
                    assert answer.status_code == 403, (method, entry.path)
                    assert "cross-site" in answer.text
                    asked += 1
    assert asked > 60
    assert site.hub.access.authenticate(token) is not None  # /logout among them


async def test_websockets_are_closed_too(site: Site) -> None:
    sockets = [entry for entry in site.table if not entry.methods and not is_public(entry.path)]
    assert sockets
    token = await site.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
    for entry in sockets:
        for headers in ({}, {"Cookie": "nexus=x"}, {"Authorization": "Bearer x"}):
            sent = await site.websocket(entry.path, **headers, **OWN)
            assert sent[0]["type"] == "websocket.http.response.start", (entry, headers)
            assert sent[0]["status"] == 401, (entry, headers)
        sent = await site.websocket(entry.path, Cookie=f"nexus={token}", **EVIL)
        assert sent[0]["status"] == 403
        sent = await site.websocket(entry.path, Cookie=f"nexus={token}", **OWN)
        assert sent[0].get("status") is None  # let in, whatever the route then says


async def test_a_token_that_may_only_look_cannot_drive_the_set_up(site: Site) -> None:
    token, _ = await site.hub.access.create_token("look", ["read"])
    async with site.client(Authorization=f"Bearer {token}") as client:
        for entry in site.table:
            if entry.path.startswith("/setup/"):
                for method in sorted(entry.methods - {"HEAD"}):
                    answer = await client.request(method, entry.path)
                    found = (answer.status_code, answer.headers.get("location"))
                    assert found == (303, site.base + "/setup"), (method, entry.path)
        assert (await client.get("/setup")).headers["location"].startswith(site.base + "/login")
    async with site.client(Authorization="Bearer local-key") as client:  # the steps are there for who may do all
        assert (await client.get("/setup/welcome")).status_code == 200


async def test_what_is_open_says_nothing_to_a_stranger(site: Site, tmp_path: Path) -> None:
    async with site.client() as client:
        health = await client.get("/healthz")
        assert set(health.json()) == {"status", "version"}
        for entry in site.table:
            if is_public(entry.path) and "GET" in entry.methods:
                answer = await client.get(entry.path)
                assert answer.status_code < 500, entry.path
                for secret in (OWNER, str(tmp_path), "local-key"):
                    assert secret not in answer.text, (entry.path, secret)


async def test_five_failures_lock_one_source_and_a_proxy_that_is_not_trusted_cannot_change_that(
    site: Site,
) -> None:
    async with site.client(**OWN) as client:

        async def attempt(password: str, forwarded: str) -> int:
            data = {"username": OWNER, "password": password}
            answer = await client.post("/login", data=data, headers={"X-Forwarded-For": forwarded})
            return answer.status_code

        tries = [await attempt("Wrong Horse 7", f"198.51.100.{n}") for n in range(5)]
        assert tries == [401, 401, 401, 401, 429]
        assert await attempt(PASSWORD, "198.51.100.99") == 429
    other = httpx2.ASGITransport(app=site.app, client=("192.0.2.50", 5000))
    async with httpx2.AsyncClient(transport=other, base_url=f"http://localhost:4600{site.base}") as client:
        answer = await client.post("/login", data={"username": OWNER, "password": PASSWORD})
        assert answer.status_code == 303
        assert "nexus=" in answer.headers["set-cookie"]


async def test_before_the_set_up_pages_lead_to_it_and_the_rest_stays_closed(tmp_path: Path, home: Path) -> None:
    async with opened(tmp_path / "nexus", "") as site, site.client() as client:
        for entry in site.table:
            if is_public(entry.path) or "GET" not in entry.methods:
                continue
            answer = await client.get(entry.path)
            if entry.path.startswith(("/api/", "/live", "/metrics")):
                assert answer.status_code == 401, entry.path
            else:
                assert (answer.status_code, answer.headers["location"]) == (303, "/setup"), entry.path
        assert (await client.get("/login")).headers["location"] == "/setup"
