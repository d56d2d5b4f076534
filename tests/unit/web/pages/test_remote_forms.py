# SPDX-License-Identifier: MIT
"""web/pages/remote_form.py, remote_password.py and remote_pair.py: making, changing, and connecting a phone."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.status import TunnelInfo
from tests.fakes.hub import PASSWORD
from tests.fakes.tunnels import URL, ready
from tests.unit.web.pages.remote_desk import Desk, remote_desk, words

pytestmark = pytest.mark.anyio

TOKEN = "eyJhIjoiYWNjIn0-not-a-real-token"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with remote_desk(tmp_path) as desk:
        yield desk


def old(desk: Desk) -> None:
    """Let the login be older than ten minutes."""
    desk.clock.advance(601)


async def test_a_quick_tunnel_is_made_and_started_with_one_form(desk: Desk) -> None:
    form = await desk.get("/remote/new/quick")
    assert 'value="Quick tunnel"' in form.text
    made = await desk.post(
        "/remote/new/quick", name="Away", stop_idle="3600", stop_after="", protocol="http2", allowed_mail="a@b.example"
    )
    assert desk.to(made) == "/remote/tun_1"
    config = desk.tunnels.get("Away").config
    assert (config.kind, config.stop_idle, config.stop_after, config.protocol) == ("quick", 3600.0, None, "http2")
    assert (config.allowed_mail, config.autostart) == (("a@b.example",), False)
    assert desk.tunnels.started == ["tun_1"]


async def test_one_that_is_made_while_everything_is_closed_is_not_started(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = desk.tunnels.create_tunnel

    async def slow(config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo:
        await desk.post("/remote/stop-all")
        return await create(config, secret=secret)

    monkeypatch.setattr(desk.tunnels, "create_tunnel", slow)
    made = await desk.post("/remote/new/quick", name="Away", protocol="auto")
    assert desk.to(made) == "/remote/tun_1"
    assert desk.tunnels.started == []


async def test_a_wrong_field_is_named_and_what_was_typed_stays(desk: Desk) -> None:
    answer = await desk.post("/remote/new/quick", name="Away", allowed_mail="nobody", protocol="auto")
    assert answer.status_code == 400
    assert 'id="f-allowed_mail-error"' in answer.text
    assert 'value="nobody"' in answer.text
    assert '<details class="fold" open>' in answer.text
    assert desk.tunnels.list() == []


async def test_a_name_that_is_taken_is_told_at_the_name(desk: Desk) -> None:
    desk.tunnels.put("Away")
    answer = await desk.post("/remote/new/quick", name="Away", protocol="auto")
    assert 'id="f-name-error"' in answer.text


async def test_a_token_goes_to_the_manager_and_onto_no_page(desk: Desk) -> None:
    assert "http://127.0.0.1:21000" in words(await desk.get("/remote/new/token"))
    missing = await desk.post("/remote/new/token", name="Home", protocol="auto", token="")
    assert "Paste the token." in words(missing)
    made = await desk.post("/remote/new/token", name="Home", protocol="auto", token=f"  {TOKEN}\n", autostart="1")
    tunnel = desk.to(made).rpartition("/")[2]
    secret = desk.tunnels.secrets[tunnel]
    assert secret is not None and secret.reveal() == TOKEN
    for path in ("/remote", f"/remote/{tunnel}", f"/remote/{tunnel}/change"):
        assert TOKEN not in (await desk.get(path)).text


async def test_an_own_tunnel_needs_its_name_and_file(desk: Desk) -> None:
    bad = await desk.post("/remote/new/config", name="Mine", protocol="auto", hostname="no name", credentials="/x.json")
    assert 'id="f-hostname-error"' in bad.text
    good = await desk.post(
        "/remote/new/config", name="Mine", protocol="auto", hostname="Code.Example.com", credentials="/x.json"
    )
    assert desk.to(good) == "/remote/tun_1"
    assert desk.tunnels.get("Mine").config.hostname == "code.example.com"


async def test_an_unknown_kind_is_not_found(desk: Desk) -> None:
    assert (await desk.get("/remote/new/teleport")).status_code == 404


async def test_an_old_login_gives_the_password_in_the_form(desk: Desk) -> None:
    old(desk)
    assert "Your password again" in words(await desk.get("/remote/new/quick"))
    without = await desk.post("/remote/new/quick", name="Away", protocol="auto")
    assert without.status_code == 400
    wrong = await desk.post("/remote/new/quick", name="Away", protocol="auto", password="wrong")
    assert "The current password is wrong." in words(wrong)
    assert desk.tunnels.list() == []
    assert desk.to(await desk.post("/remote/new/quick", name="Away", protocol="auto", password=PASSWORD))
    assert "Your password again" not in words(await desk.get("/remote/new/quick"))


async def test_an_old_login_gives_it_before_a_change_too(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Home", "token")  # started together with Nexus it would be open without anybody's doing
    old(desk)
    assert "Your password again" in words(await desk.get(f"/remote/{tunnel}/change"))
    form = {"name": "Home", "protocol": "auto", "autostart": "1"}
    assert 'id="f-password-error"' in (await desk.post(f"/remote/{tunnel}/change", **form)).text
    assert not desk.tunnels.get(tunnel).config.autostart
    await desk.post(f"/remote/{tunnel}/change", **form, password=PASSWORD)
    assert desk.tunnels.get(tunnel).config.autostart


@pytest.mark.parametrize("action", ["start", "restart"])
async def test_an_old_login_is_asked_before_a_start(desk: Desk, action: str) -> None:
    tunnel = desk.tunnels.put("Away")
    old(desk)
    asked = desk.to(await desk.post(f"/remote/{tunnel}/{action}", back="/remote"))
    assert asked == f"/remote/password?do=/remote/{tunnel}/{action}&back=/remote"
    form = await desk.get(asked)
    assert f'action="/nexus/remote/{tunnel}/{action}"' in form.text
    wrong = await desk.post(f"/remote/{tunnel}/{action}", back="/remote", password="wrong")
    assert "The current password is wrong." in words(wrong)
    assert desk.tunnels.started == []
    assert desk.to(await desk.post(f"/remote/{tunnel}/{action}", back="/remote", password=PASSWORD)) == "/remote"
    assert desk.tunnels.started == [tunnel]


@pytest.mark.parametrize("do", ["//evil.example/start", "/logout", "/remote/x/stop", "https://evil.example", ""])
async def test_the_password_is_sent_nowhere_else(desk: Desk, do: str) -> None:
    assert desk.to(await desk.get(f"/remote/password?do={do}")) == "/remote"


async def test_a_change_keeps_the_rest_and_says_to_restart(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Home", "token", ready(desk.clock.now()), autostart=True, stop_after=5400.0)
    form = await desk.get(f"/remote/{tunnel}/change")
    assert '<option value="5400" selected>1 h 30 min</option>' in form.text  # not one of the usual ones
    changed = await desk.post(f"/remote/{tunnel}/change", name="House", protocol="http2", stop_after="5400")
    assert desk.to(changed) == f"/remote/{tunnel}"
    config = desk.tunnels.get(tunnel).config
    assert (config.name, config.kind, config.stop_after, config.autostart) == ("House", "token", 5400.0, False)
    assert "Restart it to take the change" in words(await desk.get(f"/remote/{tunnel}"))


async def test_the_api_token_can_be_replaced(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Mine", "api", hostname="code.example.com", account="acc1", zone="zone1")
    form = {"name": "Mine", "protocol": "auto"}
    await desk.post(f"/remote/{tunnel}/change", **form, token="")
    assert desk.tunnels.secrets.get(tunnel) is None
    await desk.post(f"/remote/{tunnel}/change", **form, token=TOKEN)
    secret = desk.tunnels.secrets[tunnel]
    assert secret is not None and secret.reveal() == TOKEN
    assert desk.tunnels.get(tunnel).config.hostname == "code.example.com"


async def test_a_phone_is_connected_by_a_link_shown_once(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away", status=ready(desk.clock.now()))
    assert 'value="My phone"' in (await desk.get(f"/remote/{tunnel}/pair")).text
    page = await desk.post(f"/remote/{tunnel}/pair", name="Pocket")
    assert page.status_code == 201
    found = re.search(rf'data-copy="({re.escape(URL)}/nexus/pair#[\w-]{{43}})"', page.text)
    assert found
    link = found[1]
    assert f'data-share="{link}"' in page.text
    assert "mailto:?subject=" in page.text
    assert f'data-until="{int(desk.clock.now()) + 300}"' in page.text
    assert desk.hub.pairing.look(link.partition("#")[2]).name == "Pocket"
    assert link not in (await desk.get(f"/remote/{tunnel}")).text


async def test_a_device_without_a_name_and_an_old_login_are_asked_again(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away", status=ready(desk.clock.now()))
    assert 'id="f-name-error"' in (await desk.post(f"/remote/{tunnel}/pair", name=" ")).text
    old(desk)
    assert 'id="f-password-error"' in (await desk.post(f"/remote/{tunnel}/pair", name="Pocket")).text
    assert (await desk.post(f"/remote/{tunnel}/pair", name="Pocket", password=PASSWORD)).status_code == 201


async def test_no_link_without_an_address(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away")
    assert desk.to(await desk.get(f"/remote/{tunnel}/pair")) == f"/remote/{tunnel}"
    assert desk.to(await desk.post(f"/remote/{tunnel}/pair", name="Pocket")) == f"/remote/{tunnel}"
