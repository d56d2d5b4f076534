# SPDX-License-Identifier: MIT
"""Tunnels whose way stands at Cloudflare when the hub is at another port, with a stand-in for cloudflared."""

import asyncio

import pytest

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import BadTunnel
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from tests.edge.tunnel import Tunnel
from tests.fakes.cloudflare_api import CloudflareApi
from tests.fakes.manager import ManagerUnderTest, code, noted, tell
from tests.leaks import remember

pytestmark = pytest.mark.anyio


async def test_a_token_tunnel_that_still_leads_to_the_port_that_was_taken_does_not_stay_open(
    rig: ManagerUnderTest,
) -> None:
    rig.origins.port, rig.origins.moved, rig.origins.left = 4701, True, frozenset({4700})
    named = await rig.add("named", kind="token", secret=Secret(remember(Tunnel(["a.example.com"]).token)))

    def put(*ports: int) -> None:
        rules = [{"hostname": f"{port}.example.com", "service": f"http://localhost:{port}"} for port in ports]
        tell(rig, named, ingress=[*rules, {"service": "http_status:404"}])

    for ports in ((4700,), (4701, 4700), (3000,)):
        put(*ports)
        await rig.manager.start_tunnel(named)  # as a page, the API or a command does
        failed = await rig.until_state(named, "failed")
        assert (code(failed), failed.retry_at, rig.carriers()) == ("tunnel-origin-down", None, [])
        detail = str(failed.problem and failed.problem["detail"])
        assert f"{ports[-1]}.example.com leads to http://localhost:{ports[-1]}" in detail
        assert "Put http://127.0.0.1:4701 as the service at Cloudflare" in detail
    put(3000, 4701)  # another program of its owner's, beside the hub
    await rig.manager.start_tunnel(named)
    assert (await rig.until_state(named, "ready")).url == "https://4701.example.com"
    put(4700)
    await rig.until_state(named, "failed")
    (rig.home / "tunnels" / named / "seen.json").unlink()


async def test_cloudflare_is_told_wherever_the_hub_listens(rig: ManagerUnderTest) -> None:
    with CloudflareApi() as api:
        account, token = api.account("Ada's account"), api.token()
        rig.account, rig.origins.port = Account(api.base, pause=0.0), 4700
        await rig.close()
        await rig.open()
        where = {"account": account, "zone": api.zone("example.com", account), "hostname": "code.example.com"}
        tunnel_id = await rig.add("code", kind="api", autostart=True, secret=Secret(token), **where)

        def there() -> str:
            (rules,) = api.ingress.values()
            tell(rig, tunnel_id, ingress=rules)
            return str(rules[0]["service"])

        for port, moved in ((4700, False), (4701, True), (4701, False), (4702, False)):
            await rig.close()
            rig.origins.port, rig.origins.moved = port, moved
            await rig.open()
            async with asyncio.timeout(10):
                while there() != f"http://127.0.0.1:{port}":
                    await asyncio.sleep(0.01)
            await rig.until_state(tunnel_id, "ready")
        await rig.manager.stop_tunnel(tunnel_id)
        (changed,) = api.ingress
        api.ingress[changed][0]["service"] = "http://localhost:4700"  # by hand, in the dashboard
        there()
        await rig.manager.start_tunnel(tunnel_id)
        failed = await rig.until_state(tunnel_id, "failed")
        assert code(failed) == "tunnel-origin-down" and rig.carriers() == []
        await rig.manager.start_tunnel(tunnel_id)
        assert there() == "http://127.0.0.1:4702"
        await rig.until_state(tunnel_id, "ready")
        await rig.manager.stop_tunnel(tunnel_id)
        rig.origins.port = 4703
        await asyncio.to_thread(rig.vault.delete, f"tunnel-api-token:{tunnel_id}")
        await rig.close()
        await rig.open()
        failed = await rig.until_state(tunnel_id, "failed")
        assert code(failed) == "tunnel-api-token-missing" and rig.carriers() == []
        assert "cannot be led to where the hub listens now" in await noted(rig, "tunnel-failed", 2)
        (rig.home / "tunnels" / tunnel_id / "seen.json").unlink()


async def test_a_name_that_the_main_door_answers_to_is_not_taken(rig: ManagerUnderTest) -> None:
    rig.origins.names = frozenset({"home.example.com"})
    config = TunnelConfig("Home", "config", hostname="home.example.com", credentials=str(rig.root / "none.json"))
    with pytest.raises(BadTunnel, match="allowed_hosts") as refused:
        await rig.manager.create_tunnel(config)
    assert refused.value.data["field"] == "hostname"
