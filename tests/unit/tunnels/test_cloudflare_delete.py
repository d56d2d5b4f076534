# SPDX-License-Identifier: MIT
"""What was made at Cloudflare is deleted, and nothing else."""

from dataclasses import replace

import pytest

from opencode_nexus.tunnels.providers.cloudflare import errors
from tests.fakes.cloudflare_api import Fault
from tests.unit.tunnels.cloud_world import HOST, World

pytestmark = pytest.mark.anyio


async def test_exactly_what_was_made_is_deleted(world: World) -> None:
    other = world.api.tunnel(world.account, "somebody's")
    record = world.api.record(world.zone, "CNAME", "www.example.com", f"{other['id']}.cfargotunnel.com")
    made = await world.create()
    steps = await world.ours.delete(world.token, made, world.report)
    assert [(step.name, step.state, step.detail) for step in steps] == [
        ("delete-dns", "done", ""), ("delete-tunnel", "done", ""),
    ]  # fmt: skip
    assert world.api.living == [other]
    assert list(world.api.records.values()) == [record]
    assert [call for call in world.api.calls if call.startswith("DELETE")] == [
        f"DELETE /zones/{world.zone}/dns_records/{made.record}",
        f"DELETE /accounts/{world.account}/cfd_tunnel/{made.tunnel_id}",
    ]


@pytest.mark.parametrize(("kind", "content"), [("CNAME", "elsewhere.example.net"), ("A", "192.0.2.1")])
async def test_a_record_that_leads_elsewhere_now_is_left(world: World, kind: str, content: str) -> None:
    made = await world.create()
    world.api.records[made.record] |= {"type": kind, "content": content}
    steps = await world.ours.delete(world.token, made)
    assert (steps[0].state, content in steps[0].detail) == ("left", True)
    assert steps[1].state == "done"
    assert list(world.api.records) == [made.record]
    assert not world.api.living


async def test_a_record_whose_id_was_never_kept_is_found(world: World) -> None:
    """The hub was killed between the making of the record and the note of it."""
    made = await world.create()
    other = world.api.record(world.zone, "CNAME", "www.example.com", f"{made.tunnel_id}.cfargotunnel.com")
    steps = await world.ours.delete(world.token, replace(made, record=""))
    assert [(step.name, step.state) for step in steps] == [("delete-dns", "done"), ("delete-tunnel", "done")]
    assert list(world.api.records.values()) == [other], "somebody else's, though it leads to the same tunnel"


async def test_what_is_gone_already_is_fine(world: World) -> None:
    made = await world.create()
    world.api.records.clear()
    world.api.tunnels.clear()
    steps = await world.ours.delete(world.token, made)
    assert [step.detail for step in steps] == ["It was gone already."] * 2


async def test_connections_that_the_edge_remembers_do_not_hinder(world: World) -> None:
    made = await world.create()
    world.api.living[0]["connections"] = [{"colo_name": "lhr01"}]
    await world.ours.delete(world.token, made)
    assert world.nothing_is_left()


async def test_a_tunnel_that_runs_elsewhere_is_told(world: World) -> None:
    made = await world.create()
    world.api.living[0]["connections"] = [{"colo_name": "lhr01"}]
    world.api.faults.append(Fault("DELETE", "/connections", (200, {"success": True, "result": {}})))
    with pytest.raises(errors.StillConnected):
        await world.ours.delete(world.token, made)


async def test_it_can_be_led_to_another_port(world: World) -> None:
    made = await world.create()
    await world.ours.point(world.token, made, "http://127.0.0.1:4999")
    assert world.api.ingress[made.tunnel_id][0] == {"hostname": HOST, "service": "http://127.0.0.1:4999"}
