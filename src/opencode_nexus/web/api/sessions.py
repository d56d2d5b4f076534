# SPDX-License-Identifier: MIT
"""/servers/{id}/sessions: conversations with agents."""

from collections.abc import Container

from fastapi import APIRouter, Response

from opencode_nexus.chat.sessions import SessionSummary
from opencode_nexus.web.api.deps import Before, HubDep, Limit
from opencode_nexus.web.api.messages import error_of
from opencode_nexus.web.api.models.session import NewSession, Session, Sessions, SessionTitle, Unlisted

router = APIRouter(prefix="/servers/{server_id}/sessions", tags=["sessions"])


def session_of(summary: SessionSummary, pinned: Container[str] = ()) -> Session:
    """Return a session as the API tells it; `pinned` are the ids of those that are."""
    return Session(
        id=summary.id,
        title=summary.title,
        project=summary.directory,
        parent_id=summary.parent_id,
        created=summary.created,
        updated=summary.updated,
        status=summary.status,
        waiting=summary.waiting,
        error=error_of(summary.error),
        archived=summary.archived,
        pinned=summary.id in pinned,
    )


@router.get("")
async def list_sessions(hub: HubDep, server_id: str, limit: Limit = 100, before: Before = None) -> Sessions:
    """List the sessions of all projects of a server, the one used last first."""
    hub.fleet.get(server_id)
    sessions, older = await hub.chat.session_page(server_id, limit, before)
    return Sessions(
        items=[session_of(one, hub.actions.marked.pinned) for one in sessions],
        next=older,
        unlisted=[Unlisted(project=folder, reason=why) for folder, why in hub.chat.unlisted(server_id).items()],
    )


@router.post("", status_code=201)
async def create_session(hub: HubDep, server_id: str, new: NewSession, response: Response) -> Session:
    """Begin a session."""
    hub.fleet.get(server_id)
    session_id = await hub.chat.create(server_id, new.title, new.project)
    response.headers["location"] = session_id
    return session_of(await hub.chat.session(server_id, session_id))


@router.get("/{session_id}")
async def get_session(hub: HubDep, server_id: str, session_id: str) -> Session:
    """Show one session."""
    hub.fleet.get(server_id)
    hub.actions.present(server_id, session_id)
    return session_of(await hub.chat.session(server_id, session_id), hub.actions.marked.pinned)


@router.patch("/{session_id}")
async def rename_session(hub: HubDep, server_id: str, session_id: str, new: SessionTitle) -> Session:
    """Give a session another title."""
    hub.fleet.get(server_id)
    await hub.chat.rename(server_id, session_id, new.title)
    return session_of(await hub.chat.session(server_id, session_id))


@router.delete("/{session_id}", status_code=204)
async def delete_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Stop a session and delete it; for ten minutes `deleted-sessions` can bring it back, then it is gone for good."""
    hub.fleet.get(server_id)
    await hub.actions.delete(server_id, session_id)
