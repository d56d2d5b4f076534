# SPDX-License-Identifier: MIT
"""The chat through cloudflared and a stand-in for Cloudflare, beside the same hub without: latency, bytes, start."""

import asyncio
import dataclasses
import tempfile
import time as clock
from pathlib import Path

from bench.measures import stream
from bench.nexus import Nexus
from bench.run import Run
from bench.through import CLOUDFLARED, EdgeProcess, Way, signed_in
from tests.edge.isolated import only_loopback

PROTOCOLS = ("http2", "quic")
RATES = (50, 200)  # deltas a second
STARTED_WITHIN = 60  # s


async def measure(run: Run) -> None:
    """Subjects `direct`, `http2` and `quic`; the hub starts anew with its tunnels led to the edge, and again after."""
    hub = next((subject for subject in run.subjects if isinstance(subject, Nexus)), None)
    if hub is None or not only_loopback() or not CLOUDFLARED.is_file():
        print(f"NOT MEASURED: the tunnel needs the subject nexus, a network of loopback alone, and {CLOUDFLARED}")
        return
    with tempfile.TemporaryDirectory(prefix="nexus-edge-") as folder, EdgeProcess(Path(folder)) as edge:
        await asyncio.to_thread(hub.stop)
        hub.more = edge.environ
        try:
            await asyncio.to_thread(hub.start)
            phone = await run.launch(edge.flags)
            await beside(run, dataclasses.replace(run, browser=phone), hub, edge)
            await phone.close()
        finally:
            hub.more = {}
            await asyncio.to_thread(hub.stop)
            await asyncio.to_thread(hub.start)


async def beside(run: Run, outside: Run, hub: Nexus, edge: EdgeProcess) -> None:
    """Start to ready of each protocol, then the streams by each way in turn."""
    direct = Way("direct", hub, hub.base, hub.port, hub.cookies())
    ways = []
    for protocol in PROTOCOLS:
        tunnel = await asyncio.to_thread(hub.api, "tunnels", {"name": protocol, "kind": "quick", "protocol": protocol})
        url = ""
        for time in range(run.times):
            if time:
                await asyncio.to_thread(hub.api, f"tunnels/{tunnel['id']}/stop", {})
            url, took = await asyncio.to_thread(ready, hub, tunnel["id"])
            run.results.add(protocol, "tunnel", "start", run=time, ready_ms=took)
        ways.append(Way(protocol, hub, url, edge.port, await signed_in(outside.browser, url)))
    for rate in RATES:
        for time in range(run.times):
            await stream.once(run, direct, rate, 1, time)
            for way in ways:
                await stream.once(outside, way, rate, 1, time)


def ready(hub: Nexus, tunnel_id: str) -> tuple[str, int]:
    """Start a tunnel; its address, and milliseconds until it was ready."""
    before = clock.monotonic()
    hub.api(f"tunnels/{tunnel_id}/start", {})
    while clock.monotonic() - before < STARTED_WITHIN:
        tunnel = hub.api(f"tunnels/{tunnel_id}")
        if tunnel["state"] == "ready":
            return str(tunnel["url"]), round((clock.monotonic() - before) * 1000)
        clock.sleep(0.01)
    raise RuntimeError(f"the tunnel was not ready within {STARTED_WITHIN} s: {tunnel}")
