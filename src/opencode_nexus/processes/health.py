# SPDX-License-Identifier: MIT
"""What a process's silence means. Pure."""

from typing import Literal

Start = Literal["ready", "wait", "ended", "late"]

SILENT_AFTER = 30.0  # seconds; a busy OpenCode on two shared cores was seen to answer after 5, and beats every 10


def starting(*, alive: bool, answers: bool, waited: float, limit: float) -> Start:
    """Judge a start: an answer counts only while the process lives, as another may have its port by then.

    `waited` and `limit` are seconds since the spawn.
    """
    if not alive:
        return "ended"
    if answers:
        return "ready"
    return "late" if waited >= limit else "wait"


class Silence:
    """How long a process has given no sign of life: neither an answer nor an event.

    What passes between two looks counts up to `most` seconds: when it was we who slept, that is no sign of its death.
    `seconds` is what it begins with.
    """

    def __init__(self, *, most: float, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._most, self._looked = most, -1.0

    def look(self, now: float, *, lives: bool) -> float:
        """Take in what was found at `now` (monotonic seconds); returns for how long it has been silent."""
        passed = 0.0 if self._looked < 0 else now - self._looked
        self._looked = now
        self.seconds = 0.0 if lives else self.seconds + min(passed, self._most)
        return self.seconds
