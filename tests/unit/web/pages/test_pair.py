# SPDX-License-Identifier: MIT
"""The page that a phone sees which follows a link to connect it."""

import re

import httpx2
import pytest

from opencode_nexus.access.local import LOCAL
from opencode_nexus.access.pairing import LIFE, Invitation
from opencode_nexus.processes import socket_owner
from opencode_nexus.processes.own_user import user_id
from opencode_nexus.web.pages.settings_view import AUDIT_WORDS
from tests.unit.web.pages.conftest import BASE, OWNER, PUBLIC, VISITOR, Desk, words

pytestmark = pytest.mark.anyio

GONE = "This link does not connect a device any more."


async def link(desk: Desk, name: str = "My phone") -> str:
    made: Invitation = await desk.hub.pairing.invite(LOCAL, name, source="command")
    return made.secret


async def connect(phone: httpx2.AsyncClient, secret: str, name: str = "") -> httpx2.Response:
    headers = {"Origin": f"https://{PUBLIC}", "Sec-Fetch-Site": "same-origin"}
    return await phone.post(BASE + "/pair", data={"secret": secret, "name": name}, headers=headers)


async def test_the_page_says_what_will_be_and_holds_no_secret(desk: Desk) -> None:
    async with desk.phone() as phone:
        page = await phone.get(BASE + "/pair")
    assert page.status_code == 200
    assert "signed in for 30 days" in words(page)
    assert page.headers["cache-control"] == "no-store"
    for piece in ('name="secret"', 'name="name"', f'data-name="{BASE}/pair/name"', "pair.js"):
        assert piece in page.text
    assert re.findall(r'\s(?:style|on[a-z]+)="', page.text) == []
    assert OWNER not in page.text


async def test_a_phone_is_signed_in_and_listed(desk: Desk) -> None:
    secret = await link(desk)
    async with desk.phone() as phone:
        for _ in range(3):  # previews
            assert (await phone.get(BASE + "/pair")).status_code == 200
        asked = await phone.post(BASE + "/pair/name", data={"secret": secret})
        assert asked.json() == {"name": "My phone"}
        answer = await connect(phone, secret, "Ada's phone")
        assert (answer.status_code, answer.headers["location"]) == (303, BASE + "/")
        cookie = answer.headers["set-cookie"]
        for part in ("Secure", "HttpOnly", "SameSite=lax", "Max-Age=2592000"):
            assert part in cookie
        assert (await phone.get(BASE + "/settings")).status_code == 200
    await desk.sign_in()
    text = words(await desk.get("/settings"))
    assert "Ada's phone Through a tunnel" in text.replace("&#39;", "'")
    assert f"Safari on iPhone, connected by a link. From {VISITOR}" in text
    assert AUDIT_WORDS["device-paired"] in text


async def test_a_device_is_revoked_on_the_settings_page_and_out_at_once(desk: Desk) -> None:
    async with desk.phone() as phone:
        await connect(phone, await link(desk))
        await desk.sign_in()
        (row,) = desk.hub.pairing.devices(LOCAL)
        assert f"/settings/devices/{row.id}/revoke" in (await desk.get("/settings")).text
        assert (await desk.post(f"/settings/devices/{row.id}/revoke")).status_code == 303
        assert (await phone.get(BASE + "/settings")).headers["location"].startswith(BASE + "/login")


async def test_a_link_that_was_used_or_has_run_out_says_so(desk: Desk) -> None:
    used, late = await link(desk), await link(desk)
    async with desk.phone() as phone:
        await connect(phone, used)
    desk.clock.advance(LIFE)
    async with desk.phone() as phone:
        for secret in (used, late, "made-up"):
            answer = await connect(phone, secret, "Phone")
            assert answer.status_code == 404
            assert GONE in words(answer)
            assert "set-cookie" not in answer.headers
            asked = await phone.post(
                BASE + "/pair/name", data={"secret": secret}, headers={"Accept": "application/json"}
            )
            assert (asked.status_code, asked.json()["code"]) == (404, "pairing-gone")


async def test_what_was_typed_wrong_is_told_and_the_link_stays_good(desk: Desk) -> None:
    secret = await link(desk)
    async with desk.phone() as phone:
        answer = await connect(phone, secret, "x" * 41)
        assert answer.status_code == 400
        assert 'id="f-name-error"' in answer.text
        assert secret in answer.text  # so that the form can be sent again
        assert 'id="f-secret-error"' in (await connect(phone, " ")).text
        assert (await connect(phone, secret)).status_code == 303


async def test_somebody_without_script_pastes_the_whole_link(desk: Desk) -> None:
    secret = await link(desk)
    async with desk.phone() as phone:
        assert (await connect(phone, f" https://{PUBLIC}{BASE}/pair#{secret} ")).status_code == 303


async def test_another_site_cannot_connect_a_browser(desk: Desk) -> None:
    secret = await link(desk)
    async with desk.phone() as phone:
        headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = await phone.post(BASE + "/pair", data={"secret": secret}, headers=headers)
        assert answer.status_code == 403
        assert (await connect(phone, secret)).status_code == 303


async def test_a_browser_that_was_signed_in_has_one_login_afterwards(desk: Desk) -> None:
    async with desk.phone() as phone:
        await connect(phone, await link(desk, "First"))
        assert "signed in already" in words(await phone.get(BASE + "/pair"))
        await connect(phone, await link(desk, "Second"))
    assert [row.device for row in desk.hub.pairing.devices(LOCAL)] == ["Second"]


async def test_a_link_for_this_machine_is_for_a_browser_of_the_own_user(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await desk.hub.pairing.invite(LOCAL, "Window on this machine", source="command", here=True)
    monkeypatch.setattr(socket_owner, "told", lambda: True)
    monkeypatch.setattr(socket_owner, "owner", lambda theirs, ours: 65534)
    answer = await desk.post("/pair", secret=mine.secret)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "This link is for a browser of the user who runs OpenCode Nexus." in words(answer)
    assert mine.secret not in answer.text
    assert (await desk.post("/pair", secret=await link(desk))).status_code == 303  # a phone's is for whoever has it
    monkeypatch.setattr(socket_owner, "owner", lambda theirs, ours: user_id())
    assert (await desk.post("/pair", secret=mine.secret)).status_code == 303


async def test_any_number_of_devices(desk: Desk) -> None:
    for number in range(12):
        async with desk.phone() as phone:
            assert (await connect(phone, await link(desk, f"Phone {number}"))).status_code == 303
    assert len(desk.hub.pairing.devices(LOCAL)) == 12


async def test_a_login_with_the_password_through_a_tunnel_is_marked(desk: Desk) -> None:
    async with desk.phone() as phone:
        data = {"username": OWNER, "password": "Correct Horse 7"}
        answer = await phone.post(BASE + "/login", data=data)
        assert answer.status_code == 303
        assert "Secure" in answer.headers["set-cookie"]
    owner = desk.hub.access.users()[0].id
    assert [(row.remote, row.source) for row in desk.hub.access.logins(owner)] == [(True, VISITOR)]
