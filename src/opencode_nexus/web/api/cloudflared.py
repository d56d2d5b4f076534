# SPDX-License-Identifier: MIT
"""/cloudflared: the program that runs tunnels, bringing it, and what an API token of Cloudflare may do."""

from dataclasses import asdict

from fastapi import APIRouter

from opencode_nexus.core.errors import NexusError
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.cloudflared import ApiToken, Cloudflared, TokenLook
from opencode_nexus.web.api.setup import bringing_of
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/cloudflared", tags=["tunnels"])


async def _told(hub: Hub) -> Cloudflared:
    told = Cloudflared(
        path=None, version=None, sha256=None, problem=None, bringing=bringing_of(hub.cloudflared.progress)
    )
    if hub.cloudflared.running:
        return told
    try:
        found = await hub.cloudflared.look()
    except NexusError as error:
        told.problem = error.problem()
    else:
        told.path, told.version, told.sha256 = str(found.path), ".".join(map(str, found.version)), found.sha256
    return told


@router.get("")
async def get_cloudflared(hub: HubDep) -> Cloudflared:
    """Show which cloudflared would be run, and how far the job is that brings one."""
    return await _told(hub)


@router.post("/bring", status_code=202)
async def bring_cloudflared(hub: HubDep) -> Cloudflared:
    """Begin to bring a verified copy into the home folder; follow it with GET."""
    if not hub.cloudflared.running:
        hub.cloudflared.bring()
    return await _told(hub)


@router.post("/cancel")
async def cancel_cloudflared(hub: HubDep) -> Cloudflared:
    """End the job that brings it; nothing half-done is used."""
    await hub.cloudflared.cancel()
    return await _told(hub)


@router.post("/account")
async def look_at_api_token(hub: HubDep, given: ApiToken) -> TokenLook:
    """Tell what an API token of Cloudflare may do, and which accounts and domains it sees. It is not kept."""
    verified = await hub.cloudflare.verify(Secret(given.token.get_secret_value().strip()))
    return TokenLook.model_validate(asdict(verified))
