# SPDX-License-Identifier: MIT
"""What a process's silence means. Pure."""

from typing import Literal

Start = Literal["ready", "wait", "ended", "late"]
Health = Literal["fine", "silent"]

SILENT_AFTER = 30.0  # seconds; a busy OpenCode on two shared cores was seen to answer after 5


def starting(*, alive: bool, answers: bool, waited: float, limit: float) -> Start:
    """Judge a start: an answer counts only while the process lives, as another may have its port by then.

    `waited` and `limit` are seconds since the spawn.
    """
    if not alive:
        return "ended"
    if answers:
        return "ready"
    return "late" if waited >= limit else "wait"


def running(*, now: float, answered: float) -> Health:
    """Judge a running process by the time of its last answer (both from one monotonic clock, in seconds).

    Silence is told, never punished: what is busy is not restarted, since that would lose its work.
    """
    return "silent" if now - answered >= SILENT_AFTER else "fine"
