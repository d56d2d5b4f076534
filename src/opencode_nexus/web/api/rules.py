# SPDX-License-Identifier: MIT
"""What is allowed without asking: the rules that "always" makes, and the chats that are allowed all for a time."""

from fastapi import APIRouter, Request

from opencode_nexus.chat.by import By
from opencode_nexus.chat.inbox.accepting import Accepted
from opencode_nexus.chat.inbox.rules import Rule as Kept
from opencode_nexus.opencode.patterns import words
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.inbox import answerer_of
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.waiting import AcceptFor, Accepting, Rule
from opencode_nexus.web.by import by

router = APIRouter(tags=["inbox"])


def _rule_of(rule: Kept) -> Rule:
    return Rule(
        id=rule.id,
        server_id=rule.server_id,
        directory=rule.directory,
        permission=rule.permission,
        pattern=rule.pattern,
        words=words(rule.permission, (rule.pattern,)),
        at=rule.at,
        by=answerer_of(By(rule.by_name, rule.by_device, rule.by_source)),
        used=rule.used,
        last_used=rule.last_used,
    )


def _accepting_of(row: Accepted | None) -> Accepting:
    if row is None:
        return Accepting(on=False)
    who = By(row.by_name, row.by_device, row.by_source)
    return Accepting(on=True, until=row.until, turn=row.turn, began=row.began, by=answerer_of(who))


@router.get("/inbox/rules")
async def list_rules(hub: HubDep) -> Items[Rule]:
    """List what is always allowed, the newest first."""
    return Items(items=[_rule_of(rule) for rule in hub.inbox_desk.rules.all()])


@router.delete("/inbox/rules/{rule_id}", status_code=204)
async def delete_rule(hub: HubDep, request: Request, rule_id: str) -> None:
    """Take a rule back: OpenCode asks again from now on."""
    await hub.inbox_desk.remove_rule(rule_id, by(request))


@router.get("/servers/{server_id}/sessions/{session_id}/accepting")
async def get_accepting(hub: HubDep, server_id: str, session_id: str) -> Accepting:
    """Tell whether a chat's permissions are given without asking."""
    await hub.chat.session(server_id, session_id)
    return _accepting_of(hub.inbox_desk.accepting.of(server_id, [session_id]))


@router.put("/servers/{server_id}/sessions/{session_id}/accepting")
async def put_accepting(hub: HubDep, request: Request, server_id: str, session_id: str, wanted: AcceptFor) -> Accepting:
    """Give every permission of a chat and its sub-agents from now on. Questions are not answered."""
    return _accepting_of(await hub.inbox_desk.accept(server_id, session_id, wanted.span, by(request)))


@router.delete("/servers/{server_id}/sessions/{session_id}/accepting", status_code=204)
async def delete_accepting(hub: HubDep, request: Request, server_id: str, session_id: str) -> None:
    """Ask again from now on."""
    await hub.inbox_desk.stop_accepting(server_id, session_id, by(request))
