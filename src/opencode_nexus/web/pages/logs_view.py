# SPDX-License-Identifier: MIT
"""The logs as a page shows them: entries as keyed nodes, and the source that feeds them while somebody looks."""

from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlencode

from markupsafe import escape

from opencode_nexus.core.errors import NotFound
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.view import View
from opencode_nexus.observe.log_entry import Entry
from opencode_nexus.observe.log_feed import LogFeed
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.render.tree import Box, Leaf
from opencode_nexus.web.context import Hub

PAGE = 100  # entries of one page
MOST = 300  # entries that a page keeps while more come
LONG = 2000  # characters of a message or a traceback that are shown
FIELDS = ("q", "level", "part", "server")

Asked = dict[str, str]
"""What the form asks for: a value for each of FIELDS."""

_ATTRS = {"class": "list entries", "aria-label": "Entries, the newest first"}


def query_of(asked: Asked) -> LogQuery:
    """Return what the form asks for; raises LogQueryUnusable."""
    return LogQuery(asked["q"], asked["level"], asked["part"], asked["server"]).checked()


def words_of(asked: Asked, **more: str) -> str:
    """Return the query of an address, with its question mark; "" when nothing is asked for."""
    words = {name: asked[name] for name in FIELDS if asked[name]} | more
    return f"?{urlencode(words, errors='replace')}" if words else ""


def topic_of(asked: Asked) -> str:
    """Return the live topic of what the form asks for."""
    return f"logs:{words_of(asked)[1:]}"


def asked_of(words: Sequence[tuple[str, str]]) -> Asked:
    """Return the form's fields of pairs of an address."""
    given = dict(words)
    return {name: given.get(name, "").strip()[:200] for name in FIELDS}


class EntryNodes:
    """Makes the node of an entry; `names` are those of servers and tunnels by id, `text` is marked."""

    def __init__(self, hub: Hub, text: str) -> None:
        self._macro: Callable[..., str] = hub.pages.macro("logs_parts.html", "entry")
        self._hub, self._text = hub, text
        self._number = 0

    def node(self, entry: Entry) -> Leaf:
        self._number += 1
        name, path = about_of(self._hub, entry.about)
        message = pieces(entry.message[:LONG], self._text)
        cut = len(entry.message) > LONG
        href = self._hub.settings.base_path + path if path else ""
        return Leaf(f"l{self._number}", self._macro(entry, message, cut, entry.trace[:LONG], name, href).strip())


def about_of(hub: Hub, about: str) -> tuple[str, str]:
    """Return name and page of the server or tunnel; ("", "") when there is none such, its id when it has gone."""
    try:
        if about.startswith("srv_"):
            return hub.fleet.get(about).name, f"/servers/{about}"
        if about.startswith("tun_"):
            return hub.tunnels.get(about).config.name, f"/remote/{about}"
    except NotFound:
        pass
    return about, ""


def pieces(message: str, text: str) -> list[tuple[str, bool]]:
    """Return the message in pieces, each with whether it was looked for."""
    if not text:
        return [(message, False)]
    small = text == text.lower() and len(message.lower()) == len(message)
    looked, found, at = message.lower() if small else message, list[tuple[str, bool]](), 0
    while (place := looked.find(text, at)) >= 0:
        found += [(message[at:place], False), (message[place : place + len(text)], True)]
        at = place + len(text)
    return [piece for piece in (*found, (message[at:], False)) if piece[0]]


def region(hub: Hub, asked: Asked, kids: Sequence[Leaf], following: str | None) -> Box:
    """Return the list of entries, the newest first, and the way to older ones; where there is none it says so."""
    if not kids:
        words = "Nothing in the logs fits that." if any(asked.values()) else "Nothing was logged yet."
        kids = [Leaf("none", f'<li class="muted">{words}</li>')]
    parts: list[Leaf | Box] = [Box("rows", "ol", _ATTRS, kids)]
    if following:
        href = escape(hub.settings.base_path + "/logs" + words_of(asked, before=following))
        parts.append(Leaf("older", f'<p><a class="btn" href="{href}">Older entries</a></p>'))
    return Box("live", "div", {"class": "stack tight"}, parts)


class LogsSource:
    """Feeds the topic `logs:<query>` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub, words: str) -> None:
        self._hub, self._asked = hub, asked_of(parse_qsl(words))
        query = query_of(self._asked)
        self._nodes = EntryNodes(hub, query.text)
        self._following: str | None = None
        self._kids: deque[Leaf] = deque(maxlen=MOST)
        self._feed = LogFeed(hub.logs, query, self._hear)
        self._channel: Channel | None = None
        self._view: View | None = None

    async def start(self, channel: Channel) -> None:
        """Take what is there, and follow."""
        found = await self._feed.start(PAGE)
        self._kids.extend(map(self._nodes.node, found.entries))
        self._following = found.next
        self._channel, self._view = channel, View(self._tree)
        channel.collect = self._view.collect

    async def stop(self) -> None:
        """Follow no more."""
        self._feed.stop()

    def render(self) -> str:
        """Return the list as of the last frame."""
        return self._view.html() if self._view is not None else ""

    def _tree(self) -> Box:
        return region(self._hub, self._asked, tuple(self._kids), self._following)

    def _hear(self, fresh: Sequence[Entry]) -> None:
        self._kids.extendleft(map(self._nodes.node, fresh))  # past MOST the oldest go
        if self._channel is not None:
            self._channel.touch()
