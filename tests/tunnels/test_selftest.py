# SPDX-License-Identifier: MIT
"""The self test through the genuine cloudflared: what it says is what passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.tunnels.selftest import Tester as Visits  # pytest takes a name with Test for a test
from tests.edge.edge import Edge
from tests.edge.program import Program
from tests.edge.tunnel import Tunnel
from tests.fakes.selftest_door import Door, served

pytestmark = pytest.mark.anyio

PATIENCE = 30.0


@dataclass
class Way:
    """A tunnel that stands, what it leads to, and who tests it."""

    edge: Edge
    tunnel: Tunnel
    visits: Visits
    door: Door


@pytest.fixture
def trusting(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(edge.authority.path))


@asynccontextmanager
async def standing(edge: Edge, cloudflared: Path, folder: Path, protocol: str, *, named: bool) -> AsyncIterator[Way]:
    visits = Visits(front=edge.front, base_path="", clock=SystemClock())
    door = Door(visits)
    async with served(door.app()) as port:
        origin = f"http://127.0.0.1:{port}"
        tunnel = edge.add_tunnel("code.example.com", service=origin) if named else None
        words, environ = (("run",), {"TUNNEL_TOKEN": tunnel.token}) if tunnel else (("--url", origin), {})
        with Program(cloudflared, edge, folder / "run", protocol, *words, **environ):
            yield Way(edge, await asyncio.to_thread(edge.wait_registered, tunnel), visits, door)


@pytest.mark.usefixtures("trusting")
async def test_a_quick_tunnel_streams_but_for_gets(
    edge: Edge, cloudflared: Path, tmp_path: Path, protocol: str
) -> None:
    async with standing(edge, cloudflared, tmp_path, protocol, named=False) as way:
        found = await way.visits.run(way.tunnel.url, PATIENCE)
    assert (found.verdict, found.transport) == ("partly", "post"), found
    assert {trial.name: trial.outcome for trial in found.trials} == {
        "nonce": "works", "post-stream": "works", "websocket": "works", "get-stream": "held back", "no-login": "works",
    }  # fmt: skip
    assert way.door.hosts == {way.tunnel.hostname}
    assert found.round_trip_ms


@pytest.mark.usefixtures("trusting")
async def test_a_named_tunnel_streams_everything(edge: Edge, cloudflared: Path, tmp_path: Path, protocol: str) -> None:
    async with standing(edge, cloudflared, tmp_path, protocol, named=True) as way:
        found = await way.visits.run(way.tunnel.url, PATIENCE)  # 503 until its configuration has come
    assert (found.verdict, found.transport) == ("passed", "post"), found


@pytest.mark.usefixtures("trusting")
async def test_an_open_route_is_seen_through_the_tunnel(
    edge: Edge, cloudflared: Path, tmp_path: Path, protocol: str
) -> None:
    async with standing(edge, cloudflared, tmp_path, protocol, named=False) as way:
        way.door.socket = "open"
        found = await way.visits.run(way.tunnel.url, PATIENCE)
        assert found.verdict == "open"
        way.door.answers["/settings"] = 200
        found = await way.visits.run(way.tunnel.url, PATIENCE)
        assert found.verdict == "open"
        assert "/settings" in found.detail


@pytest.mark.usefixtures("trusting")
async def test_without_the_edge_nothing_is_said(edge: Edge, cloudflared: Path, tmp_path: Path, protocol: str) -> None:
    async with standing(edge, cloudflared, tmp_path, protocol, named=False) as way:
        await asyncio.to_thread(edge.go_down)
        found = await way.visits.run(way.tunnel.url, 0.0)
    assert found.verdict == "not verified"
    assert "530" in found.detail
