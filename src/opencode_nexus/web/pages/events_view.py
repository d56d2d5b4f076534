# SPDX-License-Identifier: MIT
"""The timeline as a page shows it: lines as keyed nodes, and the source that feeds them while somebody looks."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from markupsafe import escape

from opencode_nexus.core.bus import Record
from opencode_nexus.core.errors import BadRequest
from opencode_nexus.core.kinds import AT_LEAST, GROUPS, group_of, words_of
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.view import View
from opencode_nexus.render.tree import Box, Leaf
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.logs_view import about_of
from opencode_nexus.web.ports import ActivityLine

PAGE = 50  # lines of one page
MOST = 200  # lines that a page keeps while more come
LONGEST = 200  # characters of what is looked for

_ATTRS = {"class": "list feed", "aria-label": "Events, the newest first"}


class EventsUnusable(BadRequest):
    """What is asked of the timeline is none of the choices."""

    code = "events-unusable"
    title = "The timeline cannot be asked for that."
    hint = f"Kinds are {', '.join(GROUPS)}; levels are {', '.join(AT_LEAST)}; `before` is the `next` of an answer."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be seen: of one group of kinds, of this level or worse, of a server or tunnel, with this text; "" all.

    Raises EventsUnusable for what there is not.
    """

    q: str = ""
    level: str = ""
    kind: str = ""
    server: str = ""

    def __post_init__(self) -> None:
        if self.kind and self.kind not in GROUPS:
            raise EventsUnusable(f"It was asked for the kind {self.kind[:40]!r}.")
        if self.level and self.level not in AT_LEAST:
            raise EventsUnusable(f"It was asked for the level {self.level[:40]!r}.")

    def query(self, **more: str) -> str:
        """Return the query of an address, with its question mark; "" when nothing is asked for."""
        given = {"q": self.q, "level": self.level, "kind": self.kind, "server": self.server}
        words = {name: value for name, value in given.items() if value} | more
        return f"?{urlencode(words, errors='replace')}" if words else ""

    @property
    def topic(self) -> str:
        return f"events:{self.query()[1:]}"

    @property
    def all(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()

    def takes(self, line: ActivityLine) -> bool:
        """Whether a line is to be seen, as the database would say."""
        return (
            self.kind in ("", group_of(line.kind))
            and (not self.level or line.level in AT_LEAST[self.level])
            and self.server in ("", line.server_id, line.data.get("tunnel_id"))
            and self.q.lower() in line.text.lower()
        )


def wanted_of(words: Sequence[tuple[str, str]]) -> Wanted:
    """Return what pairs of an address ask for; raises EventsUnusable."""
    given = dict(words)
    return Wanted(*(given.get(name, "").strip()[:LONGEST] for name in ("q", "level", "kind", "server")))


def cursor_of(before: str | None) -> int | None:
    """Return the line that a page ends before; raises EventsUnusable."""
    if not before:
        return None
    if not (before.isascii() and before.isdigit() and len(before) < 16):
        raise EventsUnusable(f"It was asked for what is before {before[:40]!r}.")
    return int(before)


def find(hub: Hub, wanted: Wanted, limit: int, before: int | None) -> tuple[list[ActivityLine], int | None]:
    """Return lines, the newest first, and the cursor of the page after; None when there is none."""
    groups = (wanted.kind,) if wanted.kind else ()
    found = hub.activity.find(
        groups=groups, level=wanted.level, server_id=wanted.server, text=wanted.q, before=before, limit=limit + 1
    )
    return list(found[:limit]), found[limit - 1].id if len(found) > limit else None


class LineNodes:
    """Makes the node of a line, with the name and the page of what it is about."""

    def __init__(self, hub: Hub) -> None:
        self._macro: Callable[..., str] = hub.pages.macro("events_parts.html", "line")
        self._hub = hub

    def node(self, line: ActivityLine) -> Leaf:
        name, path = about_of(self._hub, str(line.server_id or line.data.get("tunnel_id") or ""))
        href = self._hub.settings.base_path + path if path else ""
        return Leaf(f"e{line.id}", self._macro(line, words_of(line.kind), name if path else "", href).strip())


def region(hub: Hub, wanted: Wanted, kids: Sequence[Leaf], following: int | None) -> Box:
    """Return the list of lines, the newest first, and the way to older ones; where there is none it says so."""
    if not kids:
        words = "Nothing has happened yet." if wanted.all else "Nothing that happened fits that."
        kids = [Leaf("none", f'<li class="muted">{words}</li>')]
    parts: list[Leaf | Box] = [Box("rows", "ol", _ATTRS, kids)]
    if following is not None:
        href = escape(hub.settings.base_path + "/events" + wanted.query(before=str(following)))
        parts.append(Leaf("older", f'<p><a class="btn" href="{href}">Older events</a></p>'))
    return Box("live", "div", {"class": "stack tight"}, parts)


class EventsSource:
    """Feeds the topic `events:<query>` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub, words: str) -> None:
        self._hub, self._wanted = hub, wanted_of(parse_qsl(words))
        self._nodes = LineNodes(hub)
        self._following: int | None = None
        self._kids: deque[Leaf] = deque(maxlen=MOST)
        self._ends: list[Callable[[], Any]] = []

    async def start(self, channel: Channel) -> None:
        """Take what is there, and follow."""
        found, self._following = find(self._hub, self._wanted, PAGE, None)
        self._kids.extend(map(self._nodes.node, found))
        self._view = View(lambda: region(self._hub, self._wanted, tuple(self._kids), self._following))
        channel.collect = self._view.collect

        def heard(record: Record) -> None:
            line: Any = record.data
            if self._wanted.takes(line):
                self._kids.appendleft(self._nodes.node(line))  # past MOST the oldest go
                channel.touch()

        self._ends = [self._hub.bus.listen(heard, "activity")]

    async def stop(self) -> None:
        """Follow no more."""
        for end in self._ends:
            end()
        self._ends = []

    def render(self) -> str:
        """Return the list as of the last frame."""
        return self._view.html()
