# SPDX-License-Identifier: MIT
"""/tunnels: ways in from outside, and closing them all."""

import asyncio
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import SecretStr

from opencode_nexus.access.errors import PasswordNeeded
from opencode_nexus.access.who import Who
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import TunnelError
from opencode_nexus.tunnels.status import SelfTest, TunnelInfo
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models import tunnel as told
from opencode_nexus.web.api.models.device import NewPairing, Pairing
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.tunnel import AllStopped, ChangedTunnel, NewTunnel, Tunnel
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/tunnels", tags=["tunnels"])

Wait = Annotated[float, Query(ge=0, le=120, description="Most seconds until it is ready or has failed.")]


class TunnelNotReady(TunnelError):
    """There is no public address that a link could lead to."""

    code = "tunnel-not-ready"
    title = "This tunnel has no public address right now."
    hint = "Start it, and wait until it is ready."
    status = 409


def service_of(hub: Hub, kind: str) -> str:
    """Return what must stand as the service in Cloudflare's configuration; empty where we say it ourselves."""
    return f"http://127.0.0.1:{hub.door.port}" if kind in ("token", "api") else ""


def selftest_of(test: SelfTest) -> told.SelfTest:
    """Return a self test as the API tells it."""
    return told.SelfTest.model_validate(asdict(test))


def tunnel_of(hub: Hub, info: TunnelInfo) -> Tunnel:
    """Return a tunnel as the API tells it."""
    config, status = info.config, info.status
    return Tunnel(
        id=info.id,
        name=config.name,
        kind=config.kind,
        state=status.state,
        url=status.url,
        since=status.since,
        reason=status.reason,
        problem=status.problem,
        hostnames=list(status.hostnames),
        connections=status.connections,
        edges=list(status.edges),
        edge_protocol=status.protocol,
        round_trip_ms=status.round_trip_ms,
        requests=status.requests,
        errors=status.errors,
        pid=status.pid,
        started=status.started,
        version=status.version,
        adopted=status.adopted,
        retry_at=status.retry_at,
        stops_at=status.stops_at,
        stale=status.stale,
        testing=status.testing,
        selftest=None if status.selftest is None else selftest_of(status.selftest),
        created=info.created,
        hostname=config.hostname,
        protocol=config.protocol,
        autostart=config.autostart,
        stop_after=config.stop_after,
        stop_idle=config.stop_idle,
        allowed_mail=list(config.allowed_mail),
        credentials=config.credentials,
        account=config.account,
        zone=config.zone,
        tunnel_id=config.tunnel_id,
        service=service_of(hub, config.kind),
    )


def must_be_fresh(hub: Hub, who: Who) -> None:
    """Raise PasswordNeeded for a browser whose password was given too long ago; a token needs none."""
    if not hub.access.fresh(who):
        raise PasswordNeeded()


def _secret(given: SecretStr | None) -> Secret | None:
    return None if given is None else Secret(given.get_secret_value().strip())


async def settled(hub: Hub, tunnel_id: str, wait: float) -> TunnelInfo:
    """Return the tunnel once it is ready or has failed, at the latest after `wait` seconds."""
    try:
        async with asyncio.timeout(wait):
            while (info := hub.tunnels.get(tunnel_id)).status.state in ("starting", "connecting"):
                await hub.bus.wait(hub.bus.seq)
    except TimeoutError:
        return hub.tunnels.get(tunnel_id)
    return info


@router.get("")
async def list_tunnels(hub: HubDep) -> Items[Tunnel]:
    """List the tunnels."""
    return Items(items=[tunnel_of(hub, info) for info in hub.tunnels.list()])


@router.post("", status_code=201)
async def add_tunnel(hub: HubDep, who: WhoDep, new: NewTunnel, response: Response) -> Tunnel:
    """Add a tunnel. It is not started by this; `start` does. Kind api makes it at Cloudflare, with its DNS record."""
    must_be_fresh(hub, who)
    values = new.model_dump(exclude={"token", "allowed_mail"})
    config = TunnelConfig(**values, allowed_mail=tuple(new.allowed_mail))
    info = await hub.tunnels.create_tunnel(config.checked(), secret=_secret(new.token))
    response.headers["location"] = info.id
    return tunnel_of(hub, info)


@router.post("/stop-all")
async def stop_all_tunnels(hub: HubDep, request: Request) -> AllStopped:
    """Close every tunnel, and end the logins of those who came through one."""
    request.state.farewell = True
    hub.opener.forget_all()
    try:
        stopped = await hub.tunnels.stop_all()
    finally:  # even when one of them cannot be closed
        ended = await hub.access.end_remote(source=request.state.sender.address)
    return AllStopped(stopped=stopped, logins_ended=ended)


