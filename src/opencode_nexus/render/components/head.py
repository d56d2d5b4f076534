# SPDX-License-Identifier: MIT
"""The head of a conversation: its title and folder, what is known of it, and what can be done with it."""

from dataclasses import dataclass

from markupsafe import Markup

from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What the hub knows of a session beside OpenCode's own state.

    `accepting_until`: epoch seconds until which its permissions are given without asking; None: not so.
    `tokens` fill `limit` of the model's context; `cost` is in US dollars; None: not known. `budget`: a sentence when a
    budget is nearly or wholly used up.
    """

    pinned: bool = False
    archived: bool = False
    accepting_until: float | None = None
    tokens: int | None = None
    limit: int | None = None
    cost: float | None = None
    budget: str = ""


def head(state: SessionState, facts: HeadFacts, links: Links) -> Markup:
    """Return the head as HTML."""
    title = state.title or "New chat"
    folder = state.directory
    return Markup(
        '<header class="chat-head"><button class="btn icon quiet list-button" type="button" '
        'popovertarget="chats" aria-label="Chats">{}</button><h1 class="clip" tabindex="-1">{}</h1>'
        '<span class="muted small clip grow" title="{}">{}</span>'
        '<a class="btn quiet" href="{}" data-nav>{}<span>Rename or delete</span></a></header>'
    ).format(icon("menu"), title, folder, folder.rstrip("/").rpartition("/")[2], links.edit, icon("pen"))
