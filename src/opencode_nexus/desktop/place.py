# SPDX-License-Identifier: MIT
"""Where the window was and how large, kept in the home folder."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

LEAST_WIDTH, LEAST_HEIGHT = 375, 480  # the narrowest screen that the pages are made for
REACH = 80  # pixels of the title bar that must be on a screen, to take the window by


class Screen(Protocol):
    """A screen of this machine, in pixels."""

    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Pixels; `x` and `y` None: the system chooses."""

    width: int = 1200
    height: int = 820
    x: int | None = None
    y: int | None = None

    def on(self, screens: Sequence[Screen]) -> "Place":
        """Return it as it can be had now: no larger than the largest screen, and never where no screen is any more."""
        if not screens:
            return self
        width = max(LEAST_WIDTH, min(self.width, max(screen.width for screen in screens)))
        height = max(LEAST_HEIGHT, min(self.height, max(screen.height for screen in screens)))
        if self.x is None or self.y is None:
            return Place(width, height)
        for screen in screens:
            across = min(self.x + width, screen.x + screen.width) - max(self.x, screen.x)
            if across >= REACH and screen.y <= self.y <= screen.y + screen.height - REACH:
                return Place(width, height, self.x, self.y)
        return Place(width, height)


def load(path: Path) -> Place:
    """Return what was kept in the file, else the first size; a file that cannot be read is no reason not to start."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        numbers = {name: int(kept[name]) for name in ("width", "height")}
        at = {name: int(kept[name]) for name in ("x", "y") if kept.get(name) is not None}
        return Place(**numbers, **(at if len(at) == 2 else {}))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return Place()


def save(path: Path, place: Place) -> None:
    """Keep it in one step. Raises OSError."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(place)), "utf-8")
    draft.replace(path)
