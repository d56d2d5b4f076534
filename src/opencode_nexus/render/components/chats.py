# SPDX-License-Identifier: MIT
"""The list of a server's chats, with what runs and what waits in each."""

from collections.abc import Sequence
from typing import Protocol

from markupsafe import Markup

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


def chats(items: Sequence[Chat], links: Links, *, server_name: str, several_projects: bool = False) -> Box:
    """Return the list, newest first, with the way to a new chat; sub-agents' sessions only while shown."""
    listed = [item for item in items if item.parent_id is None or item.id == links.session_id]
    shown = sorted(listed, key=lambda item: item.updated, reverse=True)[:LISTED]
    rows = [leaf("c" + key_of(item.id), _row(item, links, several_projects)) for item in shown]
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
    foot = Markup('<p class="small muted">{}</p>').format(older if len(listed) > LISTED else "")
    attrs = {"class": "chats", "id": "chats", "aria-label": "Chats", "popover": ""}
    inner = Box("chat-rows", "ul", {"class": "chat-rows"}, rows)
    return Box("chats", "nav", attrs, [leaf("chats-head", head), inner, leaf("chats-foot", foot)])


def _row(item: Chat, links: Links, several_projects: bool) -> Markup:
    state = Markup("")
    if item.waiting:
        state = Markup('<span class="status" data-state="waiting">Waiting</span>')
    elif item.status != "idle":
        state = Markup('<span class="status" data-state="busy">Working</span>')
    folder = item.directory.rstrip("/").rpartition("/")[2] if several_projects else ""
    return Markup(
        '<li><a href="{}" data-nav{}><b class="clip">{}</b>{}<small class="muted">{}{}</small></a></li>'
    ).format(
        links.of(item.id),
        Markup(' aria-current="page"') if item.id == links.session_id else "",
        item.title or "New chat",
        state,
        time_tag(item.updated),
        f" · {folder}" if folder else "",
    )
