# SPDX-License-Identifier: MIT
"""The rows of the inbox and the last ends, in memory and on the disk."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from opencode_nexus.chat.by import By
from opencode_nexus.chat.inbox.row import Ended, Row, read, read_ended, stored
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.store.inbox import KEPT, InboxRows

_ORDER = {"permission": 0, "question": 0, "alert": 1, "failed": 2, "budget": 2, "finished": 3}


class InboxBook:
    """Publishes bus topic "inbox" {"what": "added" | "removed" | "changed", "id", "count"} with each change."""

    def __init__(self, rows: InboxRows, bus: Bus, clock: Clock, redact: Callable[[str], str]) -> None:
        self._store, self._bus, self._clock, self._redact = rows, bus, clock, redact
        self._rows: dict[str, Row] = {}
        self._ended: OrderedDict[str, Ended] = OrderedDict()  # the last at the end; without what was asked whole

    def open(self) -> None:
        """Take up what an earlier hub left."""
        self._rows = {kept.id: read(kept) for kept in self._store.open()}
        self._ended = OrderedDict((kept.id, read_ended(kept)) for kept in reversed(self._store.ended()))

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._rows

    def all(self) -> list[Row]:
        """What is open: what waits, alerts, what failed or was stopped, what is finished; each the newest first."""
        return sorted(self._rows.values(), key=lambda row: (_ORDER[row.kind], -row.at, row.id))

    def of(self, server_id: str) -> list[Row]:
        """What is open on one server."""
        return [row for row in self._rows.values() if row.server_id == server_id]

    def get(self, row_id: str) -> Row | None:
        """One open row, or None."""
        return self._rows.get(row_id)

    def ends(self) -> list[Ended]:
        """What ended last, the newest first."""
        return list(reversed(self._ended.values()))

    def end_of(self, row_id: str) -> Ended | None:
        """How a row ended, as far as that is remembered."""
        return self._ended.get(row_id)

    def put(self, row: Row, what: Literal["added", "changed"] = "added") -> None:
        """Keep a row, and tell of it."""
        self._rows[row.id] = row
        self._store.put(stored(row))
        self.tell(what, row)

    def end(self, row: Row, how: str, said: str = "", by: By | None = None) -> None:
        """Take a row away, with a line in the history; one that was never open gets the line alone."""
        was = self._rows.pop(row.id, None)
        ended = Ended(replace(row, request=None), self._clock.now(), how, self._redact(said), by)
        self._store.end(stored(ended.row, ended))
        self._ended.pop(row.id, None)
        self._ended[row.id] = ended
        while len(self._ended) > KEPT:
            self._ended.popitem(last=False)
        if was is not None:
            self.tell("removed", row)

    def drop(self, row: Row) -> None:
        """Take a row away without a trace: it was seen, which is all that it was for."""
        self._rows.pop(row.id, None)
        self._store.forget(row.id)
        self.tell("removed", row)

    def tell(self, what: str, row: Row) -> None:
        """Say that something about a row is other than before."""
        self._bus.publish("inbox", {"what": what, "id": row.id, "count": len(self._rows)})
