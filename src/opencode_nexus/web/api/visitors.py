# SPDX-License-Identifier: MIT
"""/visitors: who came in through a tunnel, by a link or by password."""

from fastapi import APIRouter, Request

from opencode_nexus.access.errors import LoginNotFound
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.devices import device_of
from opencode_nexus.web.api.models.device import Device
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.context import Hub
from opencode_nexus.web.ports import SignedIn

router = APIRouter(prefix="/visitors", tags=["tunnels"])


def _rows(hub: Hub) -> list[SignedIn]:
    return [row for user in hub.access.users() for row in hub.access.logins(user.id) if row.remote]


@router.get("")
async def list_visitors(hub: HubDep, who: WhoDep) -> Items[Device]:
    """List who signed in through a tunnel, last used first; one without a name did by password."""
    return Items(items=[device_of(row, who) for row in _rows(hub)])


@router.delete("/{visitor_id}", status_code=204)
async def sign_out_visitor(hub: HubDep, request: Request, visitor_id: str) -> None:
    """Sign one of them out; that one is out at once."""
    row = next((row for row in _rows(hub) if row.id == visitor_id), None)
    if row is None:
        raise LoginNotFound()
    request.state.farewell = True
    await hub.access.revoke_login(row.user_id, row.id, source=request.state.sender.address)
