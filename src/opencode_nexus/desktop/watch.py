# SPDX-License-Identifier: MIT
"""What goes on in the hub, for the tray and the notifications; and the hub brought back when it was killed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from opencode_nexus.desktop.errors import HubDidNotStart, HubGone

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds; one look costs the hub 2 ms
GRACE = 3  # looks in a row without an answer before the hub is started: a service manager may be about to


@dataclass(frozen=True, slots=True)
class Status:
    """The hub in a few figures: `busy` sessions are those with an agent at work."""

    servers: int = 0
    running: int = 0
    busy: int = 0
    waiting: int = 0

    @property
    def words(self) -> str:
        """One line for the tray."""
        ran = f"{self.running} of {self.servers} server{'' if self.servers == 1 else 's'} running"
        return ran + (f", {self.busy} at work" if self.busy else "")


@dataclass(frozen=True, slots=True)
class Asked:
    """A row that came into the inbox; `kind` as the API names it."""

    id: str
    kind: str
    title: str
    text: str


class Hub(Protocol):
    """`hub.LocalHub`, as far as it is needed here."""

    def find(self) -> bool: ...
    def ended_by_itself(self) -> bool: ...
    def join_or_start(self) -> bool: ...
    def ask(self, method: str, path: str, body: object = None) -> Any: ...


class Watch:
    """Looks at the hub from a thread of its own, and says what changed.

    `changed` gets each new status; `asked` each row that came into the inbox since the look before; `returned` is
    called after a hub that was killed answers again; `stopped` once after it was stopped by somebody, or could not be
    brought back.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        changed: Callable[[Status], None],
        asked: Callable[[Asked], None],
        returned: Callable[[], None],
        stopped: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._changed, self._asked, self._returned, self._stopped = changed, asked, returned, stopped
        self._end = threading.Event()
        self._seen: set[str] | None = None
        self.status = Status()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def close(self) -> None:
        """Look no more; the thread ends by itself."""
        self._end.set()

    def _run(self) -> None:
        silent = 0
        while not self._end.is_set():
            try:
                self.look()
                silent = 0
            except HubGone as error:
                silent += 1
                log.info("the hub does not answer: %s", error)
                if silent >= GRACE and not self._bring_back():
                    return
            self._end.wait(LOOK_EVERY)

    def look(self) -> None:
        """Look once. Raises HubGone."""
        told = self._hub.ask("GET", "/status")
        now = Status(told["servers"], told["servers_running"], told["sessions_running"], told["waiting"])
        rows = self._hub.ask("GET", "/inbox?limit=50")["items"]
        fresh = [row for row in rows if self._seen is not None and row["id"] not in self._seen]
        self._seen = {row["id"] for row in rows}
        if now != self.status:
            self.status = now
            self._changed(now)
        for row in fresh:
            self._asked(Asked(row["id"], row["kind"], row["title"], row["detail"]))

    def _bring_back(self) -> bool:
        """Have the hub back; False when it was stopped on purpose or does not start."""
        if self._end.is_set():
            return False
        try:
            if not self._hub.find():
                if not self._hub.ended_by_itself():
                    self._stopped("It was stopped.")
                    return False
                self._hub.join_or_start()
        except HubDidNotStart as error:
            log.error("%s", error)
            self._stopped(str(error))
            return False
        self._returned()
        return True
