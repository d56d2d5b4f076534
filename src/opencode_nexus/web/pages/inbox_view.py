# SPDX-License-Identifier: MIT
"""What the inbox shows, gathered, and fed to its open pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from markupsafe import Markup

from opencode_nexus.chat.inbox.row import CUT_SHORT, Row
from opencode_nexus.chat.inbox.turns import INTERRUPTED
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.view import View
from opencode_nexus.render.components.inbox import AllowedAll, InboxCard, allowed_all, rows
from opencode_nexus.render.tree import Box, Node, leaf
from opencode_nexus.web.context import Hub

TOPIC = "inbox"
TOPICS = ("inbox", "server", "chat-facts")
Kind = Literal["", "waiting", "alert", "failed", "finished"]
KINDS: dict[Kind, str] = {
    "": "All",
    "waiting": "Waiting",
    "alert": "Alerts",
    "failed": "Failed",
    "finished": "Finished",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What is to be seen: of one kind, of one server; "" for all. What a budget stopped counts as failed."""

    kind: Kind = ""
    server: str = ""

    @property
    def topic(self) -> str:
        return f"{TOPIC}:{self.kind}:{self.server}" if self.kind or self.server else TOPIC

    def takes(self, row: Row) -> bool:
        kind = "waiting" if row.waits else "failed" if row.kind in CUT_SHORT else row.kind
        return self.kind in ("", kind) and self.server in ("", row.server_id)

    def address(self, base: str) -> str:
        query = urlencode({name: value for name, value in (("kind", self.kind), ("server", self.server)) if value})
        return f"{base}/inbox" + (f"?{query}" if query else "")


def filter_of(kind: str, server: str) -> Filter:
    """Return the filter of an address or a topic; what is not known is left out."""
    return Filter(next((known for known in KINDS if known == kind), ""), server)


def server_name(hub: Hub, server_id: str) -> str:
    """Return a server's name, its id when it is gone."""
    return next((server.name for server in hub.fleet.list() if server.id == server_id), server_id)


def alert_place(hub: Hub, alert_id: str) -> tuple[str, str]:
    """Return the page, below the base, on which an alert is dealt with, and the words of the way there."""
    alert = hub.alerts.get(alert_id)
    subject = alert.subject if alert else ""
    if subject.startswith("srv_"):
        return f"/servers/{subject}", "See the server"
    if subject.startswith("tun_"):
        return f"/remote/{subject}", "See the tunnel"
    pages = {"budget": ("/usage", "See the usage"), "waiting": ("/inbox?kind=waiting", "See what waits")}
    return pages.get(alert.rule if alert else "", ("/", "See the dashboard"))


def card(hub: Hub, row: Row) -> InboxCard:
    """Return a row as it is shown now."""
    certainty = hub.inbox_desk.certainty(row)
    accepting = hub.inbox_desk.accepting.of(row.server_id, (row.session_id, row.root_id))
    return InboxCard(
        id=row.id,
        kind=row.kind,
        server_id=row.server_id,
        server=server_name(hub, row.server_id),
        session_id=row.session_id,
        root_id=row.root_id,
        title=row.title,
        directory=row.directory,
        path=row.path,
        detail=row.detail,
        at=row.at,
        request=row.request,
        cut_off=row.kind == "failed" and row.detail in INTERRUPTED,
        doubt="" if certainty == "sure" else certainty,
        accepting=None if accepting is None else accepting.until,
        place=alert_place(hub, row.id) if row.kind == "alert" else ("", ""),
    )


def region(hub: Hub, wanted: Filter) -> Node:
    """Return the live part of the page."""
    base, open_rows = hub.settings.base_path, hub.inbox_desk.rows()
    cards = [card(hub, row) for row in open_rows if wanted.takes(row)]
    return Box(
        "live",
        "div",
        {"class": "stack loose"},
        [
            allowed_all(_allowed_all(hub), base),
            leaf("inbox-filters", _filters(hub, wanted, open_rows, base)),
            rows(cards, base, filtered=bool(wanted.kind or wanted.server)),
        ],
    )


def _allowed_all(hub: Hub) -> list[AllowedAll]:
    return [
        AllowedAll(row.server_id, row.session_id, hub.chat.title(row.server_id, row.session_id), row.until, row.turn)
        for row in hub.inbox_desk.accepting.all()
    ]


def _filters(hub: Hub, wanted: Filter, open_rows: list[Row], base: str) -> Markup:
    kinds = [
        (words, Filter(kind, wanted.server), sum(Filter(kind, wanted.server).takes(row) for row in open_rows))
        for kind, words in KINDS.items()
    ]
    parts = _choices("Kind", [(words, to.address(base), to == wanted, count) for words, to, count in kinds])
    servers = hub.fleet.list()
    if len(servers) > 1 or wanted.server:
        named = [("All servers", Filter(wanted.kind)), *((one.name, Filter(wanted.kind, one.id)) for one in servers)]
        parts += _choices("Server", [(words, to.address(base), to == wanted, None) for words, to in named])
    return Markup('<div class="row">{}</div>').format(parts)


def _choices(label: str, choices: list[tuple[str, str, bool, int | None]]) -> Markup:
    links = Markup("").join(
        Markup('<a class="btn" href="{}" data-nav{}>{}{}</a>').format(
            address,
            Markup(' aria-current="true"') if here else "",
            words,
            "" if count is None else Markup(' <span class="num">{}</span>').format(count),
        )
        for words, address, here, count in choices
    )
    return Markup('<nav class="seg" aria-label="{}">{}</nav>').format(label, links)


class InboxSource:
    """Feeds the topic `inbox`, or `inbox:<kind>:<server>`, while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub, rest: str) -> None:
        kind, _, server = rest.partition(":")
        self._hub, self._wanted = hub, filter_of(kind, server)
        self._ends: list[Callable[[], Any]] = []

    async def start(self, channel: Channel) -> None:
        """Take the present state, and follow the bus from here on."""
        self._view = View(lambda: region(self._hub, self._wanted))
        channel.collect = self._view.collect
        self._ends = [self._hub.bus.listen(lambda _: channel.touch(), *TOPICS)]

    async def stop(self) -> None:
        """Follow no more."""
        for end in self._ends:
            end()
        self._ends = []

    def render(self) -> str:
        """Return the whole region as of the last frame."""
        return self._view.html()
