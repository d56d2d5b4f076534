# SPDX-License-Identifier: MIT
"""Whose page is on a screen just now: a page that is hidden closes its live stream after three seconds."""

from collections import Counter
from collections.abc import Callable


class Presence:
    """Counts the open live streams by login."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def arrive(self, login_id: str) -> Callable[[], None]:
        """A stream of this login is open; call what is returned when it is not any more."""
        self._open[login_id] += 1
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._open[login_id] -= 1
                if not self._open[login_id]:
                    del self._open[login_id]

        return leave

    def looks(self, login_id: str) -> bool:
        """Whether a page of this login is on a screen."""
        return login_id in self._open
