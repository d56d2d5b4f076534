# SPDX-License-Identifier: MIT
"""Who else follows what servers tell: the inbox, the search index, the costs."""

import logging
from typing import Protocol

from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.events import Event

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Called on the event loop, in the order of the wire; must return at once and begin what takes longer itself.

    Deltas are not told: a part's whole text comes with its last `PartUpdated`.
    """

    def heard(self, server_id: str, directory: str, event: Event) -> None:
        """An event of a session, after the hub's own state has it. One that was told before may come again."""
        ...

    def connected(self, server_id: str, client: Client) -> None:
        """The hub follows the server (again), and what it missed has been mended: now is the time to catch up."""
        ...

    def died(self, server_id: str) -> None:
        """The server's process is gone, and with it all that ran and waited."""
        ...


class Listeners:
    """All of them; one that fails is logged and does not stop the others."""

    def __init__(self) -> None:
        self._all: list[Listener] = []

    def add(self, listener: Listener) -> None:
        self._all.append(listener)

    def heard(self, server_id: str, directory: str, event: Event) -> None:
        for listener in self._all:
            try:
                listener.heard(server_id, directory, event)
            except Exception:
                log.exception("%s failed at %s", type(listener).__name__, type(event).__name__)

    def connected(self, server_id: str, client: Client) -> None:
        for listener in self._all:
            try:
                listener.connected(server_id, client)
            except Exception:
                log.exception("%s failed at the connection to %s", type(listener).__name__, server_id)

    def died(self, server_id: str) -> None:
        for listener in self._all:
            try:
                listener.died(server_id)
            except Exception:
                log.exception("%s failed at the end of %s", type(listener).__name__, server_id)
