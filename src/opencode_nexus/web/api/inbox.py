# SPDX-License-Identifier: MIT
"""/inbox: what needs a person, on all servers, answering it, and what was answered."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request

from opencode_nexus.chat.by import By
from opencode_nexus.chat.errors import CursorUnknown, NotWaiting
from opencode_nexus.chat.inbox.row import Ended, Row
from opencode_nexus.core.errors import BadRequest
from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.web.api.deps import Before, HubDep, Limit
from opencode_nexus.web.api.models import waiting as model
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.waiting import Answerer, Asked, InboxKind, Reply, Waiting
from opencode_nexus.web.by import by
from opencode_nexus.web.context import Hub

router = APIRouter(tags=["inbox"])

T = TypeVar("T")
Kind = Annotated[InboxKind | None, Query(description="Leave out all others.")]


class ReplyUnfit(BadRequest):
    """The reply does not fit what waits."""

    code = "reply-unfit"
    title = "That reply does not fit what waits."
    hint = "A permission takes `reply`: once, always or reject. A question takes `answers`, or `reply`: reject."


def answerer_of(who: By) -> Answerer:
    """Return who did something as the API tells it."""
    return Answerer(name=who.name, device=who.device, source=who.source)


def waiting_of(hub: Hub, row: Row) -> Waiting:
    """Return a row as the API tells it."""
    told = Waiting(
        id=row.id,
        kind=row.kind,
        server_id=row.server_id,
        session_id=row.session_id,
        root_id=row.root_id,
        title=row.title,
        detail=row.detail,
        at=row.at,
        directory=row.directory,
        path=list(row.path),
        certainty=hub.inbox_desk.certainty(row),
    )
    asked = row.request
    if isinstance(asked, Permission):
        told.permission, told.metadata = asked.permission, asked.metadata
        told.patterns, told.always = list(asked.patterns), list(asked.always)
    elif isinstance(asked, Question):
        told.questions = [Asked.model_validate(question) for question in asked.questions]
    return told


def _ended_of(one: Ended) -> model.Ended:
    row = one.row
    return model.Ended(
        id=row.id,
        kind=row.kind,
        server_id=row.server_id,
        session_id=row.session_id,
        root_id=row.root_id,
        title=row.title,
        detail=row.detail,
        at=row.at,
        ended=one.at,
        how=one.how,
        words=one.words,
        said=one.said,
        by=answerer_of(one.by) if one.by else None,
    )


def _page(found: list[tuple[str, T]], limit: int, before: str | None) -> tuple[list[T], str | None]:
    """Cut one page out of a list that is short enough to be had whole; a cursor is the last one's id."""
    ids = [row_id for row_id, _ in found]
    if before is not None and before not in ids:
        raise CursorUnknown(f"Asked for: {before[:80]!r}. What it named may have been answered meanwhile.")
    start = 0 if before is None else ids.index(before) + 1
    shown = found[start : start + limit]
    return [item for _, item in shown], shown[-1][0] if start + limit < len(found) else None


@router.get("/inbox")
async def list_inbox(hub: HubDep, kind: Kind = None, limit: Limit = 200, before: Before = None) -> Items[Waiting]:
    """List what needs a person, on all servers: what waits, alerts, what failed or was stopped, what is finished."""
    rows = [(row.id, row) for row in hub.inbox_desk.rows() if kind in (None, row.kind)]
    shown, cursor = _page(rows, limit, before)
    return Items(items=[waiting_of(hub, row) for row in shown], next=cursor)


@router.get("/inbox/history")
async def list_inbox_history(hub: HubDep, limit: Limit = 50, before: Before = None) -> Items[model.Ended]:
    """List the last 200 that were answered or ended, the newest first."""
    shown, cursor = _page([(one.row.id, one) for one in hub.inbox_desk.ended()], limit, before)
    return Items(items=[_ended_of(one) for one in shown], next=cursor)


@router.get("/servers/{server_id}/waiting")
async def list_waiting(hub: HubDep, server_id: str) -> Items[Waiting]:
    """List what waits for a person on one server."""
    hub.fleet.get(server_id)
    rows = [row for row in hub.inbox_desk.rows() if row.waits and row.server_id == server_id]
    return Items(items=[waiting_of(hub, row) for row in rows])


@router.post("/inbox/{request_id}/reply", status_code=204)
async def reply_inbox(hub: HubDep, request: Request, request_id: str, reply: Reply) -> None:
    """Answer a permission or a question."""
    desk, row = hub.inbox_desk, hub.inbox_desk.get(request_id)
    kind = row.kind if row is not None else "question" if request_id.startswith("que") else "permission"
    if row is not None and not row.waits:
        raise NotWaiting("It is an alert, or a turn that is over.")
    rejected = reply.reply == "reject"
    if kind == "permission":
        if reply.reply is None or reply.answers is not None:
            raise ReplyUnfit("It is a permission.")
        await desk.answer_permission(request_id, reply.reply, reply.message, by(request))
    else:
        if rejected == (reply.answers is not None) or reply.reply in ("once", "always"):
            raise ReplyUnfit("It is a question.")
        asked = row.request.questions if row is not None and isinstance(row.request, Question) else ()
        if reply.answers is not None and asked and (len(reply.answers) != len(asked) or not any(reply.answers)):
            raise ReplyUnfit(f"It has {len(asked)} parts, each with a list of answers, of which one at least has one.")
        for number, (question, said) in enumerate(zip(asked, reply.answers or (), strict=False), 1):
            if len(said) > 1 and not question.get("multiple"):
                raise ReplyUnfit(f"Part {number} takes one answer.")
        await desk.answer_question(request_id, reply.answers, by(request))


@router.post("/inbox/{row_id}/dismiss", status_code=204)
async def dismiss_inbox(hub: HubDep, request: Request, row_id: str) -> None:
    """Put away an alert, or a turn that failed, was stopped by a budget, or finished."""
    await hub.inbox_desk.dismiss(row_id, by(request))
