# SPDX-License-Identifier: MIT
"""Which logins and tokens ended while this hub runs: asked before each piece of a stream, and told at once."""

from collections.abc import Callable

from opencode_nexus.core.bus import Bus

REMEMBER = 1000  # ids; only streams older than their end need them


class Endings:
    """Remembers ids, tells whoever watches one, and publishes bus topic `access` with {"ended": [ids]}."""

    def __init__(self, bus: Bus | None) -> None:
        self._bus = bus
        self._gone: dict[str, None] = {}  # oldest first
        self._watched: dict[str, set[Callable[[], None]]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._gone

    def add(self, keys: list[str]) -> None:
        """Takes in what just ended."""
        for key in keys:
            self._gone[key] = None
        while len(self._gone) > REMEMBER:
            del self._gone[next(iter(self._gone))]
        for key in keys:
            for tell in tuple(self._watched.get(key, ())):
                tell()
        if keys and self._bus is not None:
            self._bus.publish("access", {"ended": keys})

    def watch(self, key: str, tell: Callable[[], None]) -> Callable[[], None]:
        """Call `tell` when `key` ends; returns a function that forgets it."""
        self._watched.setdefault(key, set()).add(tell)

        def forget() -> None:
            left = self._watched.get(key, set())
            left.discard(tell)
            if not left:
                self._watched.pop(key, None)

        return forget
