# SPDX-License-Identifier: MIT
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from opencode_nexus.access.lockout import FAILURES
from opencode_nexus.access.sessions import FRESH
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import SETTINGS, Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.web.pages.settings_view import AUDIT_WORDS, browser_name
from tests.unit.web.pages.conftest import BASE, OWNER, PASSWORD, Desk, words

pytestmark = pytest.mark.anyio

OTHER = "Another Horse 8"


@pytest.fixture
async def desk(desk: Desk) -> Desk:  # the same one, signed in
    await desk.sign_in()
    return desk


def said(location: str) -> str:
    found = re.fullmatch(rf"{BASE}/settings\?said=([a-z-]+)#[a-z]+", location)
    assert found
    return found[1]


async def test_everything_is_on_one_page(desk: Desk) -> None:
    page = await desk.get("/settings")
    assert page.status_code == 200
    text = words(page)
    for heading in ("Account", "Signed-in devices", "API tokens", "Colours", "Practice model", "This hub"):
        assert heading in text
    assert "You are signed in as Ada" in text
    assert "Firefox on Linux" in text
    assert "This device" in text
    for setting in SETTINGS:
        assert setting.env in text
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))
    assert re.findall(r'\s(?:style|on[a-z]+)="', page.text) == []


async def test_the_password_is_changed_and_other_devices_go(desk: Desk) -> None:
    other = await desk.hub.access.login(OWNER, PASSWORD, "10.0.0.1")
    answer = await desk.post("/settings/password", current=PASSWORD, new=OTHER, again=OTHER)
    assert said(answer.headers["location"]) == "password"
    assert "Your other devices are signed out." in words(await desk.get("/settings?said=password"))
    assert desk.hub.access.authenticate(other) is None
    assert (await desk.sign_in(OTHER)).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "again", "field", "message"),
    [
        ("", OTHER, OTHER, "current", "Enter your current password."),
        (PASSWORD, OTHER, "else", "again", "The two new passwords are not the same."),
        (PASSWORD, "weak", "weak", "new", "The password needs at least 8 characters."),
        (PASSWORD, "xxADA1xx", "xxADA1xx", "new", "The password must not hold the user name."),
        ("wrong", OTHER, OTHER, "current", "The current password is wrong."),
    ],
)
async def test_a_password_that_cannot_be_changed_says_why(
    desk: Desk, current: str, new: str, again: str, field: str, message: str
) -> None:
    answer = await desk.post("/settings/password", current=current, new=new, again=again)
    assert answer.status_code == 400
    assert message in words(answer)
    assert f'id="f-{field}-error"' in answer.text
    assert desk.hub.access.authenticate(await desk.hub.access.login(OWNER, PASSWORD, "10.0.0.1"))


async def test_guessing_the_current_password_locks(desk: Desk) -> None:
    for _ in range(FAILURES):
        answer = await desk.post("/settings/password", current="wrong", new=OTHER, again=OTHER)
    assert answer.status_code == 429


async def test_a_device_is_signed_out(desk: Desk) -> None:
    token = await desk.hub.access.login(OWNER, PASSWORD, "10.0.0.1", agent="curl/8")
    key = desk.hub.access.authenticate(token).key
    page = await desk.get("/settings")
    assert f"{BASE}/settings/devices/{key}/revoke" in page.text
    answer = await desk.post(f"/settings/devices/{key}/revoke")
    assert said(answer.headers["location"]) == "device"
    assert desk.hub.access.authenticate(token) is None
    assert (await desk.post(f"/settings/devices/{key}/revoke")).status_code == 404
    own = desk.hub.access.authenticate(desk.client.cookies["nexus"]).key
    assert said((await desk.post(f"/settings/devices/{own}/revoke")).headers["location"]) == "device"
    assert (await desk.get("/settings")).headers["location"].startswith(BASE + "/login")


async def test_all_other_devices_are_signed_out(desk: Desk) -> None:
    tokens = [await desk.hub.access.login(OWNER, PASSWORD, "10.0.0.1") for _ in range(2)]
    assert "Sign out all other devices" in words(await desk.get("/settings"))
    assert said((await desk.post("/settings/devices/revoke-others")).headers["location"]) == "devices"
    assert [desk.hub.access.authenticate(token) for token in tokens] == [None, None]
    assert (await desk.get("/settings")).status_code == 200


async def test_a_token_is_shown_once_and_can_be_revoked(desk: Desk) -> None:
    made = await desk.post("/settings/tokens", token_name="ci", scope="read", days="30")
    assert made.status_code == 201
    token = re.search(r"nxt_[\w-]{43}", made.text)
    assert token
    assert made.headers["cache-control"] == "no-store"
    assert desk.hub.access.bearer(token[0]).scopes == {"read"}
    page = await desk.get("/settings")
    assert token[0] not in page.text
    row = desk.hub.access.tokens()[0]
    assert said((await desk.post(f"/settings/tokens/{row.id}/revoke")).headers["location"]) == "revoked"
    assert desk.hub.access.bearer(token[0]) is None
    assert (await desk.post(f"/settings/tokens/{row.id}/revoke")).status_code == 404


