# SPDX-License-Identifier: MIT
import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message

from opencode_nexus.access.sessions import SHORT
from opencode_nexus.web.middleware.session import ASK_AGAIN
from tests.unit.web.middleware.conftest import OWNER, PASSWORD, Site

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html"}


async def test_open_paths_need_no_login(site: Site, base: str) -> None:
    async with site.client() as client:
        for path in ("/healthz", "/login", "/setup"):
            answer = await client.get(base + path)
            assert (answer.status_code, answer.json()["who"]) == (200, None), path


async def test_a_page_leads_to_the_login_and_back(site: Site, base: str) -> None:
    async with site.client() as client:
        for path, target in {
            "/": "/login",
            "/settings": "/login?next=/settings",
            "/chat/a/b?x=1&y=/": "/login?next=/chat/a/b%3Fx%3D1%26y%3D/",
            "/no/such/page": "/login?next=/no/such/page",
        }.items():
            answer = await client.get(base + path, headers=HTML)
            assert (answer.status_code, answer.headers["location"]) == (303, base + target)
        sent = await client.post(base + "/settings", headers=HTML)
        assert (sent.status_code, sent.headers["location"]) == (303, base + "/login")


async def test_programs_and_streams_get_401(site: Site, base: str) -> None:
    async with site.client() as client:
        answers = [
            await client.get(base + "/api/v1/things", headers=HTML),
            await client.get(base + "/api/nothing/here"),
            await client.post(base + "/live", headers=HTML),
            await client.post(base + "/settings"),
            await client.get(base + "/settings", headers={"Sec-Fetch-Mode": "cors"}),
            await client.delete(base + "/chat/a/b"),
        ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "not-signed-in"


async def test_a_cookie_lets_in_until_the_logout(site: Site, base: str) -> None:
    cookie = await site.cookie()
    async with site.client() as client:
        answer = await client.get(base + "/settings", headers=cookie)
        assert answer.json()["who"] == OWNER
        assert (await client.get(base + "/login", headers=cookie)).json()["who"] == OWNER
        await site.hub.access.logout(cookie["Cookie"].partition("=")[2])
        assert (await client.get(base + "/settings", headers=cookie)).status_code == 303


async def test_a_bearer_lets_in_by_its_scopes(site: Site, base: str) -> None:
    token, _ = await site.hub.access.create_token("reader", ["read"])
    headers = {"Authorization": f"bearer  {token}"}
    async with site.client() as client:
        assert (await client.get(base + "/api/v1/things", headers=headers)).json()["via"] == "token"
        refused = await client.post(base + "/api/v1/things", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
        local = await client.post(base + "/api/v1/things", headers={"Authorization": "Bearer local"})
        assert local.json()["via"] == "local"


async def test_a_bad_bearer_is_not_helped_by_a_cookie(site: Site, base: str) -> None:
    headers = {**await site.cookie(), "Authorization": "Bearer nxt_wrong"}
    async with site.client() as client:
        assert (await client.get(base + "/api/v1/things", headers=headers)).status_code == 401
        basic = {**await site.cookie(), "Authorization": "Basic eDp5"}  # a proxy's own, not for us
        assert (await client.get(base + "/api/v1/things", headers=basic)).status_code == 200


async def test_until_the_set_up_is_done_pages_lead_there(site: Site, base: str) -> None:
    site.hub.wizard = SimpleNamespace(done=False)
    cookie = await site.cookie()
    async with site.client() as client:
        page = await client.get(base + "/settings", headers=cookie)
        assert (page.status_code, page.headers["location"]) == (303, base + "/setup")
        for path in ("/setup", "/login", "/api/v1/things"):
            assert (await client.get(base + path, headers=cookie)).status_code == 200
        assert (await client.post(base + "/theme", headers={**cookie, **HTML})).status_code == 200
        assert (await client.get(base + "/settings")).headers["location"].startswith(base + "/login")
        site.hub.access = SimpleNamespace(authenticate=lambda token, **_: None, has_owner=lambda: False)
        assert (await client.get(base + "/settings")).headers["location"] == base + "/setup"


async def test_the_cookie_of_https_is_bound_to_the_host(site: Site, base: str) -> None:
    site.hub.settings = replace(site.hub.settings, trusted_proxies=("127.0.0.1",))
    token = await site.hub.access.login(OWNER, PASSWORD, "127.0.0.1")
    https = {"X-Forwarded-Proto": "https"}
    good, other = ("nexus", "__Host-nexus") if base else ("__Host-nexus", "nexus")
    async with site.client() as client:
        for name, status in {good: 200, other: 401}.items():
            headers = {**https, "Cookie": f"{name}={token}"}
            answer = await client.get(base + "/api/v1/things", headers=headers)
            assert answer.status_code == status, name


# -- streams


async def read_stream(
    site: Site, base: str, headers: dict[str, str], between: Any, host: str = "localhost:4600"
) -> bytes:
    """Calls the application itself, so that something can happen between the parts."""
    got: list[bytes] = []
    began = asyncio.Event()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            got.append(message.get("body", b""))
            began.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": base + "/stream",
        "raw_path": (base + "/stream").encode(),
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 5000),
        "server": ("localhost", 4600),
        "headers": [(b"host", host.encode())]
        + [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    task = asyncio.ensure_future(site.app(scope, receive, send))
    await began.wait()
    await between()
    site.more.set()
    await task
    return b"".join(got)


async def test_a_stream_goes_on_while_the_login_holds(site: Site, base: str) -> None:
    async def between() -> None:
        site.clock.advance(ASK_AGAIN)

    assert await read_stream(site, base, await site.cookie(), between) == b"first second"


async def test_a_stream_ends_with_its_login(site: Site, base: str) -> None:
    cookie = await site.cookie()

    async def between() -> None:
        await site.hub.access.logout(cookie["Cookie"].partition("=")[2])

    assert await read_stream(site, base, cookie, between) == b"first "


async def test_a_stream_ends_when_the_time_is_up(site: Site, base: str) -> None:
    async def between() -> None:
        site.clock.advance(SHORT)

    assert await read_stream(site, base, await site.cookie(), between) == b"first "


async def test_a_stream_ends_when_a_command_revoked_the_token(site: Site, base: str) -> None:
    token, row = await site.hub.access.create_token("ci")

    async def between() -> None:
        await site.hub.access._tokens.revoke(row.id)  # what another process does: this one hears nothing
        site.clock.advance(ASK_AGAIN)

    headers = {"Authorization": f"Bearer {token}"}
    assert await read_stream(site, base, headers, between) == b"first "


async def test_an_answer_that_was_waited_for_is_refused_when_the_login_ended_meanwhile(site: Site, base: str) -> None:
    cookie = await site.cookie()
    async with site.client() as client:
        poll = asyncio.ensure_future(client.get(base + "/late", headers=cookie))
        await site.hub.waiting.wait()
        await site.hub.access.logout(cookie["Cookie"].partition("=")[2])
        site.more.set()
        assert "not-signed-in" in (await poll).text


async def test_the_request_that_ends_its_own_login_is_answered(site: Site, base: str) -> None:
    token, _ = await site.hub.access.create_token("ci")
    async with site.client() as client:
        answer = await client.get(base + "/farewell", headers={"Authorization": f"Bearer {token}"})
        assert answer.text == "gone"


async def test_what_is_no_request_passes(site: Site) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup" if not sent else "lifespan.shutdown"}

    async def send(message: Message) -> None:
        sent.append(message)

    await site.app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# -- WebSockets


async def websocket(
    site: Site, base: str, headers: dict[str, str], extensions: dict[str, Any], texts: list[Any]
) -> list[Message]:
    """Connects, sends `texts` (a coroutine function is called instead) and gives what came back."""
    sent: list[Message] = []
    waiting: list[Any] = [{"type": "websocket.connect"}, *texts, {"type": "websocket.disconnect", "code": 1000}]

    async def receive() -> Message:
        while callable(waiting[0]):
            await waiting.pop(0)()
        message: Message = waiting.pop(0)
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "path": base + "/live/ws",
        "raw_path": (base + "/live/ws").encode(),
        "query_string": b"",
        "scheme": "ws",
        "client": ("127.0.0.1", 5000),
        "server": ("localhost", 4600),
        "subprotocols": [],
        "extensions": extensions,
        "headers": [(b"host", b"localhost:4600")]
        + [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await site.app(scope, receive, send)
    return sent


ANSWERS: dict[str, Any] = {"websocket.http.response": {}}


async def test_a_websocket_without_a_login_is_refused_with_401(site: Site, base: str) -> None:
    sent = await websocket(site, base, {}, ANSWERS, [])
    assert [m["type"] for m in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == 401
    names = [name for name, _ in sent[0]["headers"]]
    assert b"content-security-policy" in names


async def test_or_closed_where_the_server_cannot_answer(site: Site, base: str) -> None:
    assert await websocket(site, base, {}, {}, []) == [
        {"type": "websocket.close", "code": 4401, "reason": "not-signed-in"}
    ]


async def test_a_websocket_with_a_login_works_until_it_ends(site: Site, base: str) -> None:
    cookie = await site.cookie()

    async def logout() -> None:
        await site.hub.access.logout(cookie["Cookie"].partition("=")[2])

    texts = [
        {"type": "websocket.receive", "text": "one"},
        logout,
        {"type": "websocket.receive", "text": "two"},
        {"type": "websocket.receive", "text": "three"},
    ]
    sent = await websocket(site, base, cookie, ANSWERS, texts)
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert (sent[1]["text"], sent[2]["code"]) == ("one", 4401)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:3000", "null"])
async def test_a_websocket_from_another_site_is_refused(site: Site, base: str, origin: str) -> None:
    headers = {**await site.cookie(), "Origin": origin}
    sent = await websocket(site, base, headers, ANSWERS, [])
    assert sent[0]["status"] == 403


async def test_a_websocket_from_our_own_page_connects(site: Site, base: str) -> None:
    headers = {**await site.cookie(), "Origin": "http://localhost:4600"}
    sent = await websocket(site, base, headers, ANSWERS, [])
    assert sent[0]["type"] == "websocket.accept"


async def test_a_reading_token_opens_no_websocket(site: Site, base: str) -> None:
    token, _ = await site.hub.access.create_token("reader", ["read"])
    sent = await websocket(site, base, {"Authorization": f"Bearer {token}"}, ANSWERS, [])
    assert sent[0]["status"] == 403
