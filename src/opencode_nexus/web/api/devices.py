# SPDX-License-Identifier: MIT
"""/devices: browsers that were connected by a link."""

from fastapi import APIRouter, Request

from opencode_nexus.access.who import Who
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.device import Device
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.ports import SignedIn

router = APIRouter(prefix="/devices", tags=["tunnels"])


def device_of(row: SignedIn, who: Who) -> Device:
    """Return a login as the API tells it to `who`."""
    return Device(
        id=row.id,
        name=row.device,
        created=row.created,
        last_seen=row.last_seen,
        expires=row.expires,
        source=row.source,
        agent=row.agent,
        remote=row.remote,
        here=row.id == who.key,
    )


@router.get("")
async def list_devices(hub: HubDep, who: WhoDep) -> Items[Device]:
    """List the devices that were connected by a link, last used first."""
    return Items(items=[device_of(row, who) for row in hub.pairing.devices(who)])


@router.delete("/{device_id}", status_code=204)
async def revoke_device(hub: HubDep, who: WhoDep, request: Request, device_id: str) -> None:
    """Sign a device out; it is out at once."""
    request.state.farewell = True
    await hub.pairing.revoke(who, device_id, source=request.state.sender.address)
