# SPDX-License-Identifier: MIT
"""What the hub has to tell in a chat, to all who look at it: what a stop did, how compacting goes."""

from collections import OrderedDict
from dataclasses import dataclass

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock

KEPT = 200  # sessions; the longest ago forgotten first


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is "ok", "busy" or "bad"."""

    kind: str
    words: str


class Notices:
    """The newest notice of each session; it goes with the next message, or when somebody has read it."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self._kept: OrderedDict[str, Notice] = OrderedDict()
        self._at: dict[str, float] = {}

    def get(self, session_id: str) -> Notice | None:
        """Return what is to be told in a session."""
        return self._kept.get(session_id)

    def put(self, server_id: str, session_id: str, notice: Notice) -> None:
        """Tell it."""
        self._kept.pop(session_id, None)
        self._kept[session_id] = notice
        self._at[session_id] = self._clock.now()
        while len(self._kept) > KEPT:
            self._at.pop(self._kept.popitem(last=False)[0], None)
        self._tell(server_id, session_id)

    def drop(self, server_id: str, session_id: str) -> None:
        """Tell it no more."""
        self._at.pop(session_id, None)
        if self._kept.pop(session_id, None) is not None:
            self._tell(server_id, session_id)

    def said(self, server_id: str, session_id: str, at: float) -> None:
        """A person's message was made at `at` (epoch seconds): a notice from before it has had its time."""
        if self._at.get(session_id, at) < at:
            self.drop(server_id, session_id)

    def _tell(self, server_id: str, session_id: str) -> None:
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": session_id})
