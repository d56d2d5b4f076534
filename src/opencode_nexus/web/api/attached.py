# SPDX-License-Identifier: MIT
"""/servers/found and /servers/{id}/address: servers that run elsewhere. POST /servers attaches them."""

from fastapi import APIRouter

from opencode_nexus.fleet.attaching import Attachment
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.attached import FoundServer, Reattach
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.server import Server
from opencode_nexus.web.api.servers import server_of

router = APIRouter(prefix="/servers", tags=["servers"])


@router.get("/found")
async def found_servers(hub: HubDep) -> Items[FoundServer]:
    """List what runs on this machine and could be attached: OpenCode of the hub's own user that is not the hub's."""
    found = await hub.fleet.found()
    return Items(
        items=[
            FoundServer(
                address=one.address, pid=one.pid, command=one.command, folder=one.folder, version=one.version,
                password=one.password,
            )
            for one in found
        ]
    )  # fmt: skip


@router.put("/{server_id}/address")
async def reattach_server(hub: HubDep, server_id: str, to: Reattach) -> Server:
    """Give an attached server another address or login. It is asked first: what it refuses is not kept."""
    wanted = Attachment(address=to.address, username=to.username, password=to.password)
    return server_of(hub, await hub.fleet.reattach(server_id, wanted))
