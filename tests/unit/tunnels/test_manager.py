# SPDX-License-Identifier: MIT
"""The whole life of tunnels with a stand-in that starts at once; with the genuine one: tests/tunnels."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.core.errors import NexusError
from opencode_nexus.processes.backoff import Backoff
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.errors import (
    BadTunnel,
    BadTunnelToken,
    CloudflaredEnded,
    CloudflaredMissing,
    CloudflaredTooOld,
    NoOwnerYet,
    TokenMissing,
    TunnelExists,
    TunnelNotFound,
    TunnelStopped,
)
from opencode_nexus.tunnels.pauses import Pauses
from opencode_nexus.tunnels.program import Program
from opencode_nexus.tunnels.status import SelfTest
from tests.edge.tunnel import Tunnel
from tests.fakes import tiny_cloudflared
from tests.fakes.manager import ManagerUnderTest, code, noted, tell
from tests.leaks import remember

pytestmark = pytest.mark.anyio


def seen(rig: ManagerUnderTest, tunnel_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((rig.home / "tunnels" / tunnel_id / "seen.json").read_text())
    return found


async def test_from_its_adding_to_its_removal(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add("My phone")
    assert rig.status(tunnel_id).state == "stopped" and rig.manager.pids() == frozenset()
    assert (await rig.manager.start_tunnel(tunnel_id)).status.state in ("starting", "connecting")
    ready = await rig.until_state(tunnel_id, "ready")
    assert (ready.url, ready.connections, ready.edges, ready.protocol, ready.version, ready.requests) == (
        f"https://{tiny_cloudflared.NAME}", 1, ("lhr01",), "http2", "2026.6.0", 3,
    )  # fmt: skip
    assert rig.manager.hostnames() == {tiny_cloudflared.NAME} and rig.manager.pids() == {ready.pid}
    assert rig.manager.get("my PHONE").id == rig.manager.get(tunnel_id).id == tunnel_id
    assert (await rig.manager.start_tunnel(tunnel_id)).status.pid == ready.pid
    await asyncio.sleep(1.2)
    assert len(rig.notes("tunnel-ready")) == 1, "it is open already"
    again = await rig.manager.restart_tunnel(tunnel_id)
    assert again.status.pid != ready.pid
    await rig.until_state(tunnel_id, "ready")
    await rig.manager.stop_tunnel(tunnel_id)
    await rig.manager.stop_tunnel(tunnel_id)
    assert rig.status(tunnel_id).state == "stopped" and rig.status(tunnel_id).url is None
    assert rig.manager.hostnames() == frozenset() == rig.manager.pids()
    await rig.manager.remove_tunnel(tunnel_id)
    assert rig.manager.list() == [] and ("tunnel-removed", tunnel_id) in rig.topics
    assert not (rig.home / "tunnels" / tunnel_id).exists() and rig.vault.names() == []
    for call in (rig.manager.start_tunnel, rig.manager.stop_tunnel, rig.manager.remove_tunnel, rig.manager.logs):
        with pytest.raises(TunnelNotFound):
            await call(tunnel_id)


async def test_no_tunnel_before_there_is_an_owner(rig: ManagerUnderTest) -> None:
    rig.has_owner = False
    tunnel_id = await rig.add()
    with pytest.raises(NoOwnerYet):
        await rig.manager.start_tunnel(tunnel_id)
    await rig.manager.change_tunnel(tunnel_id, replace(rig.manager.get(tunnel_id).config, autostart=True))
    await rig.close()
    await rig.open()
    await asyncio.sleep(0.2)
    assert rig.status(tunnel_id).state == "stopped" and rig.carriers() == []


async def test_names_are_not_given_twice(rig: ManagerUnderTest) -> None:
    first, second = await rig.add("one"), await rig.add("two")
    with pytest.raises(TunnelExists):
        await rig.add(" ONE ")
    with pytest.raises(TunnelExists):
        await rig.manager.change_tunnel(second, replace(rig.manager.get(second).config, name="One"))
    assert [info.id for info in rig.manager.list()] == [first, second]


async def test_a_token_is_kept_handed_over_and_never_shown(rig: ManagerUnderTest) -> None:
    with pytest.raises(BadTunnelToken):
        await rig.add(kind="token")
    with pytest.raises(BadTunnelToken):
        await rig.add(kind="token", secret=Secret("hello"))
    assert rig.manager.list() == []
    token = remember(Tunnel(["code.example.com"]).token)
    tunnel_id = await rig.add(kind="token", secret=Secret(f"sudo cloudflared service install {token}"))
    assert rig.vault.get(f"tunnel-token:{tunnel_id}") == token
    tell(rig, tunnel_id, say=[f"my token is {token}"])
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until(tunnel_id, lambda status: code(status) == "tunnel-hostname-not-routed")
    saw = seen(rig, tunnel_id)
    (rig.home / "tunnels" / tunnel_id / "seen.json").unlink()
    assert saw["environ"]["TUNNEL_TOKEN"] == token and token not in " ".join(saw["words"])
    assert "my token is •••" in await rig.manager.logs(tunnel_id)
    (rig.home / "logs" / "tunnels" / f"{tunnel_id}.log").write_text("")  # where the stand-in let it out, not we
    for kept in (repr(rig.manager.list()), *(row.text for row in rig.activity.recent(50))):
        assert token not in kept
    other = remember(Tunnel(["code.example.com"]).token)
    changed = await rig.manager.change_tunnel(tunnel_id, rig.manager.get(tunnel_id).config, secret=Secret(other))
    assert changed.status.stale and rig.vault.get(f"tunnel-token:{tunnel_id}") == other
    tell(rig, tunnel_id)
    assert not (await rig.manager.restart_tunnel(tunnel_id)).status.stale
    await rig.until(tunnel_id, lambda status: status.connections == 1)
    (rig.home / "tunnels" / tunnel_id / "seen.json").unlink()
    await rig.manager.stop_tunnel(tunnel_id)
    await asyncio.to_thread(rig.vault.delete, f"tunnel-token:{tunnel_id}")
    with pytest.raises(TokenMissing):
        await rig.manager.start_tunnel(tunnel_id)
    assert code(rig.status(tunnel_id)) == "tunnel-token-missing"


async def test_a_change_that_needs_a_restart_says_so(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until_state(tunnel_id, "ready")
    config = rig.manager.get(tunnel_id).config
    for same in (replace(config, name="other"), replace(config, autostart=True), replace(config, stop_after=60.0)):
        assert not (await rig.manager.change_tunnel(tunnel_id, same)).status.stale
    assert (await rig.manager.change_tunnel(tunnel_id, replace(config, protocol="quic"))).status.stale
    for wrong in (replace(config, kind="token"), replace(config, name="")):
        with pytest.raises(BadTunnel):
            await rig.manager.change_tunnel(tunnel_id, wrong)


async def test_a_local_configuration_needs_its_credentials_file(rig: ManagerUnderTest, tmp_path: Path) -> None:
    chosen = {"kind": "config", "hostname": "code.example.com", "credentials": str(tmp_path / "c.json")}
    with pytest.raises(BadTunnel):
        await rig.add(**chosen)
    tunnel = Tunnel(["code.example.com"])
    (tmp_path / "c.json").write_text(json.dumps(tunnel.credentials))
    tunnel_id = await rig.add(**chosen)
    await rig.manager.start_tunnel(tunnel_id)
    ready = await rig.until_state(tunnel_id, "ready")
    assert ready.url == "https://code.example.com"
    assert seen(rig, tunnel_id)["words"][-2:] == ["run", str(tunnel.id)]
    own = json.loads((rig.home / "tunnels" / tunnel_id / "config.yml").read_text())
    assert own["credentials-file"] == str(tmp_path / "c.json") and own["tunnel"] == str(tunnel.id)


# -- starts that fail ------------------------------------------------------------------------------------------------


async def test_a_program_that_is_not_there_or_not_runnable(rig: ManagerUnderTest, tmp_path: Path) -> None:
    tunnel_id = await rig.add()
    nothing = tmp_path / "nothing"
    rig.program = Program(nothing, (2026, 6, 0), "")
    for content in (None, "text"):
        if content is not None:
            nothing.write_text(content)
        with pytest.raises(CloudflaredMissing):
            await rig.manager.start_tunnel(tunnel_id)
        failed = rig.status(tunnel_id)
        assert (failed.state, code(failed), failed.retry_at) == ("failed", "cloudflared-missing", None)
    rig.program = CloudflaredMissing("Nowhere.")
    with pytest.raises(CloudflaredMissing):
        await rig.manager.start_tunnel(tunnel_id)
    assert rig.store.runs() == [] and rig.carriers() == []


async def test_the_mail_check_needs_a_program_that_knows_it(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add(allowed_mail=("a@b.example",))
    with pytest.raises(CloudflaredTooOld):
        await rig.manager.start_tunnel(tunnel_id)


async def test_what_ends_is_started_again_later_and_later_and_its_words_are_told(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    tell(rig, tunnel_id, say=["no good"], exit=3)
    await rig.manager.start_tunnel(tunnel_id)
    failed = await rig.until(tunnel_id, lambda status: status.retry_at is not None)
    assert (failed.state, code(failed)) == ("failed", "cloudflared-ended")
    assert failed.problem is not None and failed.problem["last_lines"] == ["no good"]
    assert "exit status 3" in str(failed.problem["detail"])
    tell(rig, tunnel_id)
    await rig.until_state(tunnel_id, "ready")
    assert len(rig.notes("tunnel-troubled")) == 1, "the same cause over and over is told once"


async def test_who_presses_start_is_not_made_to_wait(rig: ManagerUnderTest) -> None:
    rig.pauses = Pauses({CloudflaredEnded: Backoff(1000, 1000, 1000, 1000)})
    await rig.close()
    await rig.open()
    tunnel_id = await rig.add()
    tell(rig, tunnel_id, exit=1)
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until(tunnel_id, lambda status: status.retry_at is not None)
    tell(rig, tunnel_id)
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until_state(tunnel_id, "ready")


async def test_one_that_waits_for_its_next_try_can_be_stopped(rig: ManagerUnderTest) -> None:
    rig.pauses = Pauses({CloudflaredEnded: Backoff(1000, 1000, 1000, 1000)})
    await rig.close()
    await rig.open()
    tunnel_id = await rig.add()
    tell(rig, tunnel_id, exit=1)
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until(tunnel_id, lambda status: status.retry_at is not None)
    assert await rig.manager.stop_all() == ["phone"]
    assert (rig.status(tunnel_id).state, rig.status(tunnel_id).retry_at) == ("stopped", None)


async def test_a_stop_ends_a_start_that_is_under_way(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    begun = asyncio.Event()

    async def never() -> Program:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    object.__setattr__(rig.manager._around, "program", never)
    starting = asyncio.create_task(rig.manager.start_tunnel(tunnel_id))
    await begun.wait()
    await rig.manager.stop_tunnel(tunnel_id)
    with pytest.raises(TunnelStopped):
        await starting
    assert rig.status(tunnel_id).state == "stopped"


async def test_starts_and_stops_at_the_same_time_leave_one_process_or_none(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    for number in range(6):
        calls = [rig.manager.start_tunnel(tunnel_id), rig.manager.stop_tunnel(tunnel_id)] * 2
        done = await asyncio.gather(*calls[number % 2 :], return_exceptions=True)
        assert all(not isinstance(found, Exception) or isinstance(found, NexusError) for found in done), done
        assert len(rig.carriers()) <= 1
        await rig.manager.stop_tunnel(tunnel_id)
        assert rig.carriers() == [] == rig.store.runs()
        for call in calls[: number % 2]:
            call.close()


async def test_a_program_that_does_not_end_by_itself_is_killed(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    tell(rig, tunnel_id, stay=True)
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until_state(tunnel_id, "ready")
    await rig.manager.stop_all()
    assert rig.carriers() == []


# -- while it is open ------------------------------------------------------------------------------------------------


async def test_it_closes_by_itself_when_nobody_comes(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add(stop_idle=60.0)
    await rig.manager.start_tunnel(tunnel_id)
    ready = await rig.until_state(tunnel_id, "ready")
    assert ready.stops_at is not None
    timer = rig.manager._tunnels()[tunnel_id]._timer
    timer._visit -= 40  # twice is more than a minute
    rig.manager.visited(tiny_cloudflared.NAME.upper())
    timer._visit -= 40  # twice is more than a minute
    await asyncio.sleep(1.2)
    assert rig.status(tunnel_id).state == "ready"
    timer._visit -= 61
    stopped = await rig.until_state(tunnel_id, "stopped")
    assert "nobody came through it for 1 minute" in stopped.reason
    assert "1 minute" in await noted(rig, "tunnel-stopped")


async def test_an_open_route_closes_it_at_once(rig: ManagerUnderTest) -> None:
    async def test(url: str) -> SelfTest:
        return SelfTest(1.0, "open", (), detail="GET /api/v1/servers")

    rig.test = test
    await rig.close()
    await rig.open()
    tunnel_id = await rig.add(autostart=True)
    await rig.manager.start_tunnel(tunnel_id)
    failed = await rig.until_state(tunnel_id, "failed")
    assert (code(failed), failed.retry_at) == ("tunnel-open", None)
    assert rig.carriers() == []
    async with asyncio.timeout(10):
        while rig.manager.get(tunnel_id).config.autostart:
            await asyncio.sleep(0.01)
    await rig.close()
    await rig.open()
    assert not rig.manager.get(tunnel_id).config.autostart, "the hub's next start does not open it again"


async def test_a_test_that_reached_nothing_changes_nothing(rig: ManagerUnderTest) -> None:
    async def test(url: str) -> SelfTest:
        return SelfTest(1.0, "not verified", (), detail="no such name")

    rig.test = test
    await rig.close()
    await rig.open()
    tunnel_id = await rig.add()
    assert (await rig.manager.run_selftest(tunnel_id)).verdict == "not verified"
    await rig.manager.start_tunnel(tunnel_id)
    tested = await rig.until(tunnel_id, lambda status: status.selftest is not None)
    assert tested.state == "ready" and tested.selftest is not None and tested.selftest.detail == "no such name"


async def test_a_changed_program_is_ended(rig: ManagerUnderTest) -> None:
    assert isinstance(rig.program, Program)
    rig.program = Program(rig.program.path, (2026, 6, 0), "a" * 64)
    tunnel_id = await rig.add()
    tell(rig, tunnel_id, checksum="b" * 64)
    await rig.manager.start_tunnel(tunnel_id)
    failed = await rig.until_state(tunnel_id, "failed")
    assert code(failed) == "cloudflared-swapped" and rig.carriers() == []
    tell(rig, tunnel_id, checksum="a" * 64)
    await rig.manager.start_tunnel(tunnel_id)
    await rig.until_state(tunnel_id, "ready")


async def test_metrics_whose_line_was_torn_are_found(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    tell(rig, tunnel_id, deaf=True)
    await rig.manager.start_tunnel(tunnel_id)
    assert (await rig.until_state(tunnel_id, "ready")).connections == 1


# -- the hub's end and its next start --------------------------------------------------------------------------------


async def test_a_normal_stop_closes_them_and_the_next_start_opens_those_that_are_to_be(rig: ManagerUnderTest) -> None:
    first, second = await rig.add("one", autostart=True), await rig.add("two")
    for tunnel_id in (first, second):
        await rig.manager.start_tunnel(tunnel_id)
        await rig.until_state(tunnel_id, "ready")
    await rig.close()
    assert rig.carriers() == []
    await rig.open()
    await rig.until_state(first, "ready")
    assert rig.status(second).state == "stopped"


async def test_a_tunnel_whose_place_at_the_hub_is_gone(rig: ManagerUnderTest) -> None:
    rig.origins.port = 4700
    quick = await rig.add()
    named = await rig.add("named", kind="token", secret=Secret(remember(Tunnel(["a.example.com"]).token)))
    for tunnel_id in (quick, named):
        await rig.manager.start_tunnel(tunnel_id)
        await rig.until(tunnel_id, lambda status: status.connections == 1)
    (rig.home / "tunnels" / named / "seen.json").unlink()
    pids = rig.manager.pids()
    await rig.crash()
    rig.origins.port, rig.origins.moved = 4701, True
    await rig.open()
    again = await rig.until_state(quick, "ready")
    assert again.pid not in pids and "address is new" in again.reason
    failed = await rig.until_state(named, "failed")
    assert code(failed) == "tunnel-origin-down" and "4701" in str(failed.problem and failed.problem["detail"])
    assert set(rig.carriers()) == {again.pid}
