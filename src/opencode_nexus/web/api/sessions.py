# SPDX-License-Identifier: MIT
"""/servers/{id}/sessions: conversations with agents."""

from fastapi import APIRouter, Response

from opencode_nexus.chat.sessions import SessionSummary
from opencode_nexus.web.api.deps import Before, HubDep, Limit
from opencode_nexus.web.api.messages import error_of
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.message import Aborted
from opencode_nexus.web.api.models.session import NewSession, Session, SessionTitle

router = APIRouter(prefix="/servers/{server_id}/sessions", tags=["sessions"])


def session_of(summary: SessionSummary) -> Session:
    """Return a session as the API tells it."""
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
    )


@router.get("")
async def list_sessions(hub: HubDep, server_id: str, limit: Limit = 100, before: Before = None) -> Items[Session]:
    """List the sessions of all projects of a server, the one used last first."""
    hub.fleet.get(server_id)
    sessions, older = await hub.chat.session_page(server_id, limit, before)
    return Items(items=[session_of(summary) for summary in sessions], next=older)


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
    return session_of(await hub.chat.session(server_id, session_id))


@router.patch("/{session_id}")
async def rename_session(hub: HubDep, server_id: str, session_id: str, new: SessionTitle) -> Session:
    """Give a session another title."""
    hub.fleet.get(server_id)
    await hub.chat.rename(server_id, session_id, new.title)
    return session_of(await hub.chat.session(server_id, session_id))


@router.delete("/{session_id}", status_code=204)
async def delete_session(hub: HubDep, server_id: str, session_id: str) -> None:
    """Delete a session and all that was said in it."""
    hub.fleet.get(server_id)
    await hub.chat.delete(server_id, session_id)


@router.post("/{session_id}/abort")
async def abort_session(hub: HubDep, server_id: str, session_id: str) -> Aborted:
    """Stop what the agent does in a session now."""
    hub.fleet.get(server_id)
    result = await hub.chat.abort(server_id, session_id)
    return Aborted(aborted=result.stopped)
