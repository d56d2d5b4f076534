# SPDX-License-Identifier: MIT
"""Faults of the network and of Cloudflare's side: one function each, with the genuine cloudflared."""

import asyncio
import time
from dataclasses import replace

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.errors import CloudflaredTooOld, RegistrationRefused
from opencode_nexus.tunnels.pauses import PAUSES, Pauses
from tests.edge.faults import COME_BACK, NO_TUNNEL, RATE_LIMITED, TOO_OLD, UNAUTHORIZED
from tests.fakes.manager import code, noted
from tests.leaks import remember
from tests.tunnels.ground import Ground


async def cut_http2(ground: Ground) -> None:
    """The edge hangs up: told at once, taken up again by cloudflared itself, and the address is the same."""
    await _cut(ground, "http2", "quick")


async def cut_quic(ground: Ground) -> None:
    """The same over QUIC, which notices after five seconds of silence."""
    await _cut(ground, "quic", "quick")


async def cut_named(ground: Ground) -> None:
    """The same for a named tunnel."""
    await _cut(ground, "http2", "token")


async def _cut(ground: Ground, protocol: str, kind: str) -> None:
    tunnel_id, url = await ground.opened(protocol, kind)
    pid, before = ground.status(tunnel_id).pid, len(ground.edge.registrations)
    ground.edge.cut()
    await ground.until(tunnel_id, lambda s: s.state == "degraded" or len(ground.edge.registrations) > before)
    back = await ground.until(tunnel_id, lambda s: s.state == "ready" and len(ground.edge.registrations) > before, 90)
    assert (back.pid, back.url, back.problem, back.reason) == (pid, url, None, "")
    assert await ground.visit(url) == 200
    seen = [info.status for info in ground.infos if info.status.state == "degraded"]
    for lost in seen:  # none when cloudflared's random wait was next to nothing
        assert code(lost) == "tunnel-edge-lost" and lost.connections == 0 and lost.edges == ()
        assert lost.url == url and lost.retry_at is None
    if seen:
        await noted(ground, "tunnel-back")
    assert len(ground.notes("tunnel-back")) == bool(seen)


async def network_gone(ground: Ground) -> None:
    """No network for a while: it is waited out, nothing is restarted, the address is the same."""
    tunnel_id, url = await ground.opened()
    pid = ground.status(tunnel_id).pid
    ground.edge.go_down()
    assert code(await ground.until_state(tunnel_id, "degraded")) == "tunnel-edge-lost"
    await asyncio.sleep(3)
    ground.edge.come_up()
    assert await ground.visit(url) == 530
    back = await ground.until_state(tunnel_id, "ready", 150)
    assert (back.pid, back.url) == (pid, url)
    await ground.until_visit(url, 200)


async def no_network_at_start(ground: Ground) -> None:
    """A quick tunnel that cannot be asked for is asked for again by itself."""
    ground.edge.go_down()
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    failed = await ground.until(tunnel_id, lambda status: status.retry_at is not None)
    assert (failed.state, code(failed), failed.pid) == ("failed", "tunnel-network-blocked", None)
    ground.edge.come_up()
    ready = await ground.until_state(tunnel_id, "ready")
    assert ready.url is not None and await ground.visit(ready.url) == 200


async def no_network_at_start_named(ground: Ground) -> None:
    """A named tunnel goes on trying by itself, and it is said why there is no connection."""
    tunnel_id = await ground.add_named()
    ground.edge.go_down()
    await ground.manager.start_tunnel(tunnel_id)
    blocked = await ground.until(tunnel_id, lambda s: "refused" in str((s.problem or {}).get("detail")))
    assert (blocked.state, code(blocked)) == ("connecting", "tunnel-network-blocked") and blocked.pid is not None
    ground.edge.come_up()
    ready = await ground.until_state(tunnel_id, "ready", 120)
    assert (ready.pid, ready.url) == (blocked.pid, "https://code.example.com")


