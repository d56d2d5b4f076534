# SPDX-License-Identifier: MIT
"""Alerts as rows of the inbox: they come when one opens, and go by themselves when its cause is over."""

from collections.abc import Callable, Collection

from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.row import Row
from opencode_nexus.core.bus import Bus, Record


class AlertedRows:
    """Listens to bus topic "alert"."""

    def __init__(self, book: InboxBook, bus: Bus) -> None:
        self._book, self._bus = book, bus
        self._unlisten: Callable[[], None] = lambda: None

    def open(self, still: Collection[str]) -> None:
        """Begin; `still` are the ids of those that are open. The book is open."""
        for row in self._book.all():
            if row.kind == "alert" and row.id not in still:
                self._book.end(row, "over")
        self._unlisten = self._bus.listen(self._heard, "alert")

    def close(self) -> None:
        """Follow no more."""
        self._unlisten()

    def _heard(self, record: Record) -> None:
        told = record.data
        if not isinstance(told, dict):
            return
        row = self._book.get(str(told["id"]))
        if told["open"] and row is None:
            self._book.put(
                Row(
                    id=str(told["id"]),
                    kind="alert",
                    server_id=str(told["server_id"]),
                    session_id="",
                    root_id="",
                    title=str(told["title"]),
                    detail=str(told["detail"]),
                    at=record.at,
                )
            )
        elif row is not None and not told["open"]:
            self._book.end(row, "over")
