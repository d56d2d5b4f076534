# SPDX-License-Identifier: MIT
"""What waits for a person: permissions and questions of all servers, of sub-agents of any depth too.

Nothing is kept on disk: OpenCode itself forgets what it waits for when it dies, and lists it otherwise.
"""

from dataclasses import dataclass
from typing import Literal

from opencode_nexus.core.clock import Clock
from opencode_nexus.opencode.state import Permission, Question

Request = Permission | Question
DETAIL = 200  # characters shown of what is asked


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits. `root_id` is the chat that shows it, `title` that chat's title, `at` epoch seconds.

    `detail` says in a few words what is asked; `request` holds all of it.
    """

    id: str
    kind: Literal["permission", "question"]
    server_id: str
    session_id: str
    root_id: str
    title: str
    detail: str
    at: float
    request: Request


@dataclass(frozen=True, slots=True)
class Entry:
    """A request as it is kept; `directory` is the folder that its answer must name."""

    server_id: str
    directory: str
    at: float
    request: Request


class Inbox:
    """The requests that wait now, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}

    def put(self, server_id: str, directory: str, request: Request) -> bool:
        """Add a request; False when it is there already."""
        if request.id in self._entries:
            return False
        self._entries[request.id] = Entry(server_id, directory, self._clock.now(), request)
        return True

    def drop(self, request_id: str) -> Entry | None:
        """Take a request away; returns it if it was there."""
        return self._entries.pop(request_id, None)

    def get(self, request_id: str) -> Entry | None:
        """One request, or None."""
        return self._entries.get(request_id)

    def of(self, server_id: str | None = None, session_id: str | None = None) -> list[Entry]:
        """The requests of a server, or of one session of it alone; of all servers when none is named."""
        return [
            entry
            for entry in self._entries.values()
            if server_id in (None, entry.server_id) and session_id in (None, entry.request.session_id)
        ]


def detail_of(request: Request) -> str:
    """What is asked, in a few words on one line."""
    if isinstance(request, Question):
        words = " ".join(str(asked.get("question", "")) for asked in request.questions)
    else:
        wanted = request.metadata.get("command") or " ".join(request.patterns)
        words = f"{request.permission}: {wanted}"
    line = " ".join(words.split())
    return line if len(line) <= DETAIL else line[: DETAIL - 1] + "…"
