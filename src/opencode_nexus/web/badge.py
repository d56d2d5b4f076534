# SPDX-License-Identifier: MIT
"""The number of open rows in the inbox, on every page: told to all open streams, whatever their topic."""

from opencode_nexus.chat.inbox.row import Row
from opencode_nexus.core.bus import Record
from opencode_nexus.live import ops
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.ops import Op
from opencode_nexus.render.components.inbox import BADGE, badge
from opencode_nexus.web.context import Hub


class BadgeSource:
    """Is the `live.hub.Source` of pages that have no topic of their own, and tells all channels what changed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def start(self, channel: Channel) -> None:
        """Nothing: the badge comes to every channel."""

    async def stop(self) -> None: ...

    def render(self) -> str:
        return str(badge(self._hub.inbox_desk.count))


def follow(hub: Hub) -> None:
    """Tell every open stream when a row comes or goes, now and for as long as the hub runs."""

    def heard(record: Record) -> None:
        data = record.data
        if not isinstance(data, dict) or data["what"] == "changed":
            return
        row = hub.inbox_desk.get(data["id"]) if data["what"] == "added" else None
        chats = set() if row is None else {f"chat:{row.server_id}:{one}" for one in (row.root_id, row.session_id)}
        told: list[Op] = [ops.replace(BADGE, badge(data["count"]))]
        hub.live.tell(lambda topic: [*told, ops.announce(_words(row))] if row and topic not in chats else told)

    hub.live.greeting = lambda: [ops.replace(BADGE, badge(hub.inbox_desk.count))]
    hub.bus.listen(heard, "inbox")


def _words(row: Row) -> str:
    """What is new, once, for who does not look. A chat tells of itself."""
    title = f"“{row.title}”" if row.title else "A chat"
    match row.kind:
        case "permission":
            return f"{title} asks for permission. It is in the inbox."
        case "question":
            return f"{title} asks a question. It is in the inbox."
        case "alert":
            return f"{row.title}. It is in the inbox."
        case "failed":
            return f"The turn of {title} failed."
        case "budget":
            return f"{title} was stopped: a budget is used up."
    return f"{title} is finished."
