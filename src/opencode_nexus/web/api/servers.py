# SPDX-License-Identifier: MIT
"""/servers: OpenCode processes and their project folders."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from opencode_nexus.core.errors import NotFound
from opencode_nexus.fleet.attaching import Attachment
from opencode_nexus.fleet.edit import Edit
from opencode_nexus.fleet.errors import NotOurs
from opencode_nexus.fleet.limits import Limits as FleetLimits
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.fleet.variables import Variable as FleetVariable
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.server import (
    Bulk,
    Copy,
    Move,
    NewProject,
    NewServer,
    Outcome,
    Project,
    Restart,
    Server,
    ServerEdit,
    ServerLimits,
    Variable,
)
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
        kind=state.kind,
        address=state.address,
        environment=[Variable(name=v.name, value=v.value, secret=v.secret) for v in hub.fleet.variables(state.id)],
        arguments=list(state.arguments),
        wanted_version=state.wanted_version,
        limits=ServerLimits(**asdict(state.limits)),
        changed=state.changed,
        planned=state.planned,
        position=state.position,
        missing=list(state.missing),
    )


def _edit(wanted: NewServer | ServerEdit) -> Edit:
    """Return what the fleet is told of a new or changed server."""
    environment = wanted.environment
    return Edit(
        name=wanted.name if isinstance(wanted, ServerEdit) else None,
        autostart=wanted.autostart if isinstance(wanted, ServerEdit) else None,
        environment=None if environment is None else [FleetVariable(v.name, v.value, v.secret) for v in environment],
        arguments=wanted.arguments,
        version=wanted.version,
        limits=None if wanted.limits is None else FleetLimits(**wanted.limits.model_dump()),
        position=wanted.position if isinstance(wanted, ServerEdit) else None,
    )


@router.get("")
async def list_servers(hub: HubDep) -> Items[Server]:
    """List the servers."""
    return Items(items=[server_of(hub, state) for state in hub.fleet.list()])


@router.post("", status_code=201)
async def add_server(hub: HubDep, new: NewServer, response: Response) -> Server:
    """Add a server. It is not started by this; `start` does.

    One of the kind `attached` is asked and connected to at once; when that fails it is not added.
    """
    if new.kind == "attached":
        if _edit(new).of_process:
            raise NotOurs("What it is started with cannot be given.")
        wanted = Attachment(address=new.address, username=new.username, password=new.password)
        state = await hub.fleet.attach(new.name, wanted, new.projects, autostart=new.autostart)
    else:
        state = await hub.fleet.add(new.name, new.projects, _edit(new), autostart=new.autostart)
    response.headers["location"] = state.id
    return server_of(hub, state)


@router.post("/bulk")
async def order_many(hub: HubDep, order: Bulk) -> Items[Outcome]:
    """Start, stop or restart several servers, in their order; answers when all are done.

    No more than the setting starts_at_once start at the same time. One that fails does not keep the others.
    """
    if order.action == "start":
        outcomes = await hub.fleet.start_many(order.ids)
    elif order.action == "stop":
        outcomes = await hub.fleet.stop_many(order.ids)
    else:
        outcomes = await hub.fleet.restart_many(order.ids, when=order.when)
    return Items(
        items=[
            Outcome(
                id=one.server_id,
                name=one.name,
                done=one.error is None,
                error="" if one.error is None else str(one.error),
                hint="" if one.error is None else one.error.hint,
                server=_if_there(hub, one.server_id),
            )
            for one in outcomes
        ]
    )


def _if_there(hub: Hub, server_id: str) -> Server | None:
    try:
        return server_of(hub, hub.fleet.get(server_id))
    except NotFound:
        return None


@router.get("/{server_id}")
async def get_server(hub: HubDep, server_id: str) -> Server:
    """Show one server."""
    return server_of(hub, hub.fleet.get(server_id))


@router.patch("/{server_id}")
async def edit_server(hub: HubDep, server_id: str, edit: ServerEdit) -> Server:
    """Change a server. What it is started with applies after its next start, and `changed` says so until then."""
    return server_of(hub, await hub.fleet.edit(server_id, _edit(edit)))


@router.post("/{server_id}/duplicate", status_code=201)
async def duplicate_server(hub: HubDep, server_id: str, copy: Copy, response: Response) -> Server:
    """Add a server like this one, secrets too. It is not started, and not with the hub either."""
    state = await hub.fleet.duplicate(server_id, copy.name)
    response.headers["location"] = f"../{state.id}"
    return server_of(hub, state)


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
async def restart_server(hub: HubDep, server_id: str, restart: Restart | None = None) -> Server:
    """Stop a server and start it again; when that waits for an agent, `planned` says so."""
    await hub.fleet.restart(server_id, when=restart.when if restart else "now")
    return server_of(hub, hub.fleet.get(server_id))


@router.post("/{server_id}/keep-running")
async def keep_running(hub: HubDep, server_id: str) -> Server:
    """Take back a restart that waits for the server to be idle."""
    hub.fleet.keep_running(server_id)
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


@router.post("/{server_id}/projects/remove")
async def remove_project(hub: HubDep, server_id: str, project: Project) -> Server:
    """Take a folder from a server. The folder and its sessions stay; an agent that works in it is not cut off: 409."""
    return server_of(hub, await hub.fleet.remove_project(server_id, project.folder))


@router.post("/{server_id}/projects/move")
async def move_project(hub: HubDep, server_id: str, move: Move) -> Server:
    """Give a folder to another server, and show that one."""
    return server_of(hub, await hub.fleet.move_project(server_id, move.folder, move.to))


@router.post("/{server_id}/projects/free")
async def free_project(hub: HubDep, server_id: str, project: Project) -> Server:
    """Let a server close an idle folder, which frees its memory; it is opened again when it is next used."""
    return server_of(hub, await hub.fleet.free_project(server_id, project.folder))