async def udp_dead(ground: Ground) -> None:
    """QUIC alone was asked for and no datagram passes: it is said what to do, and `auto` does it by itself."""
    ground.edge.faults.udp_dead = True
    tunnel_id = await ground.add(protocol="quic")
    await ground.manager.start_tunnel(tunnel_id)
    # the first words are about names, which nobody answers here; those of QUIC itself come after its own patience
    blocked = await ground.until(tunnel_id, lambda s: "quic" in str((s.problem or {}).get("detail")))
    assert (blocked.state, code(blocked)) == ("connecting", "tunnel-network-blocked") and blocked.problem is not None
    assert "http2" in str(blocked.problem["hint"]) and blocked.url is not None
    tunnel = ground.manager.get(tunnel_id)
    changed = await ground.manager.change_tunnel(tunnel_id, replace(tunnel.config, protocol="auto"))
    assert changed.status.stale
    await ground.manager.restart_tunnel(tunnel_id)
    ready = await ground.until_state(tunnel_id, "ready", 90)
    assert (ready.protocol, ready.stale) == ("http2", False)
    assert ready.url is not None and await ground.visit(ready.url) == 200


async def udp_dead_with_a_socket(ground: Ground) -> None:
    """`auto` comes to http2, over which no WebSocket reaches a Unix socket: it is started over http2 to the port."""
    ground.edge.faults.udp_dead = True
    ground.origins.unix = ground.root / "nobody-listens.sock"
    tunnel_id = await ground.add(protocol="auto")
    await ground.manager.start_tunnel(tunnel_id)
    ready = await ground.until_state(tunnel_id, "ready", 90)
    assert ready.url is not None and await ground.visit(ready.url) == 200
    assert (ready.protocol, ready.reason, ready.stale) == ("http2", "", False)
    before = [info.status for info in ground.infos if info.status.state != "ready"]
    assert any(code(status) == "tunnel-quic-blocked" for status in before)
    assert {status.state for status in before} <= {"stopped", "starting", "connecting"}
    assert {status.url for status in before if status.pid != ready.pid} == {None}
    await noted(ground, "tunnel-ready")
    assert (len(ground.notes("tunnel-ready")), ground.notes("tunnel-troubled")) == (1, [])


async def rate_limited(ground: Ground) -> None:
    """429: minutes of patience, the time is told; whoever presses start is not made to wait."""
    ground.pauses = Pauses(PAUSES)
    await ground.close()
    await ground.open()
    ground.edge.faults.quick_reply = RATE_LIMITED
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    limited = await ground.until(tunnel_id, lambda status: status.retry_at is not None)
    assert (limited.state, code(limited)) == ("failed", "tunnel-rate-limited")
    assert limited.retry_at is not None and 295 < limited.retry_at - time.time() <= 300
    assert "1015" in str(limited.problem and limited.problem["detail"])
    ground.edge.faults.quick_reply = None
    await ground.manager.start_tunnel(tunnel_id)
    await ground.until_state(tunnel_id, "ready")


async def no_quick_tunnel(ground: Ground) -> None:
    """The quick service has a fault of its own: told in its words, tried again."""
    ground.edge.faults.quick_reply = NO_TUNNEL
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    failed = await ground.until(tunnel_id, lambda status: status.retry_at is not None)
    assert (failed.state, code(failed)) == ("failed", "tunnel-refused")
    ground.edge.faults.quick_reply = None
    await ground.until_state(tunnel_id, "ready")


async def expired(ground: Ground) -> None:
    """Cloudflare has dropped a quick tunnel: it is made anew, and said plainly that the address is another one."""
    tunnel_id, url = await ground.opened()
    pid = ground.status(tunnel_id).pid
    ground.edge.forget(ground.edge.tunnels[-1])
    renewed = await ground.until(tunnel_id, lambda s: s.state == "ready" and s.url != url, 120)
    assert renewed.pid != pid and url in renewed.reason and "new" in renewed.reason
    assert renewed.url is not None and await ground.visit(renewed.url) == 200
    assert url in await noted(ground, "tunnel-ready", 2)
    assert any(code(info.status) == "tunnel-deleted" for info in ground.infos)
    assert ground.manager.hostnames() == frozenset(renewed.hostnames)


