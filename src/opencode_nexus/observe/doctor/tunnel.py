# SPDX-License-Identifier: MIT
"""The tunnels' way out: whether Cloudflare's edge can be reached from here."""

import asyncio

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked

# cloudflared connects to these, by TCP or UDP; only the TCP connection is tried, nothing is sent
EDGES = (("region1.v2.argotunnel.com", 7844), ("region2.v2.argotunnel.com", 7844))
TIME_OUT = 3.0  # seconds for both together


async def look(around: Around) -> Looked:
    """Ask the tunnels first: one that is connected proves it."""
    if around.services is None:
        return Looked("unknown", around.trouble)
    tunnels = around.services.tunnels()
    if not tunnels:
        return Looked("pass", "There is no tunnel.")
    good = [one.name for one in tunnels if one.state == "ready"]
    bad = [one.name for one in tunnels if one.state in ("failed", "degraded")]
    if good and not bad:
        return Looked("pass", f"Connected: {', '.join(good)}.")
    reached = await _reached()
    said = f"Not well: {', '.join(bad)}. " if bad else ""
    if reached:
        todo = "Its page says what is wrong." if bad else ""
        return Looked("warn" if bad else "pass", f"{said}{reached} answers on port {EDGES[0][1]}.", todo)
    todo = f"Let connections out to port {EDGES[0][1]} (TCP and UDP), and see that names are found (DNS)."
    return Looked("fail" if bad else "warn", f"{said}Cloudflare's edge does not answer on port {EDGES[0][1]}.", todo)


async def _reached() -> str:
    """Return the first edge that takes a connection, or ""."""
    tries = [asyncio.create_task(_try(host, port)) for host, port in EDGES]
    try:
        for first in asyncio.as_completed(tries, timeout=TIME_OUT):
            if host := await first:
                return host
    except TimeoutError:
        pass
    finally:
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
    return ""


async def _try(host: str, port: int) -> str:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return ""
    writer.close()
    return host
