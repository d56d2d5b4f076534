# SPDX-License-Identifier: MIT
"""The rows of the inbox: what waits as the chat shows it, with where it comes from; and turns that are over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from markupsafe import Markup

from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.render.components import asks
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.tree import Box, Leaf, key_of, leaf
from opencode_nexus.render.unseen import shown

BADGE = "inbox-badge"  # key of the number of open rows, on every page
MOST = 99
# Turns that are over, and alerts, which bring their own title: class, icon and title of the card, and the colour and
# word of its badge.
OVER = {
    "failed": ("failed", "warn", "The turn failed", "bad", "Failed"),
    "budget": ("stopped", "stop", "A budget is used up", "warn", "Stopped"),
    "alert": ("stopped", "warn", "", "warn", "Alert"),
    "finished": ("done", "check", "The agent is done", "ok", "Finished"),
}
DOUBTS = {
    "checking": "It stood here before. Whether OpenCode still waits for it is being checked.",
    "down": "Its OpenCode cannot be reached now, so it cannot be answered.",
}


@dataclass(frozen=True, slots=True)
class InboxCard:
    """One row. `path` names who asks and on whose behalf, the chat last; empty for the chat itself. `at` epoch seconds.

    `doubt`: "checking" or "down" while OpenCode has not said that it waits for it. `accepting`: the chat's permissions
    are given without asking, until then. `cut_off`: its turn was, so that it can be gone on with. `place` is, for an
    alert, where it is dealt with: page and words.
    """

    id: str
    kind: Literal["permission", "question", "alert", "failed", "budget", "finished"]
    server_id: str
    server: str
    session_id: str
    root_id: str
    title: str
    directory: str
    path: Sequence[str]
    detail: str
    at: float
    request: Permission | Question | None
    doubt: str = ""
    accepting: float | None = None
    cut_off: bool = False
    place: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class AllowedAll:
    """A chat whose permissions are given without asking, until then or, with `turn`, its turn's end."""

    server_id: str
    session_id: str
    title: str
    until: float
    turn: bool


@dataclass(frozen=True, slots=True)
class InboxLinks(Links):
    """Where the forms of a row lead: to the inbox, so that the reader stays there."""

    def permission(self, request_id: str) -> str:
        return f"{self.base}/inbox/{quote(request_id)}/permission"

    def question(self, request_id: str) -> str:
        return f"{self.base}/inbox/{quote(request_id)}/question"


def allowed_all(chats: Sequence[AllowedAll], base: str) -> Leaf:
    """Return which chats are allowed all that they ask, each with a button that stops it."""
    notes = Markup("").join(
        Markup(
            '<div class="note warn">{icon}<div class="spread"><span><a href="{chat}" data-nav><b>{title}</b></a> is '
            "allowed all that it asks, until {until}.</span>"
            '<form method="post" action="{chat}/accepting" data-live><input type="hidden" name="back" value="inbox">'
            '<button class="btn" name="span" value="stop">{stop}Stop</button></form></div></div>'
        ).format(
            icon=icon("warn"),
            chat=Links(base, chat.server_id, chat.session_id).session,
            title=shown(chat.title or "A chat"),
            until=Markup("its turn ends, {} at the latest").format(time_tag(chat.until))
            if chat.turn
            else time_tag(chat.until),
            stop=icon("stop"),
        )
        for chat in chats
    )
    return leaf("inbox-allowed", Markup('<div class="stack tight bare">{}</div>').format(notes))


def row(card: InboxCard, base: str) -> Leaf:
    """Return a row of the list: reached by the keys j and k, as it can have the focus."""
    key = "i" + key_of(card.id)
    links = InboxLinks(base, card.server_id, card.session_id)
    if card.request is None:
        body = _over(card, key, base)
    elif isinstance(card.request, Permission):
        body = Markup(asks.permission(card.request, links).body)
    else:
        body = Markup(asks.question(card.request, links).body)
    doubt = (
        Markup('<p class="note warn">{}<span>{}</span></p>').format(icon("info"), DOUBTS[card.doubt])
        if card.doubt
        else Markup("")
    )
    return leaf(
        key,
        Markup('<li class="stack tight" id="row-{}" tabindex="-1" data-row>{}{}{}</li>').format(
            card.id, _where(card, base), doubt, body
        ),
    )


