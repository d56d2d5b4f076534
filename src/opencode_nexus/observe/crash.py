# SPDX-License-Identifier: MIT
"""Crash reports: what ended the hub, in a file of this machine. Nothing is ever sent anywhere.

A hub that Python ends tells it itself. One that ends hard (a fault in a library) leaves its stacks in a file that it
opened at its start, and the next start makes the report; so it does when that file is there and empty, as after a
kill -9 or a power cut, but then there is nothing to report, only a line to log.
"""

import faulthandler
import logging
import os
import platform
import sys
import time
import traceback
from pathlib import Path
from typing import IO

from opencode_nexus import __version__
from opencode_nexus.observe.log_entry import read, readable
from opencode_nexus.observe.log_files import CRASHES, CURRENT
from opencode_nexus.processes.logfile import last_lines
from opencode_nexus.secrets.redact import redact

log = logging.getLogger(__name__)

LINES = 100  # of the log, in a report
STACKS = "running.stacks"

REPORT = """OpenCode Nexus {version} ended unexpectedly.
{what}
Found {at} UTC. Python {python} on {system}.

This file stays on this machine. Attach it to a report if you like; look through it first.

{stack}

The last lines of the log:

{lines}
"""


class Crashes:
    """The crash reports in `folder`/crashes. Its methods block for some milliseconds."""

    def __init__(self, folder: Path) -> None:
        self._logs, self._folder = folder, folder / CRASHES
        self._stacks = self._folder / STACKS
        self._file: IO[str] | None = None

    def begin(self) -> Path | None:
        """Watch over this run. Returns the report of the run before, when that ended hard."""
        report = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._stacks.exists():
                stack = self._stacks.read_text("utf-8", "replace").strip()
                if stack:
                    report = self._write("It ended hard: a fault in a library, or in Python itself.", stack)
                else:
                    log.warning("the hub before this one was killed, or the machine went off: it said no goodbye")
            self._file = os.fdopen(os.open(self._stacks, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w")
            faulthandler.enable(self._file, all_threads=True)
        except OSError as error:  # a full disk must not keep the hub from starting
            log.warning("crashes cannot be reported: %s", error)
        if report is not None:
            log.error("the hub before this one ended hard; the report is %s", report.name)
        return report

    def end(self) -> None:
        """This run ends in good order, or has told what ended it."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
            self._stacks.unlink(missing_ok=True)

    def report(self, error: BaseException) -> Path | None:
        """Write down what ended this run; returns the file, None when it cannot be written."""
        stack = "".join(traceback.format_exception(error))
        try:
            return self._write(f"{type(error).__name__} was not handled.", stack)
        except OSError:
            return None

    def _write(self, what: str, stack: str) -> Path:
        at = time.gmtime()
        path = self._folder / f"{time.strftime('%Y%m%d-%H%M%S', at)}-{os.getpid()}.txt"
        lines = (readable(read(line.encode())) for line in last_lines(self._logs / CURRENT, LINES))
        text = REPORT.format(
            version=__version__, what=what, at=time.strftime("%Y-%m-%d %H:%M:%S", at), stack=stack,
            python=sys.version.split()[0], system=f"{platform.system()} {platform.release()} {platform.machine()}",
            lines="\n".join(lines),
        )  # fmt: skip
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(redact(text))
        return path