async def expired_quic(ground: Ground) -> None:
    """The same over QUIC, where cloudflared keeps the refusal to itself."""
    tunnel_id, url = await ground.opened("quic")
    ground.edge.forget(ground.edge.tunnels[-1])
    renewed = await ground.until(tunnel_id, lambda s: s.state == "ready" and s.url != url, 120)
    assert url in renewed.reason and renewed.protocol == "quic"
    assert any(code(info.status) == "tunnel-deleted" for info in ground.infos)


async def token_refused_quic(ground: Ground) -> None:
    """Refused over QUIC, which tells no reason: it is asked for over http2, and told."""
    tunnel_id = await ground.add_named("quic")
    ground.edge.faults.refuse = UNAUTHORIZED
    await ground.manager.start_tunnel(tunnel_id)
    refused = await ground.until(tunnel_id, lambda s: code(s) == "tunnel-token-refused")
    assert refused.state == "failed"
    assert any(code(info.status) == "tunnel-refused-unheard" for info in ground.infos)


async def token_refused(ground: Ground) -> None:
    """The edge says Unauthorized to a named tunnel for ever; should it change its mind, the tunnel is back."""
    tunnel_id = await ground.add_named()
    ground.edge.faults.refuse = UNAUTHORIZED
    await ground.manager.start_tunnel(tunnel_id)
    refused = await ground.until_state(tunnel_id, "failed")
    assert code(refused) == "tunnel-token-refused" and refused.retry_at is None
    assert "does not accept" in await noted(ground, "tunnel-troubled")
    ground.edge.faults.refuse = None
    await ground.until_state(tunnel_id, "ready", 60)


async def too_old(ground: Ground) -> None:
    """The edge takes no connection from this version: that is the cause, and the same program is not tried again."""
    ground.edge.faults.refuse = TOO_OLD
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    failed = await ground.until_state(tunnel_id, "failed")
    assert (code(failed), failed.retry_at, failed.pid) == (CloudflaredTooOld.code, None, None)
    assert "too old" in str(failed.problem and failed.problem["detail"])


async def come_back_later(ground: Ground) -> None:
    """The edge refuses for another reason: told in its words, tried again."""
    ground.edge.faults.refuse = COME_BACK
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    failed = await ground.until(tunnel_id, lambda status: status.retry_at is not None)
    assert (failed.state, code(failed)) == ("failed", RegistrationRefused.code)
    assert COME_BACK.cause in str(failed.problem and failed.problem["detail"])
    ground.edge.faults.refuse = None
    await ground.until_state(tunnel_id, "ready")


async def led_elsewhere(ground: Ground) -> None:
    """Cloudflare's configuration leads to another port of this machine: closed, and told; right once corrected."""
    tunnel_id = await ground.add_named(service="http://localhost:8000")
    await ground.manager.start_tunnel(tunnel_id)
    lost = await ground.until_state(tunnel_id, "failed", 30)
    assert code(lost) == "tunnel-origin-down" and lost.url is None
    detail = str(lost.problem and lost.problem["detail"])
    assert "http://localhost:8000" in detail and ground.origin.url in detail
    assert ground.manager.hostnames() == frozenset() and ground.carriers() == []
    assert await ground.visit("https://code.example.com") == 530
    ground.edge.configure(ground.named, ground.origin.url)
    await ground.manager.start_tunnel(tunnel_id)
    ready = await ground.until_state(tunnel_id, "ready")
    assert ready.url == "https://code.example.com" and await ground.visit(ready.url) == 200


async def not_routed(ground: Ground) -> None:
    """A named tunnel to which no public name leads."""
    tunnel = ground.edge.add_tunnel(service=ground.origin.url)
    tunnel_id = await ground.add(kind="token", secret=Secret(remember(tunnel.token)))
    await ground.manager.start_tunnel(tunnel_id)
    lost = await ground.until(tunnel_id, lambda s: s.state == "degraded", 30)
    assert code(lost) == "tunnel-hostname-not-routed" and lost.connections > 0