async def test_a_token_is_made_with_the_password_when_it_was_given_long_ago(desk: Desk) -> None:
    assert 'id="f-password"' not in (await desk.get("/settings")).text
    desk.clock.advance(FRESH + 1)
    assert 'id="f-password"' in (await desk.get("/settings")).text
    for given in ({}, {"password": "wrong"}):
        answer = await desk.post("/settings/tokens", token_name="ci", scope="all", days="", **given)
        assert answer.status_code == 400
        assert 'id="f-password-error"' in answer.text
        assert 'value="ci"' in answer.text
    assert desk.hub.access.tokens() == []
    answer = await desk.post("/settings/tokens", token_name="ci", scope="all", days="", password=PASSWORD)
    assert answer.status_code == 201
    assert 'id="f-password"' not in (await desk.get("/settings")).text


@pytest.mark.parametrize("name", ["", "twice"])
async def test_a_token_that_cannot_be_made_says_why_and_keeps_what_was_typed(desk: Desk, name: str) -> None:
    await desk.post("/settings/tokens", token_name="twice", scope="all", days="")
    answer = await desk.post("/settings/tokens", token_name=name, scope="read", days="7")
    assert answer.status_code in (400, 409)
    assert 'id="f-token_name-error"' in answer.text
    assert 'value="read" checked' in answer.text
    assert '<option value="7" selected>' in answer.text
    assert len(desk.hub.access.tokens()) == 1


@pytest.mark.parametrize("days", ["soon", "²", "-1", "9" * 5000, "0"])
async def test_days_that_are_no_number_do_not_make_a_token_for_ever(desk: Desk, days: str) -> None:
    answer = await desk.post("/settings/tokens", token_name="ci", scope="all", days=days)
    assert answer.status_code == 400
    assert desk.hub.access.tokens() == []


async def test_an_expired_token_is_called_so(desk: Desk) -> None:
    await desk.post("/settings/tokens", token_name="old", scope="all", days="7")
    assert "Expired" not in words(await desk.get("/settings"))
    desk.clock.advance(7 * 86400)
    await desk.sign_in()
    assert "Expired" in words(await desk.get("/settings"))


async def test_account_changes_are_for_people(desk: Desk) -> None:
    desk.client.cookies.clear()
    desk.client.headers["Authorization"] = "Bearer local"
    assert "opencode-nexus user passwd" in words(await desk.get("/settings"))
    for path in ("password", "tokens", "tokens/x/revoke", "devices/x/revoke", "devices/revoke-others"):
        assert (await desk.post(f"/settings/{path}")).status_code == 403


async def test_a_key_goes_to_opencode(desk: Desk) -> None:
    answer = await desk.post("/settings/provider", server="srv_1", provider="anthropic", key=" sk-1 ")
    assert said(answer.headers["location"]) == "provider"
    assert desk.calls == [("set_key", "srv_1", "anthropic", "sk-1")]


@pytest.mark.parametrize(
    ("provider", "key", "field"), [("", "k", "provider"), ("a/b", "k", "provider"), ("openai", " ", "key")]
)
async def test_a_key_that_cannot_be_right_goes_nowhere(desk: Desk, provider: str, key: str, field: str) -> None:
    answer = await desk.post("/settings/provider", server="srv_1", provider=provider, key=key)
    assert answer.status_code == 400
    assert f'id="f-{field}-error"' in answer.text
    assert desk.calls == []


async def test_an_own_model_server_is_added(desk: Desk) -> None:
    answer = await desk.post(
        "/settings/compatible",
        server="srv_1", name="Ollama", base_url="http://127.0.0.1:11434/v1", models="a, b ,", compatible_key="",
    )  # fmt: skip
    assert said(answer.headers["location"]) == "compatible"
    assert desk.calls == [("add_compatible", "srv_1", "Ollama", "http://127.0.0.1:11434/v1", "", ["a", "b"])]


async def test_an_own_model_server_needs_name_address_and_model(desk: Desk) -> None:
    for address in ("", "ftp://x/", "http://", "http://[", "127.0.0.1:11434"):
        answer = await desk.post(
            "/settings/compatible", server="srv_1", base_url=address, models=" , ", compatible_key="sk-1"
        )
        assert answer.status_code == 400
        for field in ("name", "base_url", "models"):
            assert f'id="f-{field}-error"' in answer.text
        assert "sk-1" not in answer.text
    assert desk.calls == []


async def test_what_opencode_says_is_shown(desk: Desk) -> None:
    async def refuse(*args: object) -> None:
        raise NexusError("The server is stopped.", hint="Start it.")

    desk.hub.chat.set_key = desk.hub.chat.add_compatible = desk.hub.practice.enable = refuse
    for path, data in {
        "provider": {"server": "srv_1", "provider": "openai", "key": "k"},
        "compatible": {"server": "srv_1", "name": "n", "base_url": "http://x/v1", "models": "m"},
        "practice": {"on": "1"},
    }.items():
        answer = await desk.post(f"/settings/{path}", **data)
        assert answer.status_code == 500
        assert "The server is stopped. Start it." in words(answer)


