# SPDX-License-Identifier: MIT
"""A hub's main door and the tunnels: neither the wrong service nor the wrong name at Cloudflare opens or shuts it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.edge.edge import Edge
from tests.edge.visitor import visitor
from tests.fakes.hub import RealHub
from tests.leaks import remember
from tests.tunnels.conftest import to_the_edge

pytestmark = pytest.mark.timeout(300)


def pushed(hub: RealHub, edge: Edge, name: str, hostname: str, service: str | None = None) -> dict[str, Any]:
    """A token tunnel that was started, with one rule: `hostname` leads to `service`, the right one when None."""
    tunnel = edge.add_tunnel(hostname)
    words = ("tunnel", "add", "--name", name, "--kind", "token", "--token-file", "-", "--json")
    made = json.loads(hub.command(*words, stdin=remember(tunnel.token)).stdout)
    edge.configure(tunnel, service or made["service"])
    hub.command("tunnel", "start", name, "--wait", "30")
    status: dict[str, Any] = json.loads(hub.command("tunnel", "status", name, "--json").stdout)
    return status


def test_what_cloudflare_was_told_wrong(tmp_path: Path, opencode_binary: Path, edge: Edge, cloudflared: Path) -> None:
    own = {"OPENCODE_NEXUS_ALLOWED_HOSTS": "home.example.com"}
    with RealHub(tmp_path, opencode_binary, **to_the_edge(edge, cloudflared), **own) as hub:
        assert hub.set_up().returncode == 0
        hub.start()
        main = hub.url.rstrip("/")
        wrong = pushed(hub, edge, "wrong", "wrong.example.com", main)
        assert (wrong["state"], wrong["problem"]["code"]) == ("degraded", "tunnel-origin-down")
        assert f"wrong.example.com leads to {main}, this hub's main address" in wrong["problem"]["detail"]
        with visitor(edge, "https://wrong.example.com") as stranger:
            assert stranger.get("/login").status_code == 421
        for number, name in enumerate(("127.0.0.1", "home.example.com")):
            taken = pushed(hub, edge, f"taken{number}", name)
            assert (taken["state"], taken["problem"]["code"]) == ("degraded", "tunnel-hostname-not-routed")
            assert (taken["url"], taken["hostnames"]) == (None, [])
        typed = ("--kind", "config", "--hostname", "home.example.com", "--credentials", str(tmp_path / "none.json"))
        refused = hub.command("tunnel", "add", "--name", "typed", *typed)
        assert refused.returncode == 1 and "allowed_hosts" in refused.stderr
        closed = hub.command("tunnel", "stop", "--all", "--json")
        assert json.loads(closed.stdout)["stopped"] == ["wrong", "taken0", "taken1"]
        hub.stop()
