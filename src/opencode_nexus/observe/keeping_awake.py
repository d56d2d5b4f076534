# SPDX-License-Identifier: MIT
"""The machine is kept awake while an agent works, if the setting says so."""

import logging
from collections.abc import Callable
from typing import Protocol

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import Settings
from opencode_nexus.processes.awake import Awake

log = logging.getLogger(__name__)

TOPICS = ("session", "server", "settings")  # what may change whether an agent works, or whether it is wanted
WHY = "An agent is at work"


class Holder(Protocol):
    """`processes.awake.Awake`."""

    @property
    def held(self) -> bool: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...


class KeepingAwake:
    """Looks whenever something was told; `busy` tells whether an agent works. Use `close` at the end.

    Holding takes 2 ms of the event loop, twice a turn; Windows wants both from one thread.
    """

    def __init__(
        self, *, bus: Bus, settings: Callable[[], Settings], busy: Callable[[], bool], holder: Holder | None = None
    ) -> None:
        self._settings, self._busy = settings, busy
        self._holder: Holder = Awake(WHY) if holder is None else holder
        self._refused = False
        self._end = bus.listen(self._heard, *TOPICS)

    def _heard(self, record: Record) -> None:
        if record.topic == "settings":
            self._refused = False
        self.look()

    def look(self) -> None:
        """Hold or release, as it is now. A system that refuses is asked again after a change of the settings."""
        wanted = self._settings().keep_awake == "yes" and self._busy()
        if wanted and not self._holder.held and not self._refused:
            try:
                self._holder.hold()
            except NexusError as error:
                self._refused = True
                log.warning("%s", error)
        elif not wanted and self._holder.held:
            self._holder.release()

    def close(self) -> None:
        """Look no more, and let it sleep."""
        self._end()
        if self._holder.held:
            self._holder.release()
