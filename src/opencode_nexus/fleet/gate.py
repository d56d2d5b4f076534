# SPDX-License-Identifier: MIT
"""How many servers may start at once."""

import asyncio
from collections import deque
from collections.abc import Callable

from opencode_nexus.fleet.errors import StartStopped


class Gate:
    """Lets `limit()` in at once, the others in the order in which they came.

    Four real servers on two crowded cores: all started at once each took 10 to 16 s, two at a time 6 to 14 s. A start
    has 60 s at most: twelve at once would come near that, and the first of them would be there last.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._inside = 0
        self._closed = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def full(self) -> bool:
        """Whether the next one has to wait."""
        return bool(self._waiting) or self._inside >= max(1, self._limit())

    async def enter(self, stop: asyncio.Event) -> None:
        """Return when there is room; `leave` must follow.

        Raises StartStopped when `stop` is set before, or the gate is closed.
        """
        if self._closed:
            raise StartStopped()
        if not self.full:
            self._inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((turn, stopped), return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            self._give_back(turn)
            raise
        finally:
            stopped.cancel()
        if stop.is_set() or self._closed:
            self._give_back(turn)
            raise StartStopped()

    def close(self) -> None:
        """Let nobody in any more: the hub ends, and must not wait for whole rows of starts."""
        self._closed = True
        while self._waiting:
            self._waiting.popleft().cancel()

    def leave(self) -> None:
        """Make room for the next."""
        self._inside -= 1
        while self._waiting and self._inside < max(1, self._limit()):
            self._inside += 1
            self._waiting.popleft().set_result(None)

    def _give_back(self, turn: "asyncio.Future[None]") -> None:
        if not turn.done():
            self._waiting.remove(turn)
        elif not turn.cancelled():
            self.leave()
