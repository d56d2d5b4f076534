# SPDX-License-Identifier: MIT
"""Closing gives up what is on its way to opening, with a stand-in for cloudflared."""

import asyncio

import pytest

from opencode_nexus.tunnels.errors import TunnelStopped
from tests.fakes.manager import ManagerUnderTest

pytestmark = pytest.mark.anyio


async def test_closing_gives_up_a_restart_that_is_under_way(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add()
    for everything in (True, False):
        await rig.manager.start_tunnel(tunnel_id)
        await rig.until_state(tunnel_id, "ready")
        restarting = asyncio.create_task(rig.manager.restart_tunnel(tunnel_id))
        await asyncio.sleep(0)
        await (rig.manager.stop_all() if everything else rig.manager.stop_tunnel(tunnel_id))
        with pytest.raises(TunnelStopped):
            await restarting
        assert (rig.status(tunnel_id).state, rig.carriers()) == ("stopped", [])


async def test_closing_everything_right_after_the_hub_has_started(rig: ManagerUnderTest) -> None:
    tunnel_id = await rig.add(autostart=True)
    await rig.close()
    await rig.open()
    await rig.manager.stop_all()
    await asyncio.sleep(1)
    assert (rig.status(tunnel_id).state, rig.carriers()) == ("stopped", [])
    await rig.manager.start_tunnel(tunnel_id)  # wanted after that, so it opens
    await rig.until_state(tunnel_id, "ready")


async def test_closing_gives_up_a_start_that_waits_for_cloudflare(
    rig: ManagerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnel_id = await rig.add()
    for everything in (True, False):
        begun, told = asyncio.Event(), asyncio.Event()

        async def point(tunnel: object, begun: asyncio.Event = begun, told: asyncio.Event = told) -> None:
            begun.set()
            await told.wait()

        monkeypatch.setattr(rig.manager._takeup, "point", point)
        starting = asyncio.create_task(rig.manager.start_tunnel(tunnel_id))
        await begun.wait()
        await (rig.manager.stop_all() if everything else rig.manager.stop_tunnel(tunnel_id))
        told.set()
        with pytest.raises(TunnelStopped):
            await starting
        assert (rig.status(tunnel_id).state, rig.carriers()) == ("stopped", [])


async def test_a_start_that_was_wished_for_before_everything_was_closed(rig: ManagerUnderTest) -> None:
    since = rig.manager.closings
    tunnel_id = await rig.add()
    await rig.manager.stop_all()
    with pytest.raises(TunnelStopped):
        await rig.manager.start_tunnel(tunnel_id, since=since)
    await rig.manager.start_tunnel(tunnel_id, since=rig.manager.closings)
    await rig.until_state(tunnel_id, "ready")
