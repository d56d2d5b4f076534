# SPDX-License-Identifier: MIT
"""The hub's log: JSON lines in a file, readable lines on stderr, no secrets in either.

Who logs hands a finished entry to a queue; one thread does the rest, so that neither a slow disk nor a slow terminal
holds the event loop up.
"""

import asyncio
import logging
import logging.handlers
import queue
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import msgspec

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.log_levels import PARTS, parse_levels
from opencode_nexus.core.settings import Settings
from opencode_nexus.observe.log_entry import Entry, line_of, of_record, readable
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.log_search import Found, search
from opencode_nexus.observe.log_tail import Tail
from opencode_nexus.observe.log_writer import HubFile
from opencode_nexus.observe.page_errors import PageErrors
from opencode_nexus.secrets.redact import redact, without_known

log = logging.getLogger(__name__)

WAITING = 20_000  # entries that may wait for the thread; more are counted and left out
MEGABYTE = 1_000_000
TIDY = 2.0  # seconds between two looks at the cap (0.5 ms each); the hub's own file sees to it as it grows
SEARCHES = 2  # at the same time; each has a thread and a core to itself
_ROOT = "opencode_nexus"


class _Hand(logging.Handler):
    """Hands entries to the thread. The secrets that are known are out of them by then: later they may not be any more.

    The guessing is the thread's: it takes ten times as long.
    """

    def __init__(self, entries: "queue.SimpleQueue[Entry | None]") -> None:
        super().__init__()
        self._entries = entries
        self._plain = logging.Formatter()
        self.left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._entries.qsize() > WAITING:
                self.left_out += 1
                return
            trace = self._plain.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""
            self._entries.put(of_record(record, without_known(record.getMessage()), without_known(trace)))
        except Exception:  # a log line that cannot be made must not end what logged it
            self.handleError(record)


class _Listener(logging.handlers.QueueListener):
    """The thread: cleans each entry, writes it, shows it, keeps it for pages that look."""

    def __init__(self, logs: "Logs", hand: _Hand, entries: "queue.SimpleQueue[Entry | None]") -> None:
        super().__init__(entries)
        self._logs, self._hand = logs, hand

    def handle(self, record: Any) -> None:
        entry: Entry = record
        clean = msgspec.structs.replace(entry, message=redact(entry.message), trace=redact(entry.trace))
        self._logs.write(clean)
        if self._hand.left_out and self.queue.qsize() < WAITING // 2:  # type: ignore[attr-defined]
            count, self._hand.left_out = self._hand.left_out, 0
            self._logs.write(_said(clean, f"Entries left out, as they came too fast to be written: {count:,}"))


def _said(entry: Entry, message: str) -> Entry:
    return Entry(entry.at, "warning", "observe", message, where="observe.logs")


class Logs:
    """The logs of the home whose folder for them is `folder`. Without `begin` it only reads what is there.

    `ripgrep` finds that program, which makes searching many files quick.
    """

    def __init__(
        self,
        folder: Path,
        terminal: TextIO | None = None,
        ripgrep: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self.files = LogFiles(folder)
        self.tail = Tail()
        self.file = HubFile(self.files)
        self.pages = PageErrors(SystemClock())
        self._terminal, self._ripgrep = terminal, ripgrep
        self._shown = logging.WARNING
        self._lost = 0
        self._listener: _Listener | None = None
        self._before: list[logging.Handler] = []
        self._searching = asyncio.Semaphore(SEARCHES)

    def begin(self, settings: Settings) -> None:
        """Log from now on, as these settings say."""
        entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        hand = _Hand(entries)
        root = logging.getLogger()
        self._before, root.handlers = root.handlers, [hand]
        logging.captureWarnings(True)
        self.follow(settings)
        self.file.keep()
        self._listener = _Listener(self, hand, entries)
        self._listener.start()

    def follow(self, settings: Settings) -> None:
        """Take what these settings say, at once."""
        own, base = parse_levels(settings.log_levels), getattr(logging, settings.log_level.upper())
        logging.getLogger(_ROOT).setLevel(base)
        # the libraries' own debugging holds headers, bodies, and a line for each packet
        logging.getLogger().setLevel(own.get("libraries", "warning").upper())
        for part in PARTS:
            if part != "libraries":
                logging.getLogger(f"{_ROOT}.{part}").setLevel(own[part].upper() if part in own else logging.NOTSET)
        self._shown = logging.WARNING if base == logging.INFO else base  # the terminal is for what matters
        self.file.limit(settings.log_size * MEGABYTE, settings.log_days)

    async def tidy(self) -> None:
        """See to the cap again and again, as what servers write grows."""
        while True:
            await asyncio.sleep(TIDY)
            try:
                if gone := await asyncio.to_thread(self.file.keep):
                    log.info("to keep the logs small, these went: %s", ", ".join(gone))
            except OSError as error:
                log.warning("old logs cannot be removed: %s", error)

    async def find(self, query: LogQuery, limit: int, before: str | None = None) -> Found:
        """Search the files, as `log_search.search` says."""
        async with self._searching:
            return await asyncio.to_thread(self._find, query.checked(), limit, before)

    def _find(self, query: LogQuery, limit: int, before: str | None) -> Found:
        return search(self.files, query, limit, before, self._ripgrep())

    def write(self, entry: Entry) -> None:
        """Put an entry into file, terminal and tail. The thread's alone."""
        if self._lost and self.file.add(
            line_of(_said(entry, f"Entries that could not be written here: {self._lost:,}"))
        ):
            self._lost = 0
        if not self.file.add(line_of(entry)):
            self._lost += 1
        self.tail.add(entry)
        if getattr(logging, entry.level.upper(), logging.INFO) >= self._shown:
            try:
                print(readable(entry), file=self._terminal or sys.stderr, flush=True)
            except (OSError, ValueError):  # a terminal that was closed
                self._shown = logging.CRITICAL

    def close(self) -> None:
        """Write the rest, and log no more."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
            logging.captureWarnings(False)
            for part in PARTS:
                logging.getLogger(f"{_ROOT}.{part}").setLevel(logging.NOTSET)
            logging.getLogger().handlers = self._before
            self.file.close()
