# SPDX-License-Identifier: MIT
"""What fits a query, for one who looks: the newest entries that are there, then each as it comes."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from opencode_nexus.observe.log_entry import Entry
from opencode_nexus.observe.log_follow import OutputTail
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.log_search import Found
from opencode_nexus.observe.logs import Logs

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks at what servers and tunnels wrote


class LogFeed:
    """Calls `tell` on the event loop with fresh entries, the oldest first, from `start` until `stop`."""

    def __init__(self, logs: Logs, query: LogQuery, tell: Callable[[Sequence[Entry]], None]) -> None:
        self._logs, self._query, self._tell = logs, query.checked(), tell
        self._early: list[Entry] | None = []  # what came while the files were read
        self._end: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, count: int) -> Found:
        """Begin; returns the newest `count` entries that are there already, the newest first."""
        if self._query.hub:
            self._end = self._logs.tail.listen(self._hear)
        outputs = None
        if self._query.outputs:
            outputs = await asyncio.to_thread(OutputTail, self._logs.files, self._query)
        found = await self._logs.find(self._query, count)
        early, self._early = self._early or [], None
        there = set(found.entries[: len(early) + 1])
        if fresh := [entry for entry in early if entry not in there]:
            asyncio.get_running_loop().call_soon(self._tell, fresh)
        if outputs is not None:
            self._task = asyncio.get_running_loop().create_task(self._follow(outputs), name="log outputs")
        return found

    def stop(self) -> None:
        """Tell no more."""
        if self._end is not None:
            self._end()
            self._end = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _hear(self, told: Sequence[tuple[int, Entry]]) -> None:
        fitting = [entry for _, entry in told if self._query.fits(entry)]
        if self._early is not None:
            self._early.extend(fitting)
        elif fitting:
            self._tell(fitting)

    async def _follow(self, outputs: OutputTail) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                fresh = await asyncio.to_thread(outputs.fresh)
            except OSError as error:
                log.warning("the output cannot be followed: %s", error)
                continue
            if fresh:
                self._tell(fresh)