async def test_without_a_server_there_is_nowhere_to_keep_a_key(desk: Desk) -> None:
    desk.hub.fleet.list = list
    page = await desk.get("/settings")
    assert "there is none yet" in words(page)
    assert "/settings/provider" not in page.text


async def test_several_servers_can_be_chosen_from(desk: Desk) -> None:
    first = desk.hub.fleet.list()[0]
    second = type(first)(id="srv_2", name="Play", state="stopped")
    desk.hub.fleet.list = lambda: [first, second]
    assert "Play (stopped)" in words(await desk.get("/settings"))
    answer = await desk.post("/settings/provider", server="srv_2", provider="", key="k")
    assert '<option value="srv_2" selected>' in answer.text


async def test_the_practice_model_is_switched(desk: Desk) -> None:
    for on, name in (("1", "practice-on"), ("0", "practice-off")):
        assert said((await desk.post("/settings/practice", on=on)).headers["location"]) == name
        assert desk.hub.practice.enabled is (on == "1")


async def test_editable_settings_are_kept_and_those_that_can_are_in_force_at_once(desk: Desk) -> None:
    page = await desk.get("/settings")
    for setting in SETTINGS:
        assert (f'name="{setting.name}"' in page.text) is setting.editable or setting.name == "name"
    answer = await desk.post("/settings/hub", on_stop="keep", opencode_binary="", allowed_hosts="a.example")
    assert said(answer.headers["location"]) == "hub"
    assert desk.hub.settings.on_stop == "keep"
    assert desk.hub.settings.allowed_hosts == ()
    stored = desk.hub.stored.get("settings")
    assert Settings.load({}, {}, stored, desk.hub.settings.home).allowed_hosts == ("a.example",)
    assert "The entry counts from the next start of the hub" in words(await desk.get("/settings"))


async def test_the_path_of_opencode_counts_at_once(desk: Desk, opencode_binary: Path) -> None:
    label, note = "OpenCode binary", "A change waits for the next start"
    said_of_it = words(await desk.get("/settings")).partition(label)[2].partition("Allowed hosts")[0]
    assert said_of_it and note not in said_of_it
    await desk.post("/settings/hub", opencode_binary=str(opencode_binary))
    assert desk.hub.settings.opencode_binary == str(opencode_binary)  # what the installer asks at each start


async def test_a_cloudflared_of_ones_own_is_checked_before_it_is_kept(desk: Desk, tmp_path: Path) -> None:
    desk.hub.cloudflared = CloudflaredInstaller(
        home=tmp_path / "home", bus=Bus(desk.clock), kv=desk.hub.stored, clock=desk.clock, tasks=Tasks()
    )
    own = tmp_path / "own"
    own.write_text("#!/bin/sh\necho 'cloudflared version 2026.6.0 (built x)'\n")
    own.chmod(0o755)
    answer = await desk.post("/settings/hub", cloudflared_binary=str(own))
    assert said(answer.headers["location"]) == "hub"
    assert desk.hub.settings.cloudflared_binary == str(own)  # what tunnels ask for at each start
    answer = await desk.post("/settings/hub", cloudflared_binary=sys.executable)
    assert answer.status_code == 422
    assert "did not print a version as cloudflared does" in words(answer)
    assert desk.hub.settings.cloudflared_binary == str(own)


async def test_what_a_flag_has_set_stays(desk: Desk) -> None:
    desk.hub.settings = replace(desk.hub.settings, on_stop="stop")
    await desk.post("/settings/hub", on_stop="keep", opencode_binary="", allowed_hosts="")
    assert desk.hub.settings.on_stop == "stop"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("on_stop", "sometimes"),
        ("opencode_binary", "/no/such/program"),
        ("opencode_binary", "/"),
        ("opencode_binary", sys.executable),  # a program, and not OpenCode
    ],
)
async def test_a_wrong_setting_is_told_and_not_kept(desk: Desk, name: str, value: str) -> None:
    entries = {"on_stop": "keep", "opencode_binary": "", "allowed_hosts": "", name: value}
    answer = await desk.post("/settings/hub", **entries)
    assert answer.status_code in (400, 404, 422)
    assert 'role="alert"' in answer.text
    assert desk.hub.stored.get("settings") is None


async def test_a_setting_that_is_not_editable_is_not_taken(desk: Desk) -> None:
    await desk.post("/settings/hub", on_stop="keep", host="0.0.0.0", trusted_proxies="0.0.0.0/0")
    assert set(desk.hub.stored.get("settings")) == {"on_stop"}


async def test_every_kind_in_the_audit_log_has_words(desk: Desk) -> None:
    await desk.sign_in("wrong")
    await desk.sign_in()
    text = words(await desk.get("/settings"))
    assert "Sign-in failed" in text
    assert {row.kind for row in desk.hub.access.audit(99)} <= AUDIT_WORDS.keys()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Safari/1", "Safari"),
        ("curl/8.0", "curl/8.0"),
        ("", "Unknown program"),
    ],
)
def test_browsers_by_name(agent: str, name: str) -> None:
    assert browser_name(agent) == name
