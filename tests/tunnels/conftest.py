# SPDX-License-Identifier: MIT
"""The genuine cloudflared, Cloudflare's side, and hubs that reach the one with the other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.edge.edge import Edge
from tests.edge.isolated import only_loopback

CLOUDFLARED = ROOT / ".venv" / "cloudflared" / ("cloudflared.exe" if os.name == "nt" else "cloudflared")


@pytest.fixture(scope="session", autouse=True)
def isolated() -> None:
    """Skips where something leads out: cloudflared would look up names and dial addresses of its own."""
    if not only_loopback():
        pytest.skip("NOT TESTED: a tunnel needs a network with loopback alone: run scripts/test tests/tunnels (Linux)")


@pytest.fixture(scope="session")
def cloudflared(isolated: None) -> Path:
    """The genuine program: NEXUS_TEST_CLOUDFLARED, else what `scripts/setup test` brought and checked."""
    named = os.environ.get("NEXUS_TEST_CLOUDFLARED")
    found = Path(named) if named else CLOUDFLARED
    if not found.is_file():
        pytest.skip(
            f"NOT TESTED: no cloudflared at {found}: run scripts/setup test and read what it says, "
            "or name a program in NEXUS_TEST_CLOUDFLARED"
        )
    return found


@pytest.fixture
def edge(tmp_path: Path, isolated: None) -> Iterator[Edge]:
    """Cloudflare's side, with nothing wrong; its knobs are `edge.faults`."""
    with Edge(tmp_path / "edge") as edge:
        yield edge


@pytest.fixture(params=["http2", "quic"])
def protocol(request: pytest.FixtureRequest) -> str:
    """Each way from cloudflared to the edge in turn."""
    return str(request.param)


def to_the_edge(edge: Edge, cloudflared: Path) -> dict[str, str]:
    """Environment of a hub (RealHub's `environ`) whose tunnels lead to `edge`, and whose self test trusts it."""
    return {**edge.environ, "OPENCODE_NEXUS_CLOUDFLARED_BINARY": str(cloudflared)}
