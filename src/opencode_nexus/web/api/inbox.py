# SPDX-License-Identifier: MIT
"""/inbox: what waits for a person, on all servers, and answering it."""

from fastapi import APIRouter

from opencode_nexus.chat import inbox
from opencode_nexus.chat.errors import NotWaiting
from opencode_nexus.core.errors import BadRequest
from opencode_nexus.opencode.state import Permission
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.waiting import Asked, Reply, Waiting

router = APIRouter(tags=["inbox"])


class ReplyUnfit(BadRequest):
    """The reply does not fit what waits."""

    code = "reply-unfit"
    title = "That reply does not fit what waits."
    hint = "A permission takes `reply`: once, always or reject. A question takes `answers`, or `reply`: reject."


def waiting_of(waiting: inbox.Waiting) -> Waiting:
    """Return what waits as the API tells it."""
    told = Waiting(
        id=waiting.id,
        kind=waiting.kind,
        server_id=waiting.server_id,
        session_id=waiting.session_id,
        root_id=waiting.root_id,
        title=waiting.title,
        detail=waiting.detail,
        at=waiting.at,
    )
    asked = waiting.request
    if isinstance(asked, Permission):
        told.permission = asked.permission
        told.patterns, told.always = list(asked.patterns), list(asked.always)
    else:
        told.questions = [Asked.model_validate(question) for question in asked.questions]
    return told


@router.get("/inbox")
async def list_inbox(hub: HubDep) -> Items[Waiting]:
    """List what waits for a person, on all servers."""
    return Items(items=[waiting_of(waiting) for waiting in hub.chat.waiting()])


@router.get("/servers/{server_id}/waiting")
async def list_waiting(hub: HubDep, server_id: str) -> Items[Waiting]:
    """List what waits for a person on one server."""
    hub.fleet.get(server_id)
    return Items(items=[waiting_of(waiting) for waiting in hub.chat.waiting(server_id)])


@router.post("/inbox/{request_id}/reply", status_code=204)
async def reply_inbox(hub: HubDep, request_id: str, reply: Reply) -> None:
    """Answer a permission or a question."""
    waiting = next((found for found in hub.chat.waiting() if found.id == request_id), None)
    if waiting is None:
        raise NotWaiting(f"It was asked for as {request_id!r}.")
    if waiting.kind == "permission":
        if reply.reply is None or reply.answers is not None:
            raise ReplyUnfit("It is a permission.")
        await hub.chat.reply_permission(waiting.server_id, request_id, reply.reply, reply.message)
    else:
        rejected = reply.reply == "reject"
        if rejected == (reply.answers is not None) or reply.reply in ("once", "always"):
            raise ReplyUnfit("It is a question.")
        await hub.chat.reply_question(waiting.server_id, request_id, reply.answers)
