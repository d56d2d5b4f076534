# SPDX-License-Identifier: MIT
from dataclasses import replace
from types import SimpleNamespace

import pytest

from opencode_nexus.access.lockout import FAILURES, LOCK
from tests.unit.web.pages.conftest import BASE, OWNER, PASSWORD, Desk, words

pytestmark = pytest.mark.anyio


async def test_the_form_asks_for_what_it_needs_and_tells_of_the_lockout(desk: Desk) -> None:
    page = await desk.get("/login?next=/settings")
    assert page.status_code == 200
    for piece in (
        'name="username"',
        'name="password"',
        'name="stay"',
        'value="/settings"',
        'autocomplete="current-password"',
    ):
        assert piece in page.text
    assert "After 5 wrong passwords this address cannot sign in for 30 minutes." in words(page)
    assert "style=" not in page.text
    assert "onclick" not in page.text


async def test_signing_in_sets_the_cookie_and_goes_on(desk: Desk) -> None:
    answer = await desk.sign_in(next="/settings?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, BASE + "/settings?x=1")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("nexus=")
    for part in ("HttpOnly", "SameSite=lax", f"Path={BASE}"):
        assert part in cookie
    assert "Max-Age" not in cookie
    assert "Secure" not in cookie
    assert (await desk.get("/settings")).status_code == 200
    again = await desk.get("/login?next=/settings")
    assert (again.status_code, again.headers["location"]) == (303, BASE + "/settings")


async def test_staying_signed_in_keeps_the_cookie_for_thirty_days(desk: Desk) -> None:
    assert "Max-Age=2592000" in (await desk.sign_in(stay="1")).headers["set-cookie"]


async def test_https_makes_the_cookie_secure(desk: Desk) -> None:
    desk.hub.settings = replace(desk.hub.settings, trusted_proxies=("127.0.0.1",))
    desk.client.headers["X-Forwarded-Proto"] = "https"
    assert "Secure" in (await desk.sign_in()).headers["set-cookie"]


@pytest.mark.parametrize("target", ["http://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
async def test_next_leads_nowhere_else(desk: Desk, target: str) -> None:
    assert (await desk.sign_in(next=target)).headers["location"] == BASE + "/"
    assert "evil" not in (await desk.client.get(BASE + "/login", params={"next": target})).text


async def test_a_wrong_password_is_told_at_the_top_and_the_name_is_kept(desk: Desk) -> None:
    answer = await desk.sign_in("<b>wrong</b>", stay="1")
    assert answer.status_code == 401
    assert "User name or password is wrong." in words(answer)
    assert 'role="alert"' in answer.text
    assert f'value="{OWNER}"' in answer.text
    assert "wrong&lt;" not in answer.text
    assert "<b>wrong" not in answer.text
    assert 'name="stay" value="1" checked' in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_name_that_does_not_exist_gets_the_same_page(desk: Desk) -> None:
    one = await desk.post("/login", username="Eve", password="x")
    other = await desk.post("/login", username="Ada", password="x")
    assert one.text.replace("Eve", "Ada") == other.text
    assert one.status_code == other.status_code


async def test_what_is_missing_is_told_by_its_field_and_is_no_try(desk: Desk) -> None:
    answer = await desk.post("/login")
    assert answer.status_code == 400
    assert 'href="#f-username"' in answer.text
    assert 'href="#f-password"' in answer.text
    assert desk.hub.access.audit(10)[0].kind == "owner-created"


async def test_the_lock_says_how_long_and_what_helps(desk: Desk) -> None:
    for _ in range(FAILURES):
        answer = await desk.sign_in("wrong")
    for told in (answer, await desk.sign_in()):
        assert told.status_code == 429
        assert int(told.headers["retry-after"]) == LOCK + 1
        assert "The lock ends in 30 minutes." in words(told)
        assert "opencode-nexus user unlock" in words(told)


async def test_another_login_in_the_same_browser_ends_the_first(desk: Desk) -> None:
    await desk.sign_in()
    first = desk.client.cookies["nexus"]
    await desk.sign_in()
    assert desk.client.cookies["nexus"] != first
    assert desk.hub.access.authenticate(first) is None


async def test_signing_out_ends_the_login_and_says_so(desk: Desk) -> None:
    await desk.sign_in()
    token = desk.client.cookies["nexus"]
    answer = await desk.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, BASE + "/login?said=out")
    assert "nexus" not in desk.client.cookies
    assert desk.hub.access.authenticate(token) is None
    assert "You are signed out." in words(await desk.get("/login?said=out"))


async def test_without_an_owner_the_set_up_comes_first(desk: Desk) -> None:
    desk.hub.access = SimpleNamespace(has_owner=lambda: False, authenticate=lambda token, **_: None)
    answer = await desk.get("/login")
    assert (answer.status_code, answer.headers["location"]) == (303, BASE + "/setup")


async def test_a_long_password_is_looked_at_whole(desk: Desk) -> None:
    assert (await desk.sign_in(PASSWORD + " " * 5000)).status_code == 401
