# SPDX-License-Identifier: MIT
"""The head of a conversation: its title and folder, what is known of it, and the menu of what can be done with it."""

from dataclasses import dataclass

from markupsafe import Markup

from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.head_menu import menu
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.words import count, money
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.tree import Box, leaf
from opencode_nexus.render.unseen import shown


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What the hub knows of a session beside OpenCode's own state.

    `accepting_until`: epoch seconds until which its permissions are given without asking; None: not so.
    `tokens` fill `limit` of the model's context; `cost` is in US dollars; None: not known. `budget`: a sentence when a
    budget is nearly or wholly used up. `due`: it was deleted, and goes for good then (epoch seconds). `origin` is the
    (id, title) that it was forked from, `parent` that of the chat it works for, `agents` the (id, title, whether it
    works) of its sub-agents. `put_back`: the files that an undo changed; None: not known. `notice` is (kind, words),
    with kind ok, busy or bad. `deleted` is the (id, title) of another chat that was deleted a moment ago.
    """

    pinned: bool = False
    archived: bool = False
    accepting_until: float | None = None
    tokens: int | None = None
    limit: int | None = None
    cost: float | None = None
    budget: str = ""
    due: float | None = None
    origin: tuple[str, str] | None = None
    parent: tuple[str, str] | None = None
    agents: tuple[tuple[str, str, bool], ...] = ()
    put_back: tuple[str, ...] | None = None
    notice: tuple[str, str] | None = None
    deleted: tuple[str, str] | None = None


def head(state: SessionState, facts: HeadFacts, links: Links) -> Box:
    """Return the head. Its pieces are sent one by one: a cost that grows must not shut a menu that is open."""
    return Box(
        "head",
        "header",
        {"class": "chat-head"},
        [
            leaf("head-line", _line(state, facts, links)),
            leaf("head-rows", _rows(state, facts, links)),
            leaf("head-name", _rename(state, links)),
            leaf("head-menu", menu(state, facts, links)),
        ],
    )


def _line(state: SessionState, facts: HeadFacts, links: Links) -> Markup:
    title = state.title or "New chat"
    folder = state.directory
    return Markup(
        '<div class="head-line"><button class="btn icon quiet list-button" type="button" popovertarget="chats" '
        'aria-label="Chats">{menu}</button><h1 class="clip" tabindex="-1">{title}</h1>'
        '<button class="btn icon quiet wide-only" type="button" popovertarget="rename" aria-label="Rename this chat">'
        '{pen}</button><span class="muted small clip grow" title="{folder}">{name}</span>{marks}{fill}{changes}'
        '<button class="btn icon quiet" type="button" popovertarget="chat-menu" aria-label="Menu of this chat">{more}'
        "</button></div>"
    ).format(
        menu=icon("menu"),
        title=shown(title),
        pen=icon("pen"),
        folder=folder,
        name=folder.rstrip("/").rpartition("/")[2],
        marks=_marks(facts, links),
        fill=_fill(facts, links),
        changes=Markup('<a class="btn quiet wide-only" href="{}" data-nav>{}Changes</a>').format(
            links.session + "/changes", icon("diff")
        ),
        more=icon("more"),
    )


def _marks(facts: HeadFacts, links: Links) -> Markup:
    marks = Markup("")
    if facts.pinned:
        marks += Markup('<span class="mark-of wide-only">{}</span>').format(icon("pin", "Pinned"))
    if facts.archived:
        marks += Markup('<span class="badge wide-only">Archived</span>')
    if facts.accepting_until is not None:
        # it takes the place of a person's own eyes: shown at every width
        marks += Markup(
            '<a class="badge warn" href="{}" data-nav>{}<span>Allows all<span class="wide-only"> until {}</span></span>'
            "</a>"
        ).format(links.session + "/accepting", icon("check"), time_tag(facts.accepting_until))
    return marks


def _fill(facts: HeadFacts, links: Links) -> Markup:
    """Return how full the model's context is, and what the chat has cost; the way to both in full."""
    words = fill_words(facts)
    if not words:
        return Markup("")
    meter = Markup("")
    if facts.tokens is not None and facts.limit:
        share = min(100, round(100 * facts.tokens / facts.limit))
        meter = Markup(
            '<meter min="0" max="100" low="75" high="90" optimum="0" value="{}" aria-label="Context used">{} %</meter>'
        ).format(share, share)
    return Markup('<a class="btn quiet fill-of wide-only" href="{}" data-nav title="{}">{}<span>{}</span></a>').format(
        links.session + "/usage", words, meter, _short(facts)
    )


def fill_words(facts: HeadFacts) -> str:
    """Return the same as a sentence; "" when nothing is known."""
    words = []
    if facts.tokens is not None:
        of = f" of {count(facts.limit)}" if facts.limit else ""
        words.append(f"{count(facts.tokens)}{of} tokens of context used")
    if facts.cost:
        words.append(f"{money(facts.cost)} spent")
    return ", ".join(words)


def _short(facts: HeadFacts) -> str:
    words = []
    if facts.tokens is not None:
        words.append(f"{round(100 * facts.tokens / facts.limit)} %" if facts.limit else count(facts.tokens))
    if facts.cost:
        words.append(money(facts.cost))
    return " · ".join(words)


def _rows(state: SessionState, facts: HeadFacts, links: Links) -> Markup:
    """Return where this chat comes from, and a budget that runs out."""
    rows = Markup("")
    if facts.parent is not None:
        parent_id, title = facts.parent
        rows += Markup(
            '<p>{}<span>Sub-agent of <a href="{}" data-nav>{}</a> · <a href="{}" data-nav>All of its sub-agents</a>'
            "</span></p>"
        ).format(icon("back"), links.of(parent_id), shown(title or "a chat"), links.of(parent_id) + "/agents")
    if facts.origin is not None:
        origin_id, title = facts.origin
        rows += Markup('<p>{}<span>Forked from <a href="{}" data-nav>{}</a></span></p>').format(
            icon("fork"), links.of(origin_id), shown(title or "a chat")
        )
    if facts.budget:
        rows += Markup('<p class="warn">{}<span>{} <a href="{}" data-nav>Look at what was used</a></span></p>').format(
            icon("warn"), facts.budget, links.session + "/usage"
        )
    return Markup('<div class="head-rows small">{}</div>').format(rows)


def _rename(state: SessionState, links: Links) -> Markup:
    return Markup(
        '<div class="menu rename" id="rename" popover><form class="stack tight" method="post" action="{}" data-live>'
        '<label for="rename-title">Name of this chat</label>'
        '<input id="rename-title" name="title" value="{}" maxlength="200" required autofocus>'
        '<p class="actions"><button class="btn primary">Save the name</button>'
        '<button class="btn quiet" type="button" popovertarget="rename" popovertargetaction="hide">Cancel</button></p>'
        "</form></div>"
    ).format(links.edit, state.title)
