# SPDX-License-Identifier: MIT
"""/pairings: links that wait for their device."""

from fastapi import APIRouter

from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.device import WaitingLink
from opencode_nexus.web.api.models.items import Items

router = APIRouter(prefix="/pairings", tags=["tunnels"])


@router.get("")
async def list_pairings(hub: HubDep, who: WhoDep) -> Items[WaitingLink]:
    """List the links that were not used yet, the newest first, without their secrets."""
    return Items(
        items=[
            WaitingLink(id=row.id, name=row.name, created=row.created, expires=row.expires)
            for row in hub.pairing.waiting(who)
        ]
    )


@router.delete("/{pairing_id}", status_code=204)
async def cancel_pairing(hub: HubDep, who: WhoDep, pairing_id: str) -> None:
    """Take a link back. One that is gone already is no error."""
    await hub.pairing.cancel(who, pairing_id)
