# SPDX-License-Identifier: MIT
"""What is told of one row of the inbox: as little as is needed to decide, in words that cannot pretend."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from opencode_nexus.core import unseen

LONGEST = 300  # characters of a text; phones show some 150 to 400
WORDS = {
    "permission": "Permission needed",
    "question": "The agent asks",
    "alert": "Alert",
    "failed": "A turn failed",
    "budget": "A budget is used up",
    "finished": "A turn is finished",
}
"""Kind of a row → what is said of it. Also the kinds that a device may choose from."""

NAMED = frozenset({"read", "list", "external_directory", "skill", "websearch"})
"""Kinds of permissions whose patterns say all that is to be done."""

WAITS = ("permission", "question")
DAY, HOUR = 86400, 3600
HIDDEN = "Open Nexus to see it."


class Row(Protocol):
    """A row of the inbox (`chat.inbox_row.Row`)."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def server_id(self) -> str: ...
    @property
    def root_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def request(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to a device: `payload` for the service worker, the rest for the push service.

    `ttl`: seconds that it is kept for a device that is off. `topic`: of two that wait there with the same one, only
    the newer is delivered.
    """

    payload: dict[str, Any]
    ttl: int
    urgency: str
    topic: str


def topic_of(row_id: str) -> str:
    """Return the topic of a row: 32 characters at most, which tell the push service nothing."""
    return hashlib.sha256(row_id.encode()).hexdigest()[:32]


def plain(text: str, most: int = LONGEST) -> str:
    """Return `text` on one line, cut to `most`; what is not seen (controls, bidi, zero widths) is written out."""
    line = unseen.plain(" ".join(text.split()))
    line = "".join(sign if sign.isprintable() else unseen.token(sign) for sign in line)
    return line if len(line) <= most else line[: most - 1] + "…"


def is_whole(row: Row) -> bool:
    """Whether the notification shows all that a permission asks for, and nothing that the page would warn of: only then
    can it be given there.
    """
    metadata = getattr(row.request, "metadata", None) or {}
    text = plain(row.detail)
    wanted = str(metadata.get("command") or "")
    # that any MCP tool or sub-agent may run says nothing of what it is given
    vague = not (wanted or metadata.get("url")) and getattr(row.request, "permission", "") not in NAMED
    return not (text.endswith("…") or "\n" in wanted or metadata.get("diff") or vague or unseen.mixed(wanted))


def added(row: Row, *, hide: bool) -> Notice:
    """Return what is told when a row enters the inbox; with `hide` not what it says."""
    waits = row.kind in WAITS
    payload = {
        "id": row.id,
        "kind": row.kind,
        "title": WORDS.get(row.kind, "Nexus") + ("" if hide else f": {plain(row.title or 'New chat', 80)}"),
        "text": HIDDEN if hide else plain(row.detail),
        "path": f"/chat/{quote(row.server_id)}/{quote(row.root_id)}" if row.root_id else "/inbox",
        "at": int(row.at * 1000),
        "answers": row.kind == "permission" and not hide and is_whole(row),
    }
    urgency = "high" if waits or row.kind == "alert" else "normal"
    return Notice(payload, DAY if waits else 4 * HOUR, urgency, topic_of(row.id))


def removed(row_id: str) -> Notice:
    """Return what is told when a row has gone: its notification goes, too."""
    return Notice({"close": row_id}, DAY, "normal", topic_of(row_id))


def after_quiet(rows: Sequence[Row], *, hide: bool) -> Notice:
    """Return what is told when quiet hours end and `rows` still wait: one by itself, several together."""
    if len(rows) == 1:
        return added(rows[0], hide=hide)
    newest = max(rows, key=lambda row: row.at)
    payload = {
        "id": "after-quiet",
        "kind": newest.kind,
        "title": f"{len(rows)} things in the inbox",
        "text": HIDDEN if hide else plain("; ".join(f"{row.title or 'New chat'}: {row.detail}" for row in rows)),
        "path": "/inbox",
        "at": int(newest.at * 1000),
        "answers": False,
    }
    return Notice(payload, DAY, "normal", topic_of("after-quiet"))


def trial() -> Notice:
    """Return what the button on the settings page sends."""
    payload = {
        "id": "trial",
        "kind": "trial",
        "title": "Notifications work",
        "text": "This is what Nexus will tell you here.",
        "path": "/settings/notifications",
        "at": 0,
        "answers": False,
    }
    return Notice(payload, 300, "high", topic_of("trial"))
