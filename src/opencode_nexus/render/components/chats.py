# SPDX-License-Identifier: MIT
"""The list of a server's chats, with what runs and what waits in each."""

from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeVar

from markupsafe import Markup

from opencode_nexus.render import unseen
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import time_tag
from opencode_nexus.render.tree import Box, key_of, leaf

LISTED = 60  # newest chats in the list beside a conversation


class Chat(Protocol):
    """One session as the list shows it (`chat.chat.SessionSummary`)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def directory(self) -> str: ...
    @property
    def parent_id(self) -> str | None: ...
    @property
    def updated(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def waiting(self) -> int: ...
    @property
    def archived(self) -> float | None: ...


C = TypeVar("C", bound=Chat)


class Deleted(Protocol):
    """A chat that was deleted a moment ago (`store.marks.Trashed`)."""

    @property
    def session_id(self) -> str: ...
    @property
    def title(self) -> str: ...


def in_order(items: Iterable[C], pinned: Container[str], shown: str = "") -> list[C]:
    """Return the chats as lists show them: pinned ones first, then the one used last; the archived and the sub-agents'
    only when it is `shown` now. Whoever goes from one to the next goes in this order.
    """
    listed = [item for item in items if item.id == shown or (item.parent_id is None and item.archived is None)]
    return sorted(listed, key=lambda item: (item.id not in pinned, -item.updated, item.id))


def chats(
    items: Sequence[Chat],
    links: Links,
    *,
    server_name: str,
    several_projects: bool = False,
    pinned: Container[str] = (),
    deleted: Sequence[Deleted] = (),
    accepting: Container[str] = (),
    unlisted: Mapping[str, str] = MappingProxyType({}),
) -> Box:
    """Return the list with the way to a new chat; `deleted`: what can be brought back, the last one first;
    `accepting`: the chats that are allowed all that they ask; `unlisted`: the folders whose chats are missing, and why.
    """
    listed = in_order(items, pinned, links.session_id)
    shown = listed[:LISTED]
    rows = [
        leaf("c" + key_of(item.id), _row(item, links, several_projects, item.id in pinned, item.id in accepting))
        for item in shown
    ]
    # with several folders it is asked first in which one the agent shall work
    new = (
        Markup('<a class="btn" href="{}" data-nav>{}New chat</a>')
        if several_projects
        else Markup('<form method="post" action="{}" data-live><button class="btn">{}New chat</button></form>')
    )
    head = Markup(
        '<header class="chats-head"><h2 class="clip grow">{name}</h2>{new}'
        '<button class="btn icon quiet shut" type="button" popovertarget="chats" popovertargetaction="hide" '
        'aria-label="Close the list">{cross}</button></header>'
    ).format(name=server_name, new=new.format(links.server + "/new", icon("plus")), cross=icon("cross"))
    older = Markup('The {} newest chats. <a href="{}" data-nav>Show all</a>').format(LISTED, links.server + "/all")
    missing = Markup("").join(
        Markup("<p>The chats in {} are not listed. {}</p>").format(unseen.shown(folder), why)
        for folder, why in unlisted.items()
    )
    foot = Markup('<div class="small muted">{}{}{}{}</div>').format(
        missing,
        Markup("<p>{}</p>").format(older) if len(listed) > LISTED else "",
        _undelete(deleted, links),
        _more(items, links),
    )
    attrs = {"class": "chats", "id": "chats", "aria-label": "Chats", "popover": ""}
    inner = Box("chat-rows", "ul", {"class": "chat-rows"}, rows)
    return Box("chats", "nav", attrs, [leaf("chats-head", head), inner, leaf("chats-foot", foot)])


def _undelete(deleted: Sequence[Deleted], links: Links) -> Markup:
    """Return the deletion that can be taken back, and the way to the others."""
    if not deleted:
        return Markup("")
    last = deleted[0]
    others = Markup("")
    if len(deleted) > 1:
        others = Markup('<p><a href="{}" data-nav>{} recently deleted chats</a></p>').format(
            links.server + "/deleted", len(deleted)
        )
    return Markup(
        '<form class="undelete" method="post" action="{}" data-live><span class="clip">“{}” deleted</span>'
        '<button class="btn">Undo</button></form>{}'
    ).format(links.of(last.session_id) + "/undelete", unseen.shown(last.title or "New chat"), others)


def _more(items: Sequence[Chat], links: Links) -> Markup:
    if not any(item.archived is not None for item in items):
        return Markup("")
    return Markup('<p><a href="{}" data-nav>Archived chats</a></p>').format(links.server + "/archived")


def _row(item: Chat, links: Links, several_projects: bool, pinned: bool, accepting: bool) -> Markup:
    state = Markup("")
    if item.waiting:
        state = Markup('<span class="status" data-state="waiting">Waiting</span>')
    elif item.status != "idle":
        state = Markup('<span class="status" data-state="busy">Working</span>')
    folder = item.directory.rstrip("/").rpartition("/")[2] if several_projects else ""
    return Markup(
        '<li><a href="{}" data-nav{}><b class="clip">{}{}</b>{}<small class="muted">{}{}{}</small></a></li>'
    ).format(
        links.of(item.id),
        Markup(' aria-current="page"') if item.id == links.session_id else "",
        icon("pin", "Pinned") if pinned else "",
        unseen.shown(item.title or "New chat"),
        state,
        time_tag(item.updated),
        f" · {folder}" if folder else "",
        " · allows all" if accepting else "",
    )
