# SPDX-License-Identifier: MIT
"""What the hub has to tell in a chat, to all who look at it: what a stop did, how compacting goes."""

from collections import OrderedDict
from dataclasses import dataclass

from opencode_nexus.core.bus import Bus

KEPT = 200  # sessions; the longest ago forgotten first


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is "ok", "busy" or "bad"."""

    kind: str
    words: str


class Notices:
    """The newest notice of each session; it goes when the next turn begins, or when somebody has read it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._kept: OrderedDict[str, Notice] = OrderedDict()

    def get(self, session_id: str) -> Notice | None:
        """Return what is to be told in a session."""
        return self._kept.get(session_id)

    def put(self, server_id: str, session_id: str, notice: Notice) -> None:
        """Tell it."""
        self._kept.pop(session_id, None)
        self._kept[session_id] = notice
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._tell(server_id, session_id)

    def drop(self, server_id: str, session_id: str) -> None:
        """Tell it no more."""
        if self._kept.pop(session_id, None) is not None:
            self._tell(server_id, session_id)

    def _tell(self, server_id: str, session_id: str) -> None:
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": session_id})
