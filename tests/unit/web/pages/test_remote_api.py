# SPDX-License-Identifier: MIT
"""web/pages/remote_api.py: from an API token to a tunnel that Nexus made at Cloudflare."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.tunnels.errors import TunnelError
from opencode_nexus.tunnels.providers.cloudflare.permissions import PERMISSIONS
from opencode_nexus.tunnels.providers.cloudflare.steps import TEXTS, Step
from tests.fakes.remote_hub import VERIFIED
from tests.unit.web.pages.remote_desk import Desk, remote_desk, words

pytestmark = pytest.mark.anyio

API_TOKEN = "cf-api-token-of-a-test"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with remote_desk(tmp_path) as desk:
        yield desk


class NotValid(BadRequest):
    code = "api-token-invalid"
    title = "Cloudflare does not know this token."
    hint = "Copy it again."


async def paste(desk: Desk) -> None:
    assert desk.to(await desk.post("/remote/new/api/token", token=f" {API_TOKEN} ")) == "/remote/new/api/name"


async def test_the_first_page_lists_the_exact_permissions(desk: Desk) -> None:
    text = words(await desk.get("/remote/new/api"))
    for needed in PERMISSIONS:
        assert needed.name in text
        assert needed.why in text


async def test_a_token_that_cloudflare_refuses_is_not_shown_again(desk: Desk) -> None:
    assert "Paste the API token." in words(await desk.post("/remote/new/api/token", token=" "))
    desk.hub.cloudflare.says = NotValid()
    answer = await desk.post("/remote/new/api/token", token=API_TOKEN)
    assert answer.status_code == 400
    assert "Cloudflare does not know this token. Copy it again." in words(answer)
    assert API_TOKEN not in answer.text
    assert desk.to(await desk.get("/remote/new/api/name")) == "/remote/new/api"


async def test_what_the_token_may_do_is_shown_and_the_tunnel_is_made(desk: Desk) -> None:
    missing = replace(VERIFIED.permissions[1], state="missing", detail="For no domain.")
    desk.hub.cloudflare.says = replace(VERIFIED, permissions=(VERIFIED.permissions[0], missing))
    await paste(desk)
    page = await desk.get("/remote/new/api/name")
    assert "Account · Cloudflare Tunnel · Edit Granted" in words(page)
    assert "Zone · DNS · Edit Missing For no domain." in words(page)
    assert '<option value="zone1">example.com</option>' in page.text
    assert API_TOKEN not in page.text
    form = {"zone": "zone1", "label": "Code", "name": "Home", "protocol": "auto", "autostart": "1"}
    assert desk.to(await desk.post("/remote/new/api/name", **form)) == "/remote/tun_1"
    config, secret = desk.tunnels.get("Home").config, desk.tunnels.secrets["tun_1"]
    assert (config.kind, config.hostname, config.account, config.zone) == ("api", "code.example.com", "acc1", "zone1")
    assert secret is not None and secret.reveal() == API_TOKEN
    assert desk.tunnels.started == ["tun_1"]
    assert desk.to(await desk.get("/remote/new/api/name")) == "/remote/new/api"  # it is forgotten


@pytest.mark.parametrize(("label", "field"), [("no spaces", "label"), ("-x", "label"), ("", "label")])
async def test_a_wrong_name_is_told_and_stays(desk: Desk, label: str, field: str) -> None:
    await paste(desk)
    answer = await desk.post("/remote/new/api/name", zone="zone1", label=label, name="Home", protocol="auto")
    assert answer.status_code == 400
    assert f'id="f-{field}-error"' in answer.text
    assert desk.tunnels.list() == []


async def test_a_domain_of_somebody_else_is_not_taken(desk: Desk) -> None:
    await paste(desk)
    answer = await desk.post("/remote/new/api/name", zone="zone9", label="code", name="Home", protocol="auto")
    assert 'id="f-zone-error"' in answer.text


async def test_a_failed_making_shows_its_steps_and_what_was_undone(desk: Desk) -> None:
    await paste(desk)
    steps = [
        Step("tunnel", TEXTS["tunnel"], "done"),
        Step("dns", TEXTS["dns"], "failed", "There is such a record."),
        Step("delete-tunnel", TEXTS["delete-tunnel"], "done"),
    ]
    desk.tunnels.makes = TunnelError("It said no.", steps=[asdict(step) for step in steps])
    answer = await desk.post("/remote/new/api/name", zone="zone1", label="code", name="Home", protocol="auto")
    text = words(answer)
    assert "It said no." in text
    assert "Make the DNS record There is such a record. Failed" in text
    assert "Delete the tunnel Done" in text
    desk.tunnels.makes = None  # and it can be tried again with the same token
    assert desk.to(await desk.post("/remote/new/api/name", zone="zone1", label="code", name="Home", protocol="auto"))


async def test_the_steps_come_to_the_open_page(desk: Desk) -> None:
    channel = await desk.hub.live.open("tunnel-making")
    desk.hub.bus.publish("tunnel-step", Step("check", TEXTS["check"], "running"))
    desk.hub.bus.publish("tunnel-step", Step("check", TEXTS["check"], "done"))
    desk.hub.bus.publish("tunnel-step", Step("tunnel", TEXTS["tunnel"], "running"))
    channel.flush()
    sent = (channel.since(0) or b"").decode()
    assert sent.count("<li") == 2
    assert TEXTS["tunnel"] in sent
    desk.hub.bus.publish("tunnel-step", Step("check", TEXTS["check"], "running"))  # another beginning
    channel.flush()
    assert TEXTS["tunnel"] not in channel.render()


async def test_a_token_is_kept_for_a_quarter_of_an_hour(desk: Desk) -> None:
    await paste(desk)
    desk.clock.advance(901)
    assert desk.to(await desk.get("/remote/new/api/name")) == "/remote/new/api"


async def test_a_token_without_domains_says_what_to_do(desk: Desk) -> None:
    desk.hub.cloudflare.says = replace(VERIFIED, zones=())
    await paste(desk)
    page = await desk.get("/remote/new/api/name")
    assert "The token sees no domain." in words(page)
    assert 'name="label"' not in page.text
