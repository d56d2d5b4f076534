# SPDX-License-Identifier: MIT
"""What servers and tunnels write from now on, for a page or command that looks."""

import sys

from opencode_nexus.observe.log_entry import Entry, read_output
from opencode_nexus.observe.log_files import LogFile, LogFiles
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.processes.follow import Follower
from opencode_nexus.secrets.redact import redact

MOST = 500  # entries of one look; a flood is passed by


class OutputTail:
    """Follows the outputs that a query asks for. `fresh` blocks: use a thread."""

    def __init__(self, files: LogFiles, query: LogQuery) -> None:
        self._files, self._query = files, query
        self._followers: dict[str, tuple[LogFile, Follower]] = {}
        self._look(from_end=True)

    def fresh(self) -> list[Entry]:
        """Return what was written since the last call and fits, the newest MOST of it, without secrets."""
        self._look(from_end=False)
        found: list[Entry] = []
        for file, follower in self._followers.values():
            if not follower.waiting():
                continue
            for line in follower.fresh(sys.maxsize)[-MOST:]:  # only its owner may turn the file over
                entry = read_output(line.encode(), file.source, file.about)
                entry = Entry(entry.at, entry.level, entry.part, redact(entry.message), entry.about)
                if self._query.fits(entry):
                    found.append(entry)
        return found[-MOST:]

    def _look(self, *, from_end: bool) -> None:
        """Take in the files that have come since; what is in them is new."""
        for file in self._files.outputs(self._query.about):
            name = file.name
            if file.current and name not in self._followers and self._query.part in ("", file.source):
                self._followers[name] = file, Follower(file.path, file.size if from_end else 0)
