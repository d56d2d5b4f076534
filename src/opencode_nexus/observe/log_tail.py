# SPDX-License-Identifier: MIT
"""The newest entries in memory, and telling the event loop of each as it comes."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

from opencode_nexus.observe.log_entry import Entry

KEPT = 1000  # entries, about 300 kB

Listener = Callable[[Sequence[tuple[int, Entry]]], None]


class Tail:
    """The newest entries, each with its number of this run. `add` is for the thread that writes; all else is the
    loop's."""

    def __init__(self) -> None:
        self.seq = 0
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, Entry]] = deque(maxlen=KEPT)
        self._fresh: deque[tuple[int, Entry]] = deque(maxlen=KEPT)  # a flood may pass a page by
        self._listeners: set[Listener] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, entry: Entry) -> None:
        """Keep an entry, and tell whoever listens; any number of them wakes the loop once."""
        with self._lock:
            self.seq += 1
            self._kept.append((self.seq, entry))
            loop, wake = self._loop, not self._fresh
            if loop is None:
                return
            self._fresh.append((self.seq, entry))
        if wake:
            try:
                loop.call_soon_threadsafe(self._tell)
            except RuntimeError:  # it has ended
                return

    def newest(self) -> list[tuple[int, Entry]]:
        """Return what is kept, the oldest first."""
        with self._lock:
            return list(self._kept)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on this loop with what comes, the oldest first; returns a function that ends it."""
        self._loop = asyncio.get_running_loop()
        self._listeners.add(listener)

        def end() -> None:
            self._listeners.discard(listener)
            if not self._listeners:
                with self._lock:
                    self._loop = None
                    self._fresh.clear()

        return end

    def _tell(self) -> None:
        with self._lock:
            fresh = list(self._fresh)
            self._fresh.clear()
        for listener in tuple(self._listeners):
            listener(fresh)
