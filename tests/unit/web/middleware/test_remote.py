# SPDX-License-Identifier: MIT
"""What came through a tunnel: whom it is believed to come from, which hosts it may name, and what it never gains."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from opencode_nexus.core.ids import new_token
from opencode_nexus.web.middleware.session import TELL_AGAIN
from tests.unit.web.middleware.conftest import OWNER, PASSWORD, Site
from tests.unit.web.middleware.test_session import read_stream

pytestmark = pytest.mark.anyio

PUBLIC = "code.example"
VISITOR = {"CF-Connecting-IP": "203.0.113.7"}


@pytest.fixture
def tunnel(site: Site) -> Site:
    """The same application as a tunnel's requests find it."""
    site.hub.tunnels.names.add(PUBLIC)
    inner = site.app

    async def remote(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["remote"] = True
        await inner(scope, receive, send)

    return Site(site.hub, site.clock, remote, site.more)


def visitor(tunnel: Site, host: str = PUBLIC, **headers: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=tunnel.app, client=("127.0.0.1", 5000))
    return httpx2.AsyncClient(transport=transport, base_url=f"http://{host}", headers={**VISITOR, **headers})


async def test_the_visitor_is_whom_cloudflare_names_and_came_by_https(tunnel: Site, base: str) -> None:
    for named, address in (
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ):
        async with visitor(tunnel, **{"CF-Connecting-IP": named, "X-Forwarded-For": "127.0.0.1"}) as client:
            said = (await client.get(base + "/healthz")).json()
            assert (said["address"], said["scheme"]) == (address, "https")


@pytest.mark.parametrize(
    "named",
    [
        [],
        ["203.0.113.7", "203.0.113.7"],
        ["203.0.113.7, 127.0.0.1"],
        [""],
        ["localhost"],
        ["203.0.113.7:80"],
        ["fe80::1%lo"],
    ],
)
async def test_one_whom_it_does_not_name_clearly_is_refused(tunnel: Site, base: str, named: list[str]) -> None:
    headers = [("Host", PUBLIC), ("X-Forwarded-For", "203.0.113.7"), *(("CF-Connecting-IP", text) for text in named)]
    async with tunnel.client() as client:
        for path in ("/healthz", "/login", "/settings", "/api/v1/things"):
            answer = await client.get(base + path, headers=headers)
            assert (answer.status_code, "sender-unknown" in answer.text) == (400, True)


async def test_elsewhere_the_header_says_nothing(site: Site, base: str) -> None:
    async with site.client(peer="192.0.2.9") as client:
        assert (await client.get(base + "/healthz", headers=VISITOR)).json()["address"] == "192.0.2.9"
        twice = [("CF-Connecting-IP", "a"), ("CF-Connecting-IP", "b")]
        assert (await client.get(base + "/healthz", headers=twice)).json()["address"] == "192.0.2.9"


@pytest.mark.parametrize("carried", [{"Cf-Warp-Tag-Id": "7"}, VISITOR, {"CF-Ray": "8a-LHR"}])
async def test_what_cloudflared_brings_to_the_main_door_is_refused(
    site: Site, base: str, carried: dict[str, str]
) -> None:
    """Though the Host was made one of ours, as httpHostHeader does, and whatever else it has."""
    cookie = await site.cookie()
    async with site.client() as client:
        for more in ({}, cookie, {"Authorization": "Bearer local"}):
            for path in ("/healthz", "/login", "/setup", "/settings", "/api/v1/things"):
                answer = await client.get(base + path, headers={**carried, **more})
                assert (answer.status_code, "tunnel-at-main-door" in answer.text) == (421, True), path
        said = await client.post(base + "/api/v1/things", headers=carried)
        assert "http://127.0.0.1:4700" in said.json()["detail"]  # what is to be put at Cloudflare


async def test_a_named_proxy_may_stand_behind_cloudflares_own(site: Site, base: str) -> None:
    site.hub.settings = replace(site.hub.settings, trusted_proxies=("127.0.0.1", "192.0.2.0/24"))
    proxied = {**VISITOR, "CF-Ray": "8a-LHR", "X-Forwarded-For": "203.0.113.7"}
    tagged = {**proxied, "Cf-Warp-Tag-Id": "7"}
    for peer, headers, status in (
        ("127.0.0.1", proxied, 200),
        ("192.0.2.9", proxied, 200),
        ("198.51.100.4", proxied, 200),  # Cloudflare itself, which comes to a public address
        ("192.0.2.9", tagged, 200),
        ("198.51.100.4", tagged, 421),
        ("127.0.0.1", tagged, 421),  # one of ours, led astray, would come from there
    ):
        async with site.client(peer=peer) as client:
            answer = await client.get(base + "/healthz", headers=headers)
            assert answer.status_code == status, (peer, headers)


async def test_each_door_has_its_own_hosts(site: Site, tunnel: Site, base: str) -> None:
    site.hub.settings = replace(site.hub.settings, allowed_hosts=("lan.example", "*.example"))
    at_tunnel = {PUBLIC: 200, PUBLIC.upper() + ":443": 200, "localhost:4600": 421, "127.0.0.1": 421, "lan.example": 421}
    elsewhere = {PUBLIC: 421, PUBLIC + ":4600": 421, "localhost:4600": 200, "127.0.0.1": 200, "lan.example": 200}
    for app, table, headers in ((tunnel, at_tunnel, VISITOR), (site, elsewhere, {})):
        for host, status in table.items():
            async with app.client() as client:
                answer = await client.get(base + "/healthz", headers={**headers, "Host": host})
                assert answer.status_code == status, host
    site.hub.tunnels.names.clear()  # closed: nothing answers to its name
    async with visitor(tunnel) as client:
        assert (await client.get(base + "/healthz")).status_code == 421


async def test_a_command_gets_in_whatever_the_public_name_is(site: Site, tunnel: Site, base: str) -> None:
    key = {"Authorization": "Bearer local"}
    site.hub.tunnels.names.add("127.0.0.1")
    for app, host, headers, status in (
        (site, "127.0.0.1:4600", key, 200),
        (site, "127.0.0.1:4600", {"Authorization": "Bearer locale"}, 421),
        (site, "127.0.0.1:4600", {}, 421),
        (tunnel, "localhost:4600", {**key, **VISITOR}, 421),  # there it opens nothing
    ):
        async with app.client(host) as client:
            answers = [await client.get(base + "/api/v1/things", headers=headers)]
            answers += [await client.post(base + "/api/v1/things", headers=headers)]
            assert [answer.status_code for answer in answers] == [status, status], host


async def test_a_write_must_come_from_a_page_of_that_name(tunnel: Site, base: str) -> None:
    token, _ = await tunnel.hub.access.create_token("ci")
    async with visitor(tunnel, Authorization=f"Bearer {token}") as client:
        for origin, site, status in (
            (f"https://{PUBLIC}", "same-origin", 200),
            (f"https://{PUBLIC}", None, 200),
            ("http://localhost:4600", "same-origin", 403),
            ("https://evil.example", "cross-site", 403),
            ("https://evil.example", None, 403),
        ):
            headers = {"Origin": origin, **({"Sec-Fetch-Site": site} if site else {})}
            answer = await client.post(base + "/api/v1/things", headers=headers)
            assert answer.status_code == status, (origin, site)


async def test_plain_http_is_sent_on_to_https(tunnel: Site, site: Site, base: str) -> None:
    plain = {"X-Forwarded-Proto": "http"}
    async with visitor(tunnel) as client:
        for method in ("GET", "POST"):
            answer = await client.request(method, base + "/login?next=/x", headers=plain)
            assert (answer.status_code, answer.headers["location"]) == (303, f"https://{PUBLIC}{base}/login?next=/x")
        evil = await client.get(base + "/login", headers={**plain, "Host": "evil.example"})
        assert evil.status_code == 421
        answer = await client.get(base + "/login", headers={"X-Forwarded-Proto": "https"})
        assert (answer.status_code, answer.headers["strict-transport-security"]) == (200, "max-age=2592000")
    async with site.client() as client:  # here http is all there is
        answer = await client.get(base + "/login", headers=plain)
        assert answer.status_code == 200
        assert "strict-transport-security" not in answer.headers


async def test_this_machines_key_and_logins_open_nothing_there(tunnel: Site, site: Site, base: str) -> None:
    here = await site.cookie()
    token = here["Cookie"].partition("=")[2]
    there = await site.hub.access.login(OWNER, PASSWORD, "203.0.113.7", remote=True)
    name = "nexus" if base else "__Host-nexus"
    async with visitor(tunnel) as client:
        for headers in ({"Authorization": "Bearer local"}, {"Cookie": f"{name}={token}"}, {"Cookie": f"nexus={token}"}):
            assert (await client.get(base + "/api/v1/things", headers=headers)).status_code == 401
        answer = await client.get(base + "/api/v1/things", headers={"Cookie": f"{name}={there}"})
        assert answer.json()["who"] == OWNER
    async with site.client() as client:
        assert (await client.get(base + "/api/v1/things", headers=here)).status_code == 200


async def test_no_tunnel_carries_the_set_up_whoever_asks(tunnel: Site, base: str) -> None:
    token, _ = await tunnel.hub.access.create_token("all")
    async with visitor(tunnel) as client:
        for headers in ({}, {"Authorization": f"Bearer {token}"}):
            for path in ("/setup", "/setup/owner", "/setup/x?link=" + new_token()):
                for method in ("GET", "POST"):
                    answer = await client.request(method, base + path, headers=headers)
                    assert (answer.status_code, "not-through-tunnel" in answer.text) == (403, True)


async def test_the_tunnel_hears_of_visits_by_those_who_are_let_in(tunnel: Site, base: str) -> None:
    token, _ = await tunnel.hub.access.create_token("ci")
    async with visitor(tunnel) as client:
        for path in ("/", "/login", "/healthz", "/settings", "/api/v1/things", "/no/such"):
            await client.get(base + path)
        assert tunnel.hub.tunnels.visits == []  # a stranger keeps no tunnel open
        await client.get(base + "/api/v1/things", headers={"Authorization": f"Bearer {token}"})
    assert tunnel.hub.tunnels.visits == [PUBLIC]


async def test_a_stream_keeps_the_tunnel_open_while_it_lasts(tunnel: Site, site: Site, base: str) -> None:
    token, _ = await site.hub.access.create_token("ci")

    async def later() -> None:
        site.clock.advance(TELL_AGAIN)

    headers: dict[str, Any] = {"Authorization": f"Bearer {token}", **VISITOR}
    assert await read_stream(tunnel, base, headers, later, host=PUBLIC) == b"first second"
    assert site.hub.tunnels.visits == [PUBLIC, PUBLIC]
