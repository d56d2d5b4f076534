# SPDX-License-Identifier: MIT
"""/servers: OpenCode processes and their project folders."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from opencode_nexus.fleet.state import ServerState
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.server import NewProject, NewServer, Server
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/servers", tags=["servers"])


def server_of(hub: Hub, state: ServerState) -> Server:
    """Return a server's state as the API tells it."""
    alive = state.pid is not None and state.started is not None
    used = hub.usage.of(state.id) if alive else None
    return Server(
        id=state.id,
        name=state.name,
        projects=list(state.projects),
        state=state.state,
        pid=state.pid,
        port=state.port,
        version=state.version,
        since=state.since,
        reason=state.reason,
        last_lines=list(state.last_lines),
        adopted=state.adopted,
        autostart=state.autostart,
        restarts=state.restarts,
        retry_at=state.retry_at,
        uptime=max(0.0, hub.clock.now() - state.started) if alive and state.started else None,
        cpu=used.cpu if used else None,
        memory=used.memory if used else None,
    )


@router.get("")
async def list_servers(hub: HubDep) -> Items[Server]:
    """List the servers."""
    return Items(items=[server_of(hub, state) for state in hub.fleet.list()])


@router.post("", status_code=201)
async def add_server(hub: HubDep, new: NewServer, response: Response) -> Server:
    """Add a server. It is not started by this; `start` does."""
    state = await hub.fleet.add(new.name, new.projects, autostart=new.autostart)
    response.headers["location"] = state.id
    return server_of(hub, state)


@router.get("/{server_id}")
async def get_server(hub: HubDep, server_id: str) -> Server:
    """Show one server."""
    return server_of(hub, hub.fleet.get(server_id))


@router.delete("/{server_id}", status_code=204)
async def remove_server(hub: HubDep, server_id: str) -> None:
    """Stop a server and forget it. Its project folders stay as they are."""
    await hub.fleet.remove(server_id)


@router.post("/{server_id}/start")
async def start_server(hub: HubDep, server_id: str) -> Server:
    """Start a server; answers when it runs, or with the reason and its last lines."""
    await hub.fleet.start(server_id)
    return server_of(hub, hub.fleet.get(server_id))


@router.post("/{server_id}/stop")
async def stop_server(hub: HubDep, server_id: str) -> Server:
    """Stop a server and everything it started; answers when it is gone."""
    await hub.fleet.stop(server_id)
    return server_of(hub, hub.fleet.get(server_id))


@router.post("/{server_id}/restart")
async def restart_server(hub: HubDep, server_id: str) -> Server:
    """Stop a server and start it again."""
    await hub.fleet.restart(server_id)
    return server_of(hub, hub.fleet.get(server_id))


@router.get("/{server_id}/logs")
async def server_logs(
    hub: HubDep,
    server_id: str,
    lines: Annotated[int, Query(ge=1, le=5000, description="How many of the last lines.")] = 200,
) -> Items[str]:
    """Show the last lines that a server wrote, oldest first."""
    return Items(items=await hub.fleet.logs(server_id, lines))


@router.post("/{server_id}/projects", status_code=201)
async def add_project(hub: HubDep, server_id: str, new: NewProject) -> Server:
    """Open one more folder on a server."""
    await hub.fleet.add_project(server_id, new.folder)
    return server_of(hub, hub.fleet.get(server_id))
