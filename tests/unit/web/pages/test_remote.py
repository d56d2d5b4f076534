# SPDX-License-Identifier: MIT
"""web/pages/remote.py and remote_tunnel.py: what the pages of tunnels say and do."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from opencode_nexus.install.errors import CloudflaredNotFound
from opencode_nexus.tunnels.errors import CloudflaredMissing, NetworkBlocked, RateLimited, TunnelNotFound
from opencode_nexus.tunnels.status import TunnelStatus
from opencode_nexus.web.pages.remote_log import readable
from tests.fakes.tunnels import CLOUDFLARED, URL, ready
from tests.unit.web.pages.remote_desk import Desk, remote_desk, words

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with remote_desk(tmp_path) as desk:
        yield desk


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


async def test_a_tunnel_that_waits_for_its_next_try_can_be_closed(desk: Desk) -> None:
    waits = TunnelStatus(state="failed", problem=RateLimited("429.").problem(), retry_at=desk.clock.now() + 300)
    tunnel = desk.tunnels.put("Away", status=waits)
    for path in ("/remote", f"/remote/{tunnel}"):
        page = await desk.get(path)
        assert 'aria-label="Close Away"' in page.text, path
        assert 'aria-label="Try now Away"' in page.text, path  # nobody has to wait for it either
        assert 'aria-label="Restart Away"' not in page.text, path
    overview = words(await desk.get("/remote"))
    assert "Close everything" in overview
    assert "No tunnel is open. One that waits for its next try opens by itself." in overview
    desk.tunnels.see(tunnel, TunnelStatus(state="failed", problem=NetworkBlocked().problem()))  # it was given up
    page = await desk.get("/remote")
    assert 'aria-label="Start Away"' in page.text
    assert "Close everything" not in words(page)


async def test_logins_from_outside_end_even_when_a_tunnel_cannot_be_closed(desk: Desk) -> None:
    async def fail() -> list[str]:
        raise NetworkBlocked()

    user = desk.hub.access.users()[0].id
    await desk.hub.access.admit_device(user, "Pocket", agent="", address="203.0.113.9", remote=True)
    desk.tunnels.stop_all = fail  # type: ignore[method-assign]
    assert (await desk.post("/remote/stop-all")).status_code == 502
    assert not [row for row in desk.hub.access.logins(user) if row.remote]


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
    desk.hub.settings = replace(desk.hub.settings, cloudflared_binary="/not/there")
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


async def test_closing_everything_forgets_what_waits_for_cloudflared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnel, brought = desk.tunnels.put("Away"), asyncio.Event()
    monkeypatch.setattr(desk.hub.cloudflared, "wait", brought.wait)
    desk.tunnels.fails = CloudflaredMissing()
    await desk.post(f"/remote/{tunnel}/start")
    assert desk.hub.opener.waiting == {tunnel}
    await desk.post("/remote/stop-all")
    assert desk.hub.opener.waiting == set()
    assert "It starts as soon as cloudflared is here." not in words(await desk.get("/remote"))
    desk.tunnels.fails = None
    brought.set()
    await asyncio.sleep(0.05)
    assert desk.tunnels.started == []


@pytest.mark.parametrize("how", ["everything", "this one"])
async def test_what_was_closed_while_it_looked_for_cloudflared_does_not_wait(
    desk: Desk, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnel = desk.tunnels.put("Away")

    async def looks(tunnel_id: str, *, since: int | None = None) -> None:
        await desk.post("/remote/stop-all" if how == "everything" else f"/remote/{tunnel}/stop")
        raise CloudflaredMissing

    monkeypatch.setattr(desk.tunnels, "start_tunnel", looks)
    assert (await desk.post(f"/remote/{tunnel}/start")).status_code == 409
    assert desk.hub.opener.waiting == set()
    assert not desk.hub.cloudflared.running


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
