# SPDX-License-Identifier: MIT
"""The hub's own log: readable lines on stderr, and the same in a rotated file, without secrets."""

import logging
import logging.handlers
import queue
import sys
from pathlib import Path

from opencode_nexus.secrets.redact import redact

SIZE, FILES = 1_000_000, 5  # bytes of one file, and how many old ones are kept
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Clean(logging.Formatter):
    """Takes out what looks like a secret, also from tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def begin(folder: Path, level: str) -> logging.handlers.QueueListener:
    """Log from now on to stderr and to `folder`/hub.log at `level`; the returned listener's stop() writes the rest.

    A thread does the writing: a slow disk or terminal must not hold the event loop up.
    """
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    file = logging.handlers.RotatingFileHandler(
        folder / "hub.log", maxBytes=SIZE, backupCount=FILES, encoding="utf-8", delay=True
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr), file]
    for handler in handlers:
        handler.setFormatter(_Clean(_FORMAT))
    handlers[0].setLevel(logging.WARNING if level == "info" else level.upper())  # the terminal is for what matters
    listener = logging.handlers.QueueListener(lines, *handlers, respect_handler_level=True)
    root = logging.getLogger()
    root.handlers = [logging.handlers.QueueHandler(lines)]
    root.setLevel(level.upper())
    for noisy in ("httpx2", "httpcore2", "uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    listener.start()
    return listener
