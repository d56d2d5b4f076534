# SPDX-License-Identifier: MIT
"""Headers, sender, hosts, origin and limits; each in the whole stack, since their order is part of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opencode_nexus.web.middleware.headers import CONTENT_SECURITY, HEADERS, HeadersMiddleware
from opencode_nexus.web.middleware.limits import KIB, LIMITS, MIB, limit_for
from tests.unit.web.middleware.conftest import Site

pytestmark = pytest.mark.anyio

EVIL = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}


async def test_every_answer_has_the_headers(site: Site, base: str) -> None:
    async with site.client() as client, site.client("evil.example") as evil:
        answers = [
            await client.get(base + "/healthz"),
            await client.get(base + "/settings"),
            await client.get(base + "/api/v1/things"),
            await client.post(base + "/login", headers=EVIL),
            await client.post(base + "/login", content=b"x" * 20_000),
            await evil.get(base + "/healthz"),
        ]
    assert [answer.status_code for answer in answers] == [200, 303, 401, 403, 413, 421]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "kind", "lean"),
    [
        ("/static/1a/wire.js", "text/javascript; charset=utf-8", True),
        ("/static/1a/nexus.css", "text/css; charset=utf-8", True),
        ("/static/1a/favicon.svg", "image/svg+xml", False),  # opened by itself it is a page
        ("/sw.js", "text/javascript; charset=utf-8", False),  # a worker obeys the policy that it came with
    ],
)
async def test_a_script_has_only_what_means_something_there(path: str, kind: str, lean: bool) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("x", media_type=kind)(scope, receive, send)

    transport = httpx2.ASGITransport(app=HeadersMiddleware(answer))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:4600") as client:
        told = (await client.get(path)).headers
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items():
        kept = not lean or name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Cache-Control")
        assert told.get(name) == (value if kept else None), name


async def test_the_page_of_a_crash_has_them_too(site: Site, base: str) -> None:
    cookie = await site.cookie()
    transport = httpx2.ASGITransport(app=site.app, client=("127.0.0.1", 5000), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:4600") as client:
        answer = await client.get(base + "/crash", headers=cookie)
    assert (answer.status_code, "a bug" in answer.text) == (500, False)
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items():
        assert answer.headers[name] == value


async def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert CONTENT_SECURITY["default-src"] == "'none'"
    assert CONTENT_SECURITY["frame-ancestors"] == "'none'"
    assert CONTENT_SECURITY["require-trusted-types-for"] == "'script'"
    for value in CONTENT_SECURITY.values():
        for word in value.split():
            assert word in ("'none'", "'self'", "'script'", "data:", "nexus", "nexus-worker")
    assert "data:" not in CONTENT_SECURITY["script-src"] + CONTENT_SECURITY["style-src"]


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.8:4600", "localhost.evil.example", "localhost@evil"])
async def test_a_wrong_host_gets_421_everywhere(site: Site, base: str, host: str) -> None:
    cookie = await site.cookie()
    async with site.client() as client:
        for path in ("/healthz", "/settings", "/api/v1/things", "/no/such/page"):
            answer = await client.get(base + path, headers={**cookie, "Host": host})
            assert answer.status_code == 421
            assert "host-not-allowed" in answer.text


async def test_the_address_that_we_print_is_answered(site: Site, base: str) -> None:
    site.hub.settings = replace(site.hub.settings, host="desk.example")
    site.hub.address = f"http://192.0.2.8:4600{base}/"  # what that name was found to be
    for host, status in (("192.0.2.8:4600", 200), ("desk.example:4600", 200), ("192.0.2.9:4600", 421)):
        async with site.client(host) as client:
            assert (await client.get(base + "/healthz")).status_code == status


async def test_a_host_given_twice_or_never_gets_421(site: Site, base: str) -> None:
    async with site.client() as client:
        twice = await client.get(base + "/healthz", headers=[("Host", "localhost"), ("Host", "evil.example")])
        assert twice.status_code == 421


async def test_hosts_of_the_settings_are_answered_as_soon_as_they_change(site: Site, base: str) -> None:
    async with site.client("nexus.example") as client:
        assert (await client.get(base + "/healthz")).status_code == 421
        site.hub.settings = replace(site.hub.settings, allowed_hosts=("nexus.example",))
        assert (await client.get(base + "/healthz")).status_code == 200


async def test_a_write_from_another_site_gets_403_with_or_without_a_login(site: Site, base: str) -> None:
    token, _ = await site.hub.access.create_token("ci")
    async with site.client() as client:
        for headers in ({}, await site.cookie(), {"Authorization": f"Bearer {token}"}):
            for path in ("/login", "/setup", "/settings", "/api/v1/things", "/live"):
                answer = await client.post(base + path, headers={**headers, **EVIL})
                assert answer.status_code == 403
                assert "cross-site" in answer.text
        assert (await client.delete(base + "/api/v1/things", headers=EVIL)).status_code == 403
        # a link on another site may still lead here
        assert (await client.get(base + "/login", headers=EVIL)).status_code == 200


async def test_writes_of_our_own_pages_and_of_programs_pass(site: Site, base: str) -> None:
    cookie = await site.cookie()
    own = {"Origin": "http://localhost:4600", "Sec-Fetch-Site": "same-origin"}
    async with site.client() as client:
        for headers in (cookie, {**cookie, **own}, {"Authorization": "Bearer local"}):
            assert (await client.post(base + "/api/v1/things", headers=headers)).status_code == 200


async def test_forwarded_headers_are_believed_from_trusted_proxies_alone(site: Site, base: str) -> None:
    said = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    async with site.client(peer="10.0.0.1") as client:
        answer = (await client.get(base + "/healthz", headers=said)).json()
        assert (answer["address"], answer["scheme"]) == ("10.0.0.1", "http")
        site.hub.settings = replace(site.hub.settings, trusted_proxies=("10.0.0.0/8",))
        answer = (await client.get(base + "/healthz", headers=said)).json()
        assert (answer["address"], answer["scheme"]) == ("203.0.113.7", "https")
        site.hub.settings = replace(site.hub.settings, trusted_proxies=("proxy.example",))
        answer = (await client.get(base + "/healthz", headers=said)).json()
        assert (answer["address"], answer["scheme"]) == ("10.0.0.1", "http")


def test_the_table_of_limits_covers_every_path() -> None:
    assert LIMITS[-1][0] == "/"
    assert limit_for("/login") == 16 * KIB
    assert limit_for("/api/v1/x") == 4 * MIB
    assert limit_for("/anything") == 64 * KIB
    assert limit_for("") == 64 * KIB


async def parts(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_a_body_at_its_limit_passes(site: Site, base: str) -> None:
    async with site.client() as client:
        answer = await client.post(base + "/login", content=b"x" * 16 * KIB)
        assert answer.json()["bytes"] == 16 * KIB
        answer = await client.post(base + "/login", content=parts(16, KIB))
        assert answer.json()["bytes"] == 16 * KIB


async def test_a_larger_body_gets_413_whether_its_length_was_told_or_not(site: Site, base: str) -> None:
    async with site.client() as client:
        for content in (b"x" * (16 * KIB + 1), parts(17, KIB)):
            answer = await client.post(base + "/login", content=content)
            assert answer.status_code == 413
        bearer = {"Authorization": "Bearer local"}
        api = await client.post(base + "/api/v1/things", content=parts(5, MIB), headers=bearer)
        assert (api.status_code, api.json()["code"]) == (413, "body-too-large")
        assert api.json()["limit"] == 4 * MIB


async def test_a_handler_that_swallows_the_error_changes_nothing(site: Site, base: str) -> None:
    async with site.client() as client:
        bearer = {"Authorization": "Bearer local"}
        answer = await client.post(base + "/api/v1/caught", content=parts(5, MIB), headers=bearer)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
