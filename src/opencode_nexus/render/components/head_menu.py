# SPDX-License-Identifier: MIT
"""The menu of a chat: a popover, whose links lead to plain pages."""

from typing import Protocol

from markupsafe import Markup

from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon

AGENTS = 6  # sub-agents that are listed in the menu; all of them have a page


class Known(Protocol):
    """What the menu needs of `head.HeadFacts`."""

    @property
    def pinned(self) -> bool: ...
    @property
    def archived(self) -> bool: ...
    @property
    def due(self) -> float | None: ...
    @property
    def accepting_until(self) -> float | None: ...
    @property
    def agents(self) -> tuple[tuple[str, str, bool], ...]: ...


def menu(state: SessionState, facts: Known, links: Links) -> Markup:
    """Return the popover with the id `chat-menu`."""
    here = links.session
    pin = ("unpin", "Unpin") if facts.pinned else ("pin", "Pin")
    archive = ("unarchive", "Bring back from the archive") if facts.archived else ("archive", "Archive")
    rows = [
        _link(links.edit, "pen", "Rename"),
        _post(f"{here}/{pin[0]}", "pin", pin[1]),
        _post(f"{here}/{archive[0]}", "archive", archive[1]),
        _link(f"{here}/fork", "fork", "Fork"),
        _link(f"{here}/compact", "shrink", "Compact"),
        _link(f"{here}/changes", "diff", "Changes"),
        _link(f"{here}/usage", "pulse", "Usage"),
        # a page of its own anew: on a phone the row below the composer is not shown while it is shut
        Markup('<a class="btn" href="{}?models=open#models">{}Models and keys</a>').format(here, icon("key")),
        _link(f"{here}/accepting", "check", "Auto-accept"),
        _link(f"{here}/export", "export", "Export"),
        _link(f"{links.server}/import", "import", "Import"),
        _link(f"{here}/previous", "back", "Previous chat"),
        _link(f"{here}/next", "next", "Next chat"),
    ]
    if facts.due is None:
        rows.append(_delete(f"{here}/delete"))
    return Markup(
        '<div class="menu chat-menu" id="chat-menu" popover aria-label="Menu of this chat">{}{}</div>'
    ).format(Markup("").join(rows), _agents(facts, links))


def _link(address: str, name: str, words: str) -> Markup:
    return Markup('<a class="btn" href="{}" data-nav>{}{}</a>').format(address, icon(name), words)


def _post(address: str, name: str, words: str) -> Markup:
    return Markup('<form method="post" action="{}" data-live><button class="btn wide">{}{}</button></form>').format(
        address, icon(name), words
    )


def _delete(address: str) -> Markup:
    """A link to a page that asks; static/actions.js deletes at once, as that can be undone."""
    return Markup('<a class="btn danger" href="{}" data-post>{}Delete</a>').format(address, icon("trash"))


def _agents(facts: Known, links: Links) -> Markup:
    if not facts.agents:
        return Markup("")
    shown = facts.agents[-AGENTS:]
    rows = Markup("").join(
        Markup('<a class="btn" href="{}" data-nav>{}<span class="clip">{}</span></a>').format(
            links.of(session_id),
            Markup('<span class="status" data-state="busy"><span class="sr">Works: </span></span>')
            if busy
            else icon("next"),
            title or "Sub-agent",
        )
        for session_id, title, busy in shown
    )
    all_of_them = Markup("")
    if len(facts.agents) > len(shown):
        all_of_them = _link(f"{links.session}/agents", "menu", f"All {len(facts.agents)} sub-agents")
    return Markup('<p class="label small muted">Sub-agents</p>{}{}').format(rows, all_of_them)
