# SPDX-License-Identifier: MIT
"""Takes away what we made at Cloudflare, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

from opencode_nexus.tunnels.providers.cloudflare.client import JSON, TARGET, Client
from opencode_nexus.tunnels.providers.cloudflare.errors import (
    CloudflareBusy,
    CloudflareDown,
    CloudflareUnreachable,
    NotAtCloudflare,
    StillConnected,
)
from opencode_nexus.tunnels.providers.cloudflare.steps import Made, Steps

TRIES = 3
PAUSE = 1.0  # seconds before the next try, doubled each time

GONE = "It was gone already."


async def remove(client: Client, steps: Steps, pause: float = PAUSE) -> None:
    """Delete the record and the tunnel of `steps.made`; what is gone already is fine.

    The record first: a name that leads to a tunnel that is not there shows Cloudflare's error page. It is deleted only
    while it still leads to our tunnel; otherwise somebody has put it to another use. Raises what the API says.
    """
    made = steps.made
    if made.record:
        async with steps.taken("delete-dns"):
            await _patiently(lambda: _remove_record(client, steps), pause)
            steps.now(record="")
    if made.tunnel_id:
        async with steps.taken("delete-tunnel"):
            await _patiently(lambda: _remove_tunnel(client, steps), pause)
            steps.now(tunnel_id="", token=None, asked="")


async def find_tunnel(client: Client, steps: Steps) -> None:
    """Note the tunnel that was asked for and of which no answer came, when there is one.

    Its name was noted before it was asked for, when no tunnel had it. One that runs cannot be ours: nobody has its
    token.
    """
    found = await client.tunnels_named(steps.made.account, steps.made.asked)
    for tunnel in found:
        if not tunnel.get("connections"):
            steps.now(tunnel_id=str(tunnel["id"]))


async def find_record(client: Client, steps: Steps) -> None:
    """Note the record of our name that leads to our tunnel, when there is one: nobody else made that."""
    made = steps.made
    for record in await client.records_named(made.zone, made.hostname):
        if _leads_to(record) == _target(made):
            steps.now(record=str(record["id"]))


def _leads_to(record: JSON) -> str:
    return str(record.get("content", "")).rstrip(".").lower()


def _target(made: Made) -> str:
    return f"{made.tunnel_id}.{TARGET}".lower()


async def _remove_record(client: Client, steps: Steps) -> None:
    made = steps.made
    try:
        found = await client.record(made.zone, made.record)
        if found.get("type") != "CNAME" or _leads_to(found) != _target(made):
            place = _leads_to(found) or "another place"
            await steps.tell("delete-dns", "left", f"It leads to {place} now, so it was left.")
            return
        await client.delete_record(made.zone, made.record)
    except NotAtCloudflare:
        await steps.tell("delete-dns", "done", GONE)


async def _remove_tunnel(client: Client, steps: Steps) -> None:
    made = steps.made
    try:
        try:
            await client.delete_tunnel(made.account, made.tunnel_id)
        except StillConnected:  # our cloudflared was stopped, but the edge may remember it for a while
            await client.drop_connections(made.account, made.tunnel_id)
            await client.delete_tunnel(made.account, made.tunnel_id)
    except NotAtCloudflare:
        await steps.tell("delete-tunnel", "done", GONE)


async def _patiently(act: Callable[[], Awaitable[None]], pause: float) -> None:
    """Do it, some times more where only the network or Cloudflare's own state stands against it."""
    for tried in range(1, TRIES + 1):
        try:
            return await act()
        except (CloudflareUnreachable, CloudflareDown, CloudflareBusy):
            if tried == TRIES:
                raise
        await asyncio.sleep(pause * 2 ** (tried - 1))
