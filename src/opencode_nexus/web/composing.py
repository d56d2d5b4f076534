# SPDX-License-Identifier: MIT
"""What a page's composer begins with: the draft and its files, and what answers."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from opencode_nexus.chat.composing.attachments import PICTURES, size_words
from opencode_nexus.chat.models import ModelChoice
from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.chat_choices import Choices
from opencode_nexus.web.context import Hub
from opencode_nexus.web.ports import KeptFile


def new_key() -> str:
    """Return a key for one submit of a form."""
    return secrets.token_urlsafe(15)


def user_of(request: Request) -> str:
    """Return whose drafts these are."""
    return str(request.state.who.user_id)


def chip(row: KeptFile, links: Links) -> dict[str, str]:
    """Return a file of a draft as the page shows it."""
    address = f"{links.session}/attached/{row.id}"
    shown = address if row.mime in PICTURES else ""
    size = size_words(row.size)
    return {"id": row.id, "name": row.name, "size": size, "picture": shown, "remove": f"{address}/remove"}


def composing(
    request: Request, links: Links, state: SessionState, offered: Choices, text: str, typed: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of the composer's template; `text` and `typed` are what could not be sent, "" and {} else."""
    hub: Hub = request.state.hub
    user, folder = user_of(request), state.directory
    picked = hub.composer.picked
    here, project, last = picked.session(user, links.session_id), picked.project(user, folder), picked.last(user)
    draft = hub.composer.drafts.get(user, links.session_id)
    model, agent = _last_used(state)
    known = {choice.id: choice for choice in offered.models}
    wanted = (typed.get("model"), here.model, model, project.model, offered.default, last.model)
    # nobody's words go to a third party because its models are the only ones there: that is chosen by hand
    unasked = next((choice.id for choice in offered.models if not choice.keyless), "")
    chosen = next((name for name in wanted if name in known), unasked) or ""
    variants = known[chosen].variants if chosen else ()
    variant = next((pick.variant for pick in (here, project, last) if pick.model == chosen), "")
    variant = typed.get("variant", variant)
    names = {choice.name for choice in offered.agents}
    return {
        "groups": _groups(offered.models),
        "model": chosen,
        "variants": variants,
        "variant": variant if variant in variants else "",
        "agents": offered.agents,
        "agent": next((name for name in (typed.get("agent"), here.agent, agent) if name in names), "build"),
        "practice": any(choice.practice for choice in offered.models),
        "keyless": next((choice for choice in offered.models if choice.keyless), None),
        "text": text or draft.text,
        "draft_version": draft.version,
        "key": new_key(),
        "chips": [chip(row, links) for row in hub.composer.attachments.of_draft(user, links.session_id)],
    }


def _groups(models: Sequence[ModelChoice]) -> dict[str, list[ModelChoice]]:
    """Return the models by the name of their provider."""
    groups: dict[str, list[ModelChoice]] = {}
    for choice in models:
        groups.setdefault(choice.provider_name, []).append(choice)
    return groups


def _last_used(state: SessionState) -> tuple[str, str]:
    """Return the (model, agent) of the newest message that names them, empty for none."""
    for message in reversed(state.messages.values()):
        model = message.info.get("model")
        found = model if isinstance(model, dict) else message.info
        if found.get("providerID") and found.get("modelID"):
            return f"{found['providerID']}/{found['modelID']}", str(message.info.get("agent") or "")
    return "", ""
