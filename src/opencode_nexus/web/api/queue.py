# SPDX-License-Identifier: MIT
"""/servers/{id}/sessions/{sid}/queue, /unsent, /files: what waits to be sent, what was not taken, what goes along."""

import tempfile
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from opencode_nexus.chat.errors import MessageEmpty
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.queue import AttachedFile, Queued, QueuedText
from opencode_nexus.web.ports import KeptFile

router = APIRouter(prefix="/servers/{server_id}/sessions/{session_id}", tags=["messages"])

FileName = Annotated[str, Query(min_length=1, max_length=255, description="Its name.")]


@router.get("/queue")
async def list_queue(hub: HubDep, server_id: str, session_id: str) -> Items[Queued]:
    """List the messages that wait until the agent is done, in their order."""
    await hub.chat.session(server_id, session_id)
    return Items(
        items=[
            Queued(
                id=one.id,
                text=one.text,
                model=one.model,
                agent=one.agent,
                variant=one.variant,
                files=list(one.files),
                at=one.at,
                held=one.held,
            )
            for one in hub.composer.queue.of(session_id)
        ]
    )


@router.post("/queue/{message_id}/send", status_code=204)
async def send_queued(hub: HubDep, server_id: str, session_id: str, message_id: str) -> None:
    """Send a message that waits at once, before all others; the rest is held no longer."""
    hub.fleet.get(server_id)
    await hub.composer.queue.send_now(session_id, message_id)


@router.patch("/queue/{message_id}", status_code=204)
async def change_queued(hub: HubDep, server_id: str, session_id: str, message_id: str, new: QueuedText) -> None:
    """Give a message that waits another text."""
    hub.fleet.get(server_id)
    if not new.text.strip():
        raise MessageEmpty()
    await hub.composer.queue.change(session_id, message_id, new.text)


@router.delete("/queue/{message_id}", status_code=204)
async def drop_queued(hub: HubDep, server_id: str, session_id: str, message_id: str) -> None:
    """Take a message that waits out of the queue."""
    hub.fleet.get(server_id)
    hub.composer.queue.drop(session_id, message_id)


@router.post("/unsent/{message_id}/send", status_code=204)
async def send_again(hub: HubDep, server_id: str, session_id: str, message_id: str) -> None:
    """Send once more what OpenCode did not take: a message with the error `NotTaken`."""
    hub.fleet.get(server_id)
    await hub.chat.send_again(server_id, session_id, message_id)


@router.delete("/unsent/{message_id}", status_code=204)
async def drop_unsent(hub: HubDep, server_id: str, session_id: str, message_id: str) -> None:
    """Forget what OpenCode did not take."""
    hub.fleet.get(server_id)
    hub.chat.outbox.drop(session_id, message_id)


@router.get("/files")
async def list_files(hub: HubDep, who: WhoDep, server_id: str, session_id: str) -> Items[AttachedFile]:
    """List the files that you brought for the next message."""
    hub.fleet.get(server_id)
    return Items(items=[_file(row) for row in hub.composer.attachments.of_draft(who.user_id, session_id)])


@router.post(
    "/files",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def add_file(
    request: Request, hub: HubDep, who: WhoDep, server_id: str, session_id: str, name: FileName, response: Response
) -> AttachedFile:
    """Bring a file as the body: a picture, a PDF or text, at most 10 MB."""
    await hub.chat.session(server_id, session_id)
    with tempfile.TemporaryFile(prefix="nexus-file-") as kept:
        async for piece in request.stream():
            kept.write(piece)
        kept.seek(0)
        row = await hub.composer.attachments.add(who.user_id, session_id, name, kept)
    response.headers["location"] = row.id
    return _file(row)


@router.delete("/files/{file_id}", status_code=204)
async def remove_file(hub: HubDep, who: WhoDep, server_id: str, session_id: str, file_id: str) -> None:
    """Take a file away again. One that is not there is no error."""
    hub.fleet.get(server_id)
    await hub.composer.attachments.remove(who.user_id, session_id, file_id)


def _file(row: KeptFile) -> AttachedFile:
    return AttachedFile(id=row.id, name=row.name, mime=row.mime, size=row.size)
