# SPDX-License-Identifier: MIT
"""/servers/{id}/sessions/{id}/…: what is done with a session as a whole, and sessions as files."""

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from opencode_nexus.chat.composing.continuing import go_on
from opencode_nexus.chat.undoing import Spoken, Undoing
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.session import Session
from opencode_nexus.web.api.models.session_actions import (
    Brief,
    CompactWith,
    Deleted,
    ExportFormat,
    Family,
    FileChange,
    ForkAt,
    FromMessage,
    Imported,
    Interrupted,
    Stopped,
    StoppedCommand,
    Undone,
)
from opencode_nexus.web.api.sessions import session_of
from opencode_nexus.web.pages.chat_exchange import exported

router = APIRouter(prefix="/servers/{server_id}", tags=["sessions"])
_ONE = "/sessions/{session_id}"


def _brief(one: Spoken) -> Brief:
    return Brief(id=one.id, role=one.role, at=one.at, words=one.words)


def _undone(what: Undoing) -> Undone:
    files = [
        FileChange(path=one.path, additions=one.additions, deletions=one.deletions, status=one.status)
        for one in what.files
    ]
    messages = [_brief(one) for one in what.messages]
    return Undone(message_id=what.message_id, messages=messages, files=files, snapshots=what.snapshots)


@router.get(_ONE + "/revert")
async def preview_revert(hub: HubDep, server_id: str, session_id: str, message_id: str) -> Undone:
    """Tell what undoing a message and all after it would change, without doing it."""
    return _undone(await hub.actions.undoing(server_id, session_id, message_id))


@router.post(_ONE + "/revert")
async def revert_session(hub: HubDep, server_id: str, session_id: str, start: FromMessage) -> Undone:
    """Undo a message and all after it, and put files back; 409 while the session runs."""
    return _undone(await hub.actions.revert(server_id, session_id, start.message_id))


@router.post(_ONE + "/restore", status_code=204)
async def restore_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Bring back what was undone; 409 when nothing is."""
    await hub.actions.restore(server_id, session_id)


@router.post(_ONE + "/fork", status_code=201)
async def fork_session(hub: HubDep, server_id: str, session_id: str, at: ForkAt, response: Response) -> Session:
    """Copy a session, all of it or up to a message."""
    made = await hub.actions.fork(server_id, session_id, at.message_id, included=at.included)
    response.headers["location"] = f"../{made.id}"
    return session_of(made)


@router.post(_ONE + "/compact", status_code=202)
async def compact_session(hub: HubDep, server_id: str, session_id: str, how: CompactWith) -> None:
    """Begin to sum a session up, so that the agent goes on from the summary."""
    await hub.actions.compact(server_id, session_id, how.model)


@router.post(_ONE + "/continue", status_code=202)
async def continue_session(hub: HubDep, who: WhoDep, server_id: str, session_id: str) -> None:
    """Go on with a session whose turn was cut off: its agent is told “Continue where you left off.”, once."""
    hub.fleet.get(server_id)
    await go_on(hub.chat, hub.composer, who.user_id, server_id, session_id)


@router.get("/interrupted")
async def list_interrupted(hub: HubDep, server_id: str) -> Items[Interrupted]:
    """List the sessions of a server that were cut off, when it was stopped or ended by itself, oldest first."""
    hub.fleet.get(server_id)
    return Items(
        items=[
            Interrupted(session_id=row.session_id, title=row.title, at=row.at, reason=row.detail)
            for row in hub.turns.interrupted(server_id)
        ]
    )


@router.post(_ONE + "/abort")
async def abort_session(hub: HubDep, server_id: str, session_id: str) -> Stopped:
    """Stop what the agent and its sub-agents do in a session now, and tell what that did."""
    hub.fleet.get(server_id)
    stopped = await hub.actions.stop(server_id, session_id)
    return Stopped(
        aborted=stopped.result.stopped,
        sessions=list(stopped.result.sessions),
        withdrawn=stopped.result.withdrawn,
        commands=[
            StoppedCommand(command=one.command, ended=one.ended, pids=list(one.pids)) for one in stopped.commands
        ],
        words=stopped.words,
    )


@router.put(_ONE + "/pin", status_code=204)
async def pin_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Let a session stand first in the list."""
    await hub.actions.pin(server_id, session_id, pinned=True)


@router.delete(_ONE + "/pin", status_code=204)
async def unpin_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Let it stand where its last use puts it."""
    await hub.actions.pin(server_id, session_id, pinned=False)


@router.put(_ONE + "/archive", status_code=204)
async def archive_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Take a session out of the pages' lists; `sessions` tells it still, with `archived`."""
    await hub.actions.archive(server_id, session_id, archived=True)


@router.delete(_ONE + "/archive", status_code=204)
async def unarchive_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Bring a session back into the lists."""
    await hub.actions.archive(server_id, session_id, archived=False)


@router.get("/deleted-sessions")
async def list_deleted_sessions(hub: HubDep, server_id: str) -> Items[Deleted]:
    """List the sessions that were deleted and can be brought back, the last one first."""
    hub.fleet.get(server_id)
    found = [
        Deleted(id=one.session_id, title=one.title, deleted=one.deleted, due=one.due)
        for one in hub.actions.trash.of(server_id)
    ]
    return Items(items=found, next=None)


@router.post("/deleted-sessions/{session_id}/restore", status_code=204)
async def undelete_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Take a deletion back."""
    await hub.actions.undelete(server_id, session_id)


@router.get(_ONE + "/family")
async def session_family(hub: HubDep, server_id: str, session_id: str) -> Family:
    """Tell whom a session works for, who else does, and its sub-agents."""
    family = await hub.actions.family(server_id, session_id)
    return Family(
        parent=session_of(family.parent) if family.parent is not None else None,
        siblings=[session_of(one) for one in family.siblings],
        children=[session_of(one) for one in family.children],
    )


@router.get(_ONE + "/export", response_class=Response)
async def export_session(
    hub: HubDep, server_id: str, session_id: str, kind: Annotated[ExportFormat, Query(alias="format")] = "json"
) -> Response:
    """Get a session as a file: JSON for `opencode import`, or Markdown to be read."""
    return await exported(hub, server_id, session_id, kind)


@router.post(
    "/sessions/import",
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def import_session(
    request: Request,
    hub: HubDep,
    server_id: str,
    project: Annotated[str | None, Query(description="One of the server's folders; left out: its first.")] = None,
) -> Imported:
    """Bring in a file of `opencode export`, at most 200 MB, as the body; 409 when its session is here already."""
    hub.fleet.get(server_id)
    with tempfile.NamedTemporaryFile(prefix="nexus-import-") as kept:
        async for piece in request.stream():
            kept.write(piece)
        kept.flush()
        made = await hub.exchange.bring_in(server_id, Path(kept.name), project)
    return Imported(id=made.session_id, title=made.title, messages=made.messages, came=made.came)
