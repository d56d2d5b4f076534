# SPDX-License-Identifier: MIT
"""/servers/{id}/resources: what a server takes, and the cleaning of what its OpenCode keeps."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from opencode_nexus.observe.cleaning import Item
from opencode_nexus.observe.history import MACHINE, What
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.resources import (
    Cleaned,
    Cleaning,
    DiskItem,
    DiskPart,
    DiskUse,
    Measured,
    ProcessUsage,
    Resources,
)
from opencode_nexus.web.api.models.server import ServerLimits
from opencode_nexus.web.context import Hub

router = APIRouter(tags=["resources"])

Kind = Annotated[What, Query(description="Which figure; `files` and `processes` are not kept of the machine.")]
Seconds = Annotated[
    float, Query(gt=0, le=31 * 86_400, description="How far back; the figures of 10 minutes are the finest.")
]


@router.get("/servers/{server_id}/resources")
async def get_resources(hub: HubDep, server_id: str) -> Resources:
    """Show what a server's process tree takes; nothing is known of one that runs elsewhere."""
    server = hub.fleet.get(server_id)
    used = hub.usage.of(server_id)
    return Resources(
        server_id=server_id,
        cpu=used.cpu if used else None,
        memory=used.memory if used else None,
        own=used.own if used else None,
        files=used.files if used else None,
        processes=used.processes if used else None,
        disk=hub.disk.bytes(server_id) if server.kind == "local" else None,
        members=[
            ProcessUsage(
                pid=one.pid, parent=one.parent, depth=one.depth, kind=one.kind, command=one.command, cpu=one.cpu,
                memory=one.memory, files=one.files,
            )
            for one in (used.members if used else ())
        ],
        limits=ServerLimits(**asdict(server.limits)),
        guard=hub.guard.words(server_id),
        way=hub.guard.way,
    )  # fmt: skip


@router.get("/servers/{server_id}/resources/history")
async def get_history(hub: HubDep, server_id: str, what: Kind, seconds: Seconds = 600) -> Items[Measured]:
    """Show a figure over time, oldest first: as sampled, by the minute from 10 minutes on, by 15 minutes from a day."""
    hub.fleet.get(server_id)
    return _history(hub, server_id, what, seconds)


@router.get("/machine/resources/history")
async def get_machine_history(hub: HubDep, what: Kind, seconds: Seconds = 600) -> Items[Measured]:
    """Show a figure of the whole machine over time; `cpu` is in percent of all its cores."""
    return _history(hub, MACHINE, what, seconds)


@router.get("/servers/{server_id}/resources/disk")
async def get_disk(hub: HubDep, server_id: str) -> DiskUse:
    """Measure what a server's OpenCode keeps, and list what of it may be deleted."""
    hub.fleet.get(server_id)
    use, items = await hub.disk.look(server_id), await hub.disk.offered(server_id)
    return DiskUse(
        server_id=server_id,
        data=str(use.folders.data),
        cache=str(use.folders.cache),
        at=use.at,
        total=use.total,
        parts=[DiskPart(kind=kind, bytes=part.bytes, files=part.files) for kind, part in use.parts.items()],
        items=[_item(item) for item in items],
        users=hub.disk.users(server_id),
        sharing=hub.disk.sharing(server_id),
    )


@router.post("/servers/{server_id}/resources/disk/clean")
async def clean_disk(hub: HubDep, server_id: str, chosen: Cleaning) -> Cleaned:
    """Delete what is named; refused while an OpenCode runs on it. No conversation is deleted."""
    hub.fleet.get(server_id)
    gone = await hub.disk.clean(server_id, chosen.items)
    return Cleaned(bytes=sum(item.bytes for item in gone), items=[_item(item) for item in gone])


def _history(hub: Hub, subject: str, what: What, seconds: float) -> Items[Measured]:
    now = hub.clock.now()
    found = hub.history.of(subject, what, now - seconds, now + 1)
    return Items(items=[Measured(at=at, value=value) for at, value in found])


def _item(item: Item) -> DiskItem:
    return DiskItem(
        id=item.id, kind=item.kind, title=item.title, path=str(item.path), bytes=item.bytes, files=item.files,
        loses=item.loses,
    )  # fmt: skip
