# SPDX-License-Identifier: MIT
"""Errors that our scripts met in a browser: told by the page, logged as the part `page`. So many, and no more."""

import logging
from collections import deque
from dataclasses import dataclass

from opencode_nexus.core.clock import Clock

log = logging.getLogger("opencode_nexus.page")

EACH, ALL = 10, 60  # a minute: of one login, and of all of them
MINUTE = 60.0  # seconds
MESSAGE, STACK, SHORT = 1000, 4000, 200  # characters that are kept of message, stack, and all else
LOGINS = 1000  # that are remembered


@dataclass(frozen=True, slots=True)
class PageError:
    """What a page tells: `page` is its address without the query, `place` the script with line and column."""

    message: str
    page: str = ""
    place: str = ""
    stack: str = ""
    agent: str = ""

    def words(self) -> str:
        """Return it as the message of a log entry; the stack stands below."""
        head = f"{_line(self.message, MESSAGE)} (at {_line(self.place, SHORT) or '?'}, on {_line(self.page, SHORT)})"
        agent = f"\n{_line(self.agent, SHORT)}" if self.agent else ""
        return f"{head}{agent}\n{self.stack[:STACK].strip()}".rstrip()


class PageErrors:
    """Takes what pages tell."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()
        self._left_out = 0

    def add(self, login: str, error: PageError) -> bool:
        """Log an error that a page of `login` told; False when there were too many, and it was only counted."""
        now = self._clock.monotonic()
        mine = self._of.setdefault(login, deque())
        for times in (mine, self._all):
            while times and now - times[0] >= MINUTE:
                times.popleft()
        if len(self._of) > LOGINS:
            self._of = {key: times for key, times in self._of.items() if times or key == login}
        if len(mine) >= EACH or len(self._all) >= ALL:
            self._left_out += 1
            return False
        mine.append(now)
        self._all.append(now)
        if self._left_out:
            log.warning("%d more errors of pages were not written down", self._left_out)
            self._left_out = 0
        log.error("%s", error.words())
        return True


def _line(text: str, most: int) -> str:
    return " ".join(text.split())[:most]