def rows(cards: Sequence[InboxCard], base: str, *, filtered: bool) -> Box:
    """Return the list, or what says that it is empty."""
    if not cards:
        return Box("inbox-list", "div", {}, [leaf("inbox-none", _none(filtered))])
    return Box("inbox-list", "ul", {"class": "inbox"}, [row(card, base) for card in cards])


def _where(card: InboxCard, base: str) -> Markup:
    """The chat, who in it asks, and on which server and folder; when."""
    if card.kind == "alert":
        parts = [shown(card.server)] if card.server else []
        return Markup('<p class="muted small">{}</p>').format(Markup(" · ").join([*parts, time_tag(card.at)]))
    folder = card.directory.rstrip("/").rpartition("/")[2]
    asker = Markup(" · ").join(
        [
            Markup('<a href="{}" data-nav><b>{}</b></a>').format(
                Links(base, card.server_id, card.root_id).session, shown(card.title or "New chat")
            ),
            *([Markup(" ← ").join(shown(name) for name in card.path)] if card.path else []),
            *([Markup('<span title="{}">{}</span>').format(card.directory, shown(folder))] if folder else []),
            shown(card.server),
            time_tag(card.at),
        ]
    )
    mark = (
        Markup(' <a class="badge warn" href="{}" data-nav>Allows all until {}</a>').format(
            f"{Links(base, card.server_id, card.root_id).session}/accepting", time_tag(card.accepting)
        )
        if card.accepting is not None
        else Markup("")
    )
    return Markup('<p class="muted small">{}{}</p>').format(asker, mark)


def _over(card: InboxCard, key: str, base: str) -> Markup:
    kind, sign, title, badge, word = OVER[card.kind]
    chat = Links(base, card.server_id, card.root_id).session
    return Markup(
        '<article class="card stack tight {}" aria-labelledby="{key}t">'
        '<header><h2 class="row" id="{key}t">{icon}{title}</h2>'
        '<span class="badge {badge}">{word}</span></header>{detail}'
        '<div class="actions"><a class="btn primary" href="{way}" data-nav>{words}</a>{budget}'
        '<form method="post" action="{action}" data-live><button class="btn quiet">Dismiss</button></form></div>'
        "</article>"
    ).format(
        kind,
        key=key,
        icon=icon(sign),
        title=title or Markup('<span class="grow">{}</span>').format(shown(card.title)),
        badge=badge,
        word=word,
        detail=Markup('<p class="whole">{}</p>').format(shown(card.detail)) if card.detail else Markup(""),
        way=base + card.place[0] if card.kind == "alert" else chat,
        words=card.place[1] or "Open the chat",
        budget=Markup('<a class="btn" href="{}/usage#budget" data-nav>See the budget</a>').format(chat)
        if card.kind == "budget"
        else Markup(
            '<form method="post" action="{}/continue" data-live><input type="hidden" name="back" value="/inbox">'
            '<button class="btn">{}Continue</button></form>'
        ).format(chat, icon("play"))
        if card.cut_off
        else "",
        action=f"{base}/inbox/{quote(card.id)}/dismiss",
    )


def _none(filtered: bool) -> Markup:
    words = (
        "Nothing of this kind is open."
        if filtered
        else "What an agent asks, alerts, and turns that failed, used up a budget or finished while you were away, "
        "come here from every chat."
    )
    return Markup('<div class="empty">{}<h2>{}</h2><p>{}</p></div>').format(
        icon("inbox"), "Nothing here" if filtered else "Nothing waits for you", words
    )


def in_words(count: int) -> str:
    """Return the number as a badge and a title have room for it, "" for none."""
    return "" if not count else str(count) if count <= MOST else f"{MOST}+"


def badge(count: int) -> Markup:
    """Return the badge beside the word "Inbox"; it is there, and hidden, without a row too."""
    words = in_words(count)
    if not words:
        return Markup('<span class="count" data-k="{}" hidden></span>').format(BADGE)
    return Markup('<span class="count" data-k="{}" data-count="{}">{}<span class="sr"> open</span></span>').format(
        BADGE, words, words
    )
