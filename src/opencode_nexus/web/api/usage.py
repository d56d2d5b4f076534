# SPDX-License-Identifier: MIT
"""/usage and /budgets: what agents take, and how much they may."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from opencode_nexus.chat.errors import CursorUnknown
from opencode_nexus.chat.sessions import checked_id
from opencode_nexus.chat.usage.budgets import State
from opencode_nexus.chat.usage.usage import cost_of
from opencode_nexus.web import ports
from opencode_nexus.web.api.deps import Before, HubDep, Limit
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.usage import (
    Budget,
    Budgets,
    Context,
    Limits,
    SessionUsage,
    Used,
    UsedAnswer,
    UsedBy,
)

router = APIRouter(tags=["usage"])

By = Annotated[Literal["day", "model", "project", "session"], Query(description="What to add up by.")]
First = Annotated[date | None, Query(alias="from", description="The first day, YYYY-MM-DD; left out: the very first.")]
Last = Annotated[date | None, Query(alias="to", description="The last day, YYYY-MM-DD; left out: today.")]


@router.get("/usage")
async def list_usage(
    hub: HubDep, by: By, first: First = None, last: Last = None, limit: Limit = 100, before: Before = None
) -> Items[UsedBy]:
    """Add up what agents took in some days: days newest first, all others with the most cost and tokens first."""
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise CursorUnknown(f"Asked for: {before[:80]!r}.")
    skip = int(before or 0)
    days = (first.isoformat() if first else "0000-00-00", last.isoformat() if last else hub.token_usage.today)
    found = await hub.token_usage.reports.groups(by, *days, limit + 1, skip)
    more = str(skip + limit) if len(found) > limit else None
    return Items(items=[_by(group, by == "session") for group in found[:limit]], next=more)


@router.get("/servers/{server_id}/sessions/{session_id}/usage")
async def get_session_usage(
    hub: HubDep, server_id: str, session_id: str, limit: Limit = 100, before: Before = None
) -> SessionUsage:
    """Show what a session took, and its answers; `before` pages through these."""
    usage = hub.token_usage
    await _check(hub, server_id, session_id)
    root_id = usage.root(server_id, session_id)
    answers = await usage.reports.answers(session_id, limit + 1, before or "")
    fill = usage.fill(session_id)
    return SessionUsage(
        session_id=session_id,
        root_id=root_id,
        used=_used(usage.spent(session_id)),
        context=Context(tokens=fill.tokens, limit=fill.limit, model=fill.model or None),
        models=[_by(group) for group in await usage.reports.models(session_id)],
        sub_agents=[_by(one, True) for one in await usage.reports.sessions(session_id) if one.key != session_id],
        budget=_budget(hub.budgets.of_chat(root_id)),
        answers=Items(
            items=[_answer(answer) for answer in answers[:limit]],
            next=answers[limit - 1].id if len(answers) > limit else None,
        ),
    )


@router.get("/budgets")
async def get_budgets(hub: HubDep) -> Budgets:
    """Show the common budgets."""
    day, chat = hub.budgets.common("day"), hub.budgets.common("chat")
    return Budgets(day=Limits(usd=day.usd, tokens=day.tokens), chat=Limits(usd=chat.usd, tokens=chat.tokens))


@router.put("/budgets")
async def set_budgets(hub: HubDep, new: Budgets) -> Budgets:
    """Set the common budgets; at 80 % of one a chat says so, at 100 % it is stopped."""
    await hub.budgets.set_common("day", new.day.usd, new.day.tokens)
    await hub.budgets.set_common("chat", new.chat.usd, new.chat.tokens)
    return await get_budgets(hub)


@router.get("/servers/{server_id}/sessions/{session_id}/budget")
async def get_session_budget(hub: HubDep, server_id: str, session_id: str) -> Budget:
    """Show the budget of a chat; a sub-agent's session has that of the chat which it works for."""
    await _check(hub, server_id, session_id)
    return _budget(hub.budgets.of_chat(hub.token_usage.root(server_id, session_id)))


@router.put("/servers/{server_id}/sessions/{session_id}/budget")
async def set_session_budget(hub: HubDep, server_id: str, session_id: str, new: Limits) -> Budget:
    """Give a chat a budget of its own; without limits it has none, whatever the common one is."""
    await _check(hub, server_id, session_id)
    await hub.budgets.set_own(server_id, session_id, new.usd, new.tokens)
    return await get_session_budget(hub, server_id, session_id)


@router.delete("/servers/{server_id}/sessions/{session_id}/budget", status_code=204)
async def clear_session_budget(hub: HubDep, server_id: str, session_id: str) -> None:
    """Let the common budget hold for a chat again."""
    await _check(hub, server_id, session_id)
    await hub.budgets.clear_own(server_id, session_id)


async def _check(hub: HubDep, server_id: str, session_id: str) -> None:
    """Raise what is said of a server or a session that is not there; what is kept of one needs no running server.

    All servers share what OpenCode keeps, so a session may have been counted at another one.
    """
    hub.fleet.get(server_id)
    kept = hub.token_usage.reports.session(checked_id(session_id))
    if kept is None:
        await hub.chat.session(server_id, session_id)


def _used(sums: ports.UsedSums) -> Used:
    return Used(
        answers=sums.answers,
        input=sums.input,
        output=sums.output,
        reasoning=sums.reasoning,
        cache_read=sums.cache_read,
        cache_write=sums.cache_write,
        tokens=sums.tokens,
        cost=cost_of(sums),
        unpriced=sums.unpriced,
    )


def _by(group: ports.UsedGroup, chat: bool = False) -> UsedBy:
    server_id, title = (group.server_id, group.title or None) if chat else (None, None)
    return UsedBy(key=group.key, server_id=server_id, title=title, **_used(group.sums).model_dump())


def _budget(state: State) -> Budget:
    return Budget(usd=state.limits.usd, tokens=state.limits.tokens, own=state.own, state=state.what)


def _answer(answer: ports.UsedAnswer) -> UsedAnswer:
    return UsedAnswer(
        id=answer.id,
        session_id=answer.session_id,
        at=answer.created / 1000,
        model=f"{answer.provider}/{answer.model}",
        agent=answer.agent,
        input=answer.input,
        output=answer.output,
        reasoning=answer.reasoning,
        cache_read=answer.cache_read,
        cache_write=answer.cache_write,
        cost=answer.cost or None,
        copied=answer.copied,
        removed=answer.gone,
    )
