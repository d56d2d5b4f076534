# SPDX-License-Identifier: MIT
"""What to try about a server that does not stay up, from how it ended and what it wrote last. Pure."""

import re
from collections.abc import Sequence

# The first that fits is told. The words are OpenCode's (1.18.33), Bun's, or the system's own.
_SIGNS: tuple[tuple[str, str], ...] = (
    (r"No space left|ENOSPC|database or disk is full", "Free some space on the disk, then start it."),
    (r"ConfigInvalid|ConfigJson|opencode\.jsonc?\b", "Correct the opencode.json that it names, then start it."),
    (r"GLIBC|Illegal instruction|SIGILL", "This OpenCode is not for this machine: choose another one in the settings."),
    (r"EACCES|EPERM|Permission denied|read-only", "Give yourself the right to what it names, then start it."),
    (r"malformed|SQLITE_CORRUPT|not a database", "OpenCode's database is damaged: put a backup of it back."),
    (r"database is locked|SQLITE_BUSY", "Another program holds OpenCode's database: end it, then start this server."),
    (r"out of memory|ENOMEM|SIGKILL", "The system may have ended it for want of memory: stop other programs, or set a "
     "limit at which it is restarted when idle."),
    (r"SIGSEGV|SIGBUS|SIGABRT|panic|Bun has crashed", "OpenCode itself crashed: try another version of it."),
    (r"it hung", "See whether the disk or a network drive of its folders answers, then start it."),
)  # fmt: skip
OTHERWISE = "Read its last lines, correct what they name, then start it."


def advice(cause: str, lines: Sequence[str]) -> str:
    """Return what to try, as a sentence; `cause` is how it ended, `lines` what it wrote last."""
    said = "\n".join((cause, *lines[-20:]))
    return next((words for sign, words in _SIGNS if re.search(sign, said, re.IGNORECASE)), OTHERWISE)
