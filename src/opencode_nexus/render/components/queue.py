# SPDX-License-Identifier: MIT
"""What waits until the agent is done, above the composer: in its order, each to change, to send now or to remove."""

from collections.abc import Sequence
from typing import Protocol

from markupsafe import Markup

from opencode_nexus.render.components.links import Links
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Box, Node, key_of, leaf


class Waiting(Protocol):
    """One message; `held` says why it is not sent by itself, "" when it is."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def files(self) -> tuple[str, ...]: ...
    @property
    def held(self) -> str: ...


def queue(waiting: Sequence[Waiting], links: Links) -> Box:
    """Return the box of them; empty when nothing waits."""
    kids: list[Node] = []
    if waiting:
        kids.append(leaf("queue-head", _head(len(waiting), waiting[0].held)))
        rows = [leaf(f"q{key_of(one.id)}", _row(one, links)) for one in waiting]
        kids.append(Box("queue-rows", "ol", {"class": "queue-rows"}, rows))
    return Box("queue", "section", {"class": "queue", "aria-label": "What waits"}, kids)


def _head(count: int, held: str) -> Markup:
    many = "One message waits" if count == 1 else f"{count} messages wait"
    if not held:
        return Markup('<p class="small muted">{} until the agent is done</p>').format(many)
    words = '<p class="small held">{icon}<span>{held} So what waits is not sent by itself.</span></p>'
    return Markup(words).format(icon=icon("warn"), held=held)


def _row(one: Waiting, links: Links) -> Markup:
    files = len(one.files)
    about = Markup('<small class="muted">{}</small>').format(f"{files} file{'s' if files > 1 else ''}") if files else ""
    return Markup(
        '<li><details><summary><span class="clip">{text}</span>{about}<span class="sr">, edit</span></summary>'
        '<form class="stack tight" method="post" action="{action}" data-live>'
        '<label class="sr" for="{key}t">Text</label>'
        '<textarea id="{key}t" name="text" rows="3" required>{text}</textarea>'
        '<div class="actions"><button class="btn" name="do" value="save">Save</button></div></form></details>'
        '<form method="post" action="{action}" data-live>'
        '<button class="btn quiet" name="do" value="send" title="Send now">{send}<span>Send now</span></button>'
        '<button class="btn quiet icon" name="do" value="drop" title="Remove">{drop}</button></form></li>'
    ).format(
        text=one.text or "(files only)",
        about=about,
        action=f"{links.session}/queue/{one.id}",
        key=f"q{key_of(one.id)}",
        send=icon("send"),
        drop=icon("trash", "Remove"),
    )
