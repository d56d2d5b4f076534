# SPDX-License-Identifier: MIT
"""Kinds of tunnels with the genuine cloudflared, and what must be so for the recorded lines to be worth something."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.tunnels.events import parse, read
from tests.edge.edge import Edge
from tests.edge.faults import RATE_LIMITED, TOO_OLD, UNAUTHORIZED
from tests.leaks import remember
from tests.tunnels.ground import Ground, ground
from tests.unit.tunnels.test_events import LINES

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(tmp_path: Path, cloudflared: Path, edge: Edge) -> AsyncIterator[Ground]:
    async with ground(tmp_path, cloudflared, edge) as made:
        yield made


async def test_a_local_configuration(place: Ground, tmp_path: Path, protocol: str) -> None:
    tunnel = place.edge.add_tunnel("code.example.com", "other.example.com")
    credentials = tmp_path / "credentials.json"
    remember(tunnel.credentials["TunnelSecret"])
    credentials.write_text(json.dumps(tunnel.credentials))
    tunnel_id = await place.add(
        kind="config", hostname="code.example.com", credentials=str(credentials), protocol=protocol
    )
    await place.manager.start_tunnel(tunnel_id)
    ready = await place.until_state(tunnel_id, "ready")
    assert (ready.url, ready.protocol, ready.hostnames) == ("https://code.example.com", protocol, ("code.example.com",))
    assert await place.visit("https://code.example.com") == 200
    assert await place.visit("https://other.example.com") == 404
    told = json.loads(place.edge.local_configurations[-1])
    assert [rule["service"] for rule in told["ingress"]] == [place.origin.url, "http_status:404"]


async def test_a_token_is_seen_nowhere(place: Ground) -> None:
    tunnel_id, url = await place.opened(kind="token")
    pid = place.status(tunnel_id).pid
    token, secret = place.named.token, place.named.credentials["TunnelSecret"]
    command = Path(f"/proc/{pid}/cmdline").read_text()
    assert "run" in command.split("\0") and token not in command
    kept = [path for path in place.home.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in kept:
        content = path.read_bytes()
        assert token.encode() not in content and secret.encode() not in content, path
    assert any(path.name == f"{tunnel_id}.log" for path in kept) and any(path.name == "nexus.db" for path in kept)
    said = "\n".join(await place.manager.logs(tunnel_id)) + repr(place.manager.list()) + repr(place.topics)
    assert token not in said and secret not in said
    assert url == "https://code.example.com"


async def test_several_tunnels_are_apart(place: Ground) -> None:
    first, one = await place.opened()
    second = await place.add_named()
    await place.manager.start_tunnel(second)
    await place.until_state(second, "ready")
    quick = one.removeprefix("https://")
    assert place.manager.hostnames() == {quick, "code.example.com"} and len(place.manager.pids()) == 2
    await place.manager.stop_tunnel(first)
    assert place.manager.hostnames() == {"code.example.com"}
    assert await place.visit("https://code.example.com") == 200
    assert await place.visit(one) == 530


async def test_the_program_still_writes_the_recorded_lines(place: Ground, edge: Edge) -> None:
    """The pure tests stand on recorded lines: each of those messages is one that it writes today."""
    written: set[str] = set()

    async def note(tunnel_id: str) -> None:
        written.update(parse(line)[0] for line in await place.manager.logs(tunnel_id, 1000))
        await place.manager.stop_tunnel(tunnel_id)
        written.update(parse(line)[0] for line in await place.manager.logs(tunnel_id, 1000))

    tunnel_id, url = await place.opened()
    await asyncio.to_thread(place.origin.close)
    assert await place.visit(url) == 502
    edge.cut()
    async with asyncio.timeout(20):
        while not any("Serve tunnel error" in line for line in await place.manager.logs(tunnel_id)):
            await asyncio.sleep(0.1)
    await note(tunnel_id)
    edge.faults.quick_reply = RATE_LIMITED
    await place.manager.start_tunnel(tunnel_id)
    await place.until(tunnel_id, lambda status: status.retry_at is not None)
    edge.faults.quick_reply = None
    await note(tunnel_id)
    edge.faults.refuse = TOO_OLD
    await place.manager.start_tunnel(tunnel_id)
    await place.until_state(tunnel_id, "failed")
    await note(tunnel_id)
    edge.faults.refuse_next = [UNAUTHORIZED]
    edge.faults.refuse = None
    named = await place.add_named()
    await place.manager.start_tunnel(named)
    await place.until(named, lambda status: status.connections > 0)
    await note(named)
    await asyncio.to_thread(edge.go_down)
    await place.manager.start_tunnel(named)
    await place.until(named, lambda status: "refused" in str((status.problem or {}).get("detail")))
    await note(named)

    def shape(message: str) -> str:
        """Without what differs each time: names, ports, durations."""
        event = read(message)
        return event.kind if event is not None and event.kind in ("url", "metrics", "retrying", "version") else message

    # the first is written on most cuts, the others for faults that are not made here
    elsewhere = ("Lost connection", "failed to parse quick", "failed to request quick", "|  Cloudflare API")
    recorded = {parse(line)[0] for says, line in LINES if says != "nothing"}
    missing = {shape(m) for m in recorded if not m.startswith(elsewhere)} - {shape(m) for m in written}
    assert missing == set()
