# SPDX-License-Identifier: MIT
"""Blocks of Markdown that were rendered before: the same words come again with each look at a chat."""

import threading
from collections import OrderedDict
from collections.abc import Callable

Outline = tuple[int, ...]
Rendered = tuple[str, Outline]

# Characters of sources and their HTML that are held in all. The 30 messages of a page have some 70,000, so this is the
# newest fourteen pages; it was counted in blocks once, and 15 long answers took 10 MB.
MOST = 1_000_000
LONGEST = 20_000  # characters of one source that is still worth keeping


class KeptBlocks:
    """`render(source, outline)` gives a block's HTML and the outline after it; what was used last is kept.

    For any thread: older messages are rendered in threads of their own.
    """

    def __init__(self, render: Callable[[str, Outline], Rendered], most: int = MOST) -> None:
        self._render, self._most = render, most
        self._held: OrderedDict[tuple[str, Outline], Rendered] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0  # characters held

    def block(self, source: str, outline: Outline) -> Rendered:
        """Return the block as HTML, and the outline behind it."""
        key = (source, outline)
        with self._lock:
            if (found := self._held.get(key)) is not None:
                self._held.move_to_end(key)
                return found
        made = self._render(source, outline)
        if len(source) <= LONGEST:
            with self._lock:
                self._hold(key, made)
        return made

    def _hold(self, key: tuple[str, Outline], made: Rendered) -> None:
        if key in self._held:  # another thread was quicker
            return
        self._held[key] = made
        self.size += len(key[0]) + len(made[0])
        while self.size > self._most:
            (source, _), (html, _) = self._held.popitem(last=False)
            self.size -= len(source) + len(html)
