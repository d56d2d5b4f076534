# SPDX-License-Identifier: MIT
"""web/pages/remote*.py: what the pages of remote access say and do, with plain forms."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from opencode_nexus.install.errors import CloudflaredNotFound
from opencode_nexus.tunnels.errors import CloudflaredMissing, NetworkBlocked, TunnelNotFound
from opencode_nexus.tunnels.status import TunnelStatus
from opencode_nexus.web.pages.remote_log import readable
from tests.fakes.hub import PASSWORD
from tests.fakes.tunnels import CLOUDFLARED, URL, ready
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


async def test_an_empty_page_tells_the_next_step(desk: Desk) -> None:
    page = await desk.get("/remote")
    assert page.status_code == 200
    text = words(page)
    assert "No tunnel yet" in text
    assert "Nobody is signed in through a tunnel." in text
    assert "Close everything" not in text
    for kind in ("quick", "token", "api", "config"):
        assert f'href="/nexus/remote/new/{kind}"' in page.text


async def test_a_ready_tunnel_shows_all_that_is_known(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away", status=ready(desk.clock.now()), stop_idle=28800.0)
    page = await desk.get(f"/remote/{tunnel}")
    text = words(page)
    for shown in ("Ready", URL, "lhr01", "QUIC", "12 ms", "312", "2026.6.0", "4242", "What the chat needs passes"):
        assert shown in text, shown
    assert "Transport of the chat Streamed answers There and back 43 ms" in text
    assert f'aria-label="QR code of {URL}"' in page.text
    assert f'data-copy="{URL}"' in page.text
    assert f'data-until="{int(desk.clock.now()) + 7 * 3600}"' in page.text
    assert "Requests of the last ten minutes" in page.text
    assert re.findall(r'\s(?:style|on[a-z]+)="', page.text) == []
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))


async def test_what_is_not_known_says_so(desk: Desk) -> None:
    unknown = ready(desk.clock.now(), round_trip_ms=None, edges=(), requests=None, selftest=None, graph=())
    page = await desk.get(f"/remote/{desk.tunnels.put('Away', status=unknown)}")
    text = words(page)
    assert "Round trip not known" in text
    assert "Requests not known" in text
    assert "Not tested" in text
    assert "are counted here by the minute" in text


@pytest.mark.parametrize(
    ("status", "words_of_it"),
    [
        (TunnelStatus(state="starting"), 'aria-current="step"><span>cloudflared'),
        (TunnelStatus(state="connecting", pid=7), 'aria-current="step"><span>Address'),
        (TunnelStatus(state="connecting", pid=7, url=URL), 'aria-current="step"><span>Connection'),
        (TunnelStatus(state="ready", pid=7, url=URL, connections=1, testing=True), 'aria-current="step"><span>Self'),
    ],
)
async def test_the_steps_of_a_start_are_shown(desk: Desk, status: TunnelStatus, words_of_it: str) -> None:
    page = await desk.get(f"/remote/{desk.tunnels.put('Away', status=status)}")
    assert words_of_it in page.text


async def test_all_names_of_a_tunnel_are_shown(desk: Desk) -> None:
    both = ready(desk.clock.now(), url="https://a.example.com", hostnames=("a.example.com", "b.example.com"))
    page = await desk.get(f"/remote/{desk.tunnels.put('Home', 'token', both)}")
    assert 'href="https://b.example.com"' in page.text
    assert "Also at b.example.com ." in words(page)


async def test_a_failure_says_what_to_do_and_when_it_is_tried_again(desk: Desk) -> None:
    problem = NetworkBlocked("Port 7844 is shut.").problem()
    failed = TunnelStatus(state="failed", problem=problem, retry_at=desk.clock.now() + 40)
    page = await desk.get(f"/remote/{desk.tunnels.put('Away', status=failed)}")
    text = words(page)
    assert "Cloudflare cannot be reached. Port 7844 is shut." in text
    assert "Try protocol http2." in text
    assert f'data-until="{int(desk.clock.now()) + 40}"' in page.text


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


async def test_logins_from_outside_end_even_when_a_tunnel_cannot_be_closed(desk: Desk) -> None:
    async def fail() -> list[str]:
        raise NetworkBlocked()

    user = desk.hub.access.users()[0].id
    await desk.hub.access.admit_device(user, "Pocket", agent="", address="203.0.113.9", remote=True)
    desk.tunnels.stop_all = fail  # type: ignore[method-assign]
    assert (await desk.post("/remote/stop-all")).status_code == 502
    assert not [row for row in desk.hub.access.logins(user) if row.remote]


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


async def test_a_fresh_login_starts_stops_tests_and_restarts(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away")
    assert desk.to(await desk.post(f"/remote/{tunnel}/start", back="/remote")) == "/remote"
    assert desk.tunnels.get(tunnel).status.state == "connecting"
    assert "Close Away?" in words(await desk.get(f"/remote/{tunnel}/stop"))
    assert desk.to(await desk.post(f"/remote/{tunnel}/stop", back="//evil")) == f"/remote/{tunnel}"
    assert desk.tunnels.get(tunnel).status.state == "stopped"
    await desk.post(f"/remote/{tunnel}/test")
    assert desk.tunnels.get(tunnel).status.selftest is not None


async def test_a_start_that_is_refused_says_why(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away")
    desk.tunnels.fails = NetworkBlocked()
    answer = await desk.post(f"/remote/{tunnel}/start")
    assert answer.status_code == 502
    assert "Cloudflare cannot be reached." in words(answer)


async def test_where_cloudflared_is_missing_a_start_brings_it_first(desk: Desk) -> None:
    tunnel, hub = desk.tunnels.put("Away"), desk.hub
    hub.cloudflared.found, hub.cloudflared.brings = CloudflaredNotFound(), CLOUDFLARED
    text = words(await desk.get("/remote"))
    assert "Not on this machine" in text
    assert "Bring cloudflared" in text
    desk.tunnels.fails = CloudflaredMissing()
    await desk.post(f"/remote/{tunnel}/start")
    assert hub.opener.waiting == {tunnel}
    page = await desk.get("/remote")
    assert "It starts as soon as cloudflared is here." in words(page)
    assert '<progress max="100" value="10"' in page.text
    assert '<meta http-equiv="refresh"' in page.text  # for a page without script
    desk.tunnels.fails = None
    while hub.opener.waiting:
        await hub.bus.wait(hub.bus.seq)
    assert desk.tunnels.started == [tunnel]
    assert "On this machine 2026.6.0" in words(await desk.get("/remote"))


async def test_nothing_is_brought_in_place_of_an_own_program(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away")
    desk.hub.settings = desk.hub.settings.model_copy(update={"cloudflared_binary": "/not/there"})
    desk.tunnels.fails = CloudflaredMissing("/not/there")
    answer = await desk.post(f"/remote/{tunnel}/start")
    assert answer.status_code == 409
    assert "cloudflared is not on this machine. /not/there" in words(answer)
    assert not desk.hub.cloudflared.running


async def test_what_was_waiting_and_closed_does_not_start(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away")
    desk.tunnels.fails = CloudflaredMissing()
    await desk.post(f"/remote/{tunnel}/start")
    desk.hub.opener.forget(tunnel)
    desk.tunnels.fails = None
    await desk.get("/remote")
    assert desk.tunnels.started == []


async def test_cloudflared_is_brought_and_cancelled_by_plain_forms(desk: Desk) -> None:
    desk.hub.cloudflared.found = CloudflaredNotFound("It is nowhere.")
    assert desk.to(await desk.post("/remote/cloudflared/bring")) == "/remote"
    assert "4.0 MB of 39.2 MB" in words(await desk.get("/remote"))
    await desk.post("/remote/cloudflared/cancel")
    assert "Bring cloudflared" in words(await desk.get("/remote"))


async def test_removing_asks_and_says_what_is_lost(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Mine", "api", hostname="code.example.com", account="acc1", zone="zone1")
    assert "is deleted there too" in words(await desk.get(f"/remote/{tunnel}/remove"))
    assert len(desk.tunnels.list()) == 1
    assert desk.to(await desk.post(f"/remote/{tunnel}/remove")) == "/remote"
    with pytest.raises(TunnelNotFound):
        desk.tunnels.get(tunnel)
    assert (await desk.get(f"/remote/{tunnel}")).status_code == 404


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


async def test_closing_everything_ends_the_logins_from_outside(desk: Desk) -> None:
    desk.tunnels.put("Away", status=ready(desk.clock.now()))
    user = desk.hub.access.users()[0].id
    await desk.hub.access.admit_device(user, "Pocket", agent="Phone", address="203.0.113.9", remote=True)
    text = words(await desk.get("/remote"))
    assert "Pocket Connected now" in text
    assert "203.0.113.9" in text
    assert "everybody who came in through one is signed out" in words(await desk.get("/remote/stop-all"))
    assert desk.to(await desk.post("/remote/stop-all")) == "/remote"
    assert desk.tunnels.get("Away").status.state == "stopped"
    assert "Nobody is signed in through a tunnel." in words(await desk.get("/remote"))


async def test_one_of_those_who_came_in_is_signed_out(desk: Desk) -> None:
    user = desk.hub.access.users()[0].id
    await desk.hub.access.admit_device(user, "Pocket", agent="", address="203.0.113.9", remote=True)
    login = next(row.id for row in desk.hub.access.logins(user) if row.remote)
    desk.clock.advance(130)
    assert "Connected now" not in words(await desk.get("/remote"))
    await desk.post(f"/remote/visitors/{login}/end")
    assert "Pocket" not in words(await desk.get("/remote"))


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


async def test_the_log_is_readable_and_follows(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away", status=ready(desk.clock.now()))
    desk.tunnels.lines = [
        '{"level":"info","message":"Registered <it>","location":"lhr01","time":"2026-11-28T13:15:01Z"}'
    ]
    assert re.search(
        r"\d\d \w+ \d\d:15:01 info Registered &lt;it&gt;, location lhr01", (await desk.get(f"/remote/{tunnel}")).text
    )
    channel = await desk.hub.live.open(f"tunnel:{tunnel}")
    desk.tunnels.lines.append("failed to request quick Tunnel")
    desk.tunnels.see(tunnel, ready(desk.clock.now()))
    while b"failed to request quick Tunnel" not in (channel.since(0) or b""):
        await asyncio.sleep(0.01)
        channel.flush()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain text", "plain text"),
        ("[1, 2]", "[1, 2]"),
        ('{"message": "no time"}', "no time"),
        ('{"level": "error", "message": "x", "time": "soon", "error": "y"}', "error x, error y"),
    ],
)
def test_other_lines_of_a_log_stay_what_they_are(line: str, shown: str) -> None:
    assert readable(line) == shown


async def test_the_dashboard_has_its_card(desk: Desk) -> None:
    assert "Not open." in words(await desk.get("/"))
    desk.tunnels.put("Away", status=ready(desk.clock.now()))
    assert f"Ready Away {URL}" in words(await desk.get("/"))


async def test_what_changes_comes_to_the_open_page(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away")
    channel = await desk.hub.live.open(f"tunnel:{tunnel}")
    desk.tunnels.see(tunnel, replace(ready(desk.clock.now()), requests=313))
    channel.flush()
    sent = channel.since(0)
    assert sent is not None
    assert b'"morph","tun-now"' in sent
    assert b"313" in sent
    assert b'"morph","tun-facts"' not in sent