@router.get("/{tunnel}")
async def get_tunnel(hub: HubDep, tunnel: str) -> Tunnel:
    """Show one tunnel, by its id or name."""
    return tunnel_of(hub, hub.tunnels.get(tunnel))


@router.patch("/{tunnel}")
async def change_tunnel(hub: HubDep, who: WhoDep, tunnel: str, change: ChangedTunnel) -> Tunnel:
    """Change a tunnel. One that runs is `stale` until it is restarted."""
    must_be_fresh(hub, who)
    info = hub.tunnels.get(tunnel)
    values: dict[str, Any] = change.model_dump(exclude_unset=True, exclude={"token"})
    values = {name: value for name, value in values.items() if value is not None or name.startswith("stop_")}
    if "allowed_mail" in values:
        values["allowed_mail"] = tuple(values["allowed_mail"])
    config = replace(info.config, **values).checked()
    return tunnel_of(hub, await hub.tunnels.change_tunnel(info.id, config, secret=_secret(change.token)))


@router.delete("/{tunnel}", status_code=204)
async def remove_tunnel(hub: HubDep, tunnel: str) -> None:
    """Stop a tunnel and forget it; of kind api, what was made for it at Cloudflare goes too, and nothing else."""
    info = hub.tunnels.get(tunnel)
    hub.opener.forget(info.id)
    await hub.tunnels.remove_tunnel(info.id)


@router.post("/{tunnel}/start")
async def start_tunnel(hub: HubDep, who: WhoDep, tunnel: str, wait: Wait = 0) -> Tunnel:
    """Start a tunnel. Answers as soon as cloudflared runs, or with `wait` when it is ready or has failed."""
    must_be_fresh(hub, who)
    info = await hub.tunnels.start_tunnel(hub.tunnels.get(tunnel).id)
    return tunnel_of(hub, await settled(hub, info.id, wait))


@router.post("/{tunnel}/stop")
async def stop_tunnel(hub: HubDep, tunnel: str) -> Tunnel:
    """Close a tunnel; answers when it is closed."""
    info = hub.tunnels.get(tunnel)
    hub.opener.forget(info.id)
    await hub.tunnels.stop_tunnel(info.id)
    return tunnel_of(hub, hub.tunnels.get(info.id))


@router.post("/{tunnel}/restart")
async def restart_tunnel(hub: HubDep, who: WhoDep, tunnel: str, wait: Wait = 0) -> Tunnel:
    """Close a tunnel and start it again. A quick one gets another address."""
    must_be_fresh(hub, who)
    info = await hub.tunnels.restart_tunnel(hub.tunnels.get(tunnel).id)
    return tunnel_of(hub, await settled(hub, info.id, wait))


@router.post("/{tunnel}/test")
async def test_tunnel(hub: HubDep, tunnel: str) -> told.SelfTest:
    """Visit the hub through the tunnel's public address, and tell what passes."""
    return selftest_of(await hub.tunnels.run_selftest(hub.tunnels.get(tunnel).id))


@router.get("/{tunnel}/logs")
async def tunnel_logs(
    hub: HubDep,
    tunnel: str,
    lines: Annotated[int, Query(ge=1, le=5000, description="How many of the last lines.")] = 200,
) -> Items[str]:
    """Show the last lines that cloudflared wrote, oldest first, without secrets."""
    return Items(items=await hub.tunnels.logs(hub.tunnels.get(tunnel).id, lines))


@router.get("/{tunnel}/graph")
async def tunnel_graph(hub: HubDep, tunnel: str) -> Items[told.Interval]:
    """Show the requests of the last ten minutes, in intervals of ten seconds, oldest first."""
    columns = hub.tunnels.get(tunnel).status.graph
    return Items(items=[told.Interval(at=at, requests=requests, errors=errors) for at, requests, errors in columns])


@router.post("/{tunnel}/pair", status_code=201)
async def pair_device(hub: HubDep, who: WhoDep, request: Request, tunnel: str, new: NewPairing) -> Pairing:
    """Make a link that signs one device in, once, within five minutes."""
    must_be_fresh(hub, who)
    url = hub.tunnels.get(tunnel).status.url
    if url is None:
        raise TunnelNotReady()
    invited = await hub.pairing.invite(who, new.name, source=request.state.sender.address)
    link = url.rstrip("/") + hub.settings.base_path + invited.path
    return Pairing(id=invited.id, name=invited.name, link=link, secret=invited.secret, expires=invited.expires)
