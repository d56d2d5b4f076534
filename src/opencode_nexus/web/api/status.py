# SPDX-License-Identifier: MIT
"""/status: the hub itself."""

import os

from fastapi import APIRouter

from opencode_nexus import __version__
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.status import Status

router = APIRouter(prefix="/status", tags=["hub"])


@router.get("")
async def get_status(hub: HubDep) -> Status:
    """Show how the hub is."""
    servers = hub.fleet.list()
    return Status(
        version=__version__,
        boot=hub.bus.boot,
        pid=os.getpid(),
        address=hub.address,
        home=str(hub.settings.home),
        started=hub.started,
        uptime=max(0.0, hub.clock.now() - hub.started),
        setup_done=hub.wizard.done,
        servers=len(servers),
        servers_running=sum(1 for server in servers if server.state == "running"),
        sessions_running=sum(len(hub.chat.busy(server.id)) for server in servers),
        waiting=len(hub.chat.waiting()),
    )
