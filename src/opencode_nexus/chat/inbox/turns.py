# SPDX-License-Identifier: MIT
"""Turns that are over, as rows of the inbox: one for each chat that failed, was stopped at the end of a budget, or
finished while nobody looked."""

import logging
import re
from collections.abc import Callable
from typing import Any

from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.row import CUT_SHORT, Kind, Row
from opencode_nexus.chat.servers import ServerDirectory
from opencode_nexus.chat.transcript import cut_off
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.events import Event
from opencode_nexus.opencode.wire import child

log = logging.getLogger(__name__)

WEEK = 7 * 86_400.0  # seconds that a finished turn is kept
MOST = 100  # finished turns that are kept
DETAIL = 200  # characters of what was said last
ABORTED = "MessageAbortedError"  # somebody pressed Stop: he knows
_MARKS = re.compile(r"\*\*|__|~~|`+|^#{1,6}\s+|^>\s?", re.MULTILINE)  # Markdown, shown as it is in one line
CUT_OFF = "OpenCode stopped while the agent was working."
STOPPED = "The server was stopped while the agent was working."
INTERRUPTED = (CUT_OFF, STOPPED)


class Turns:
    """Is a `chat.listener.Listener`. `watched(server, session)`: whether a browser shows the chat now."""

    def __init__(
        self,
        *,
        chat: Chat,
        servers: ServerDirectory,
        book: InboxBook,
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        watched: Callable[[str, str], bool],
    ) -> None:
        self._chat, self._servers, self._book = chat, servers, book
        self._bus, self._clock, self._tasks, self._watched = bus, clock, tasks, watched
        self._ran: dict[str, set[str]] = {}  # what ran when an earlier hub was last heard of
        self._unlisten: list[Callable[[], None]] = []

    def open(self) -> None:
        """Begin; the journal is open, and no server has been heard yet."""
        self._ran = {server.id: set(self._chat.journal.running(server.id)) for server in self._servers.list()}
        self.close()
        self._unlisten = [self._bus.listen(self._told, "session"), self._bus.listen(self._spent, "budget")]
        self._unlisten.append(self._bus.listen(self._stopped, "agents-stopped"))
        self._prune()

    def close(self) -> None:
        """Follow no more."""
        for end in self._unlisten:
            end()
        self._unlisten = []

    def heard(self, server_id: str, directory: str, event: Event) -> None:
        """Nothing: the bus tells when a turn ends."""

    def connected(self, server_id: str, client: Client) -> None:
        """Turns may have ended while no hub listened."""
        for session_id in self._ran.pop(server_id, ()):
            if self._chat.status(session_id).kind == "idle":
                self._tasks.spawn(self._ended(server_id, session_id), f"end of a turn of {session_id}")

    def died(self, server_id: str) -> None:
        """The bus tells which chats were cut off."""

    def seen(self, server_id: str, session_id: str) -> None:
        """A browser shows the chat: what finished in it is known now."""
        row = self._book.get(_id(session_id))
        if row is not None and row.server_id == server_id and row.kind == "finished":
            self._book.drop(row)

    def _told(self, record: Record) -> None:
        data = record.data
        if not isinstance(data, dict) or data["session_id"] != data["root_id"]:
            return
        server_id, session_id = str(data["server_id"]), str(data["session_id"])
        match data["what"]:
            case "idle":
                self._tasks.spawn(self._ended(server_id, session_id), f"end of a turn of {session_id}")
            case "interrupted":
                self._put("failed", server_id, session_id, CUT_OFF)
            case "busy" | "retry":
                row = self._book.get(_id(session_id))
                if row is not None and row.kind in CUT_SHORT:
                    self._book.end(row, "continued")
                elif row is not None:
                    self._book.drop(row)

    def interrupted(self, server_id: str) -> list[Row]:
        """The chats of a server that were cut off and can be gone on with, oldest first."""
        rows = [row for row in self._book.all() if row.server_id == server_id and row.kind == "failed"]
        return sorted((row for row in rows if row.detail in INTERRUPTED), key=lambda row: row.at)

    def _stopped(self, record: Record) -> None:
        """A server is being stopped, and its agents with it."""
        data = record.data
        if isinstance(data, dict):
            server_id = str(data["server_id"])
            feed = self._chat.feeds.feed(server_id)
            for root in dict.fromkeys(feed.root(session_id) for session_id in data["sessions"]):
                self._put("failed", server_id, root, STOPPED)

    def _spent(self, record: Record) -> None:
        data = record.data
        if isinstance(data, dict) and data["what"] == "stopped":
            self._put("budget", str(data["server_id"]), str(data["session_id"]), str(data["text"]))

    async def _ended(self, server_id: str, session_id: str) -> None:
        feed = self._chat.feeds.feed(server_id)
        try:
            client = self._chat.client(server_id)
            if feed.heads.get(session_id) is None:
                feed.learn(await client.session(session_id))
            head = feed.heads.get(session_id)
            if head is None or head.parent_id:  # a sub-agent's turn is its parent's tool
                return
            newest, _ = await client.messages(session_id, 1)
        except NexusError as error:  # it is gone, or OpenCode is: then that is told
            log.info("how the turn of %s ended is not known: %s", session_id, error)
            return
        if not newest or self._chat.status(session_id).kind != "idle":
            return
        info = child(newest[-1], "info")
        wrong = feed.errors.get(session_id) or child(info, "error")
        if wrong.get("name") == ABORTED:
            return
        if wrong:
            self._put("failed", server_id, session_id, _why(wrong))
        elif cut_off(newest):  # OpenCode died in it, which "interrupted" tells as soon as that is sure
            return
        elif info.get("role") == "assistant" and not self._watched(server_id, session_id):
            row = self._book.get(_id(session_id))
            if row is not None and row.kind == "budget":  # used up by its very last step: that is worth more to know
                return
            self._put("finished", server_id, session_id, _last_words(newest[-1]))

    def _put(self, kind: Kind, server_id: str, session_id: str, detail: str) -> None:
        feed = self._chat.feeds.feed(server_id)
        head = feed.heads.get(session_id)
        self._book.put(
            Row(
                id=_id(session_id),
                kind=kind,
                server_id=server_id,
                session_id=session_id,
                root_id=session_id,
                title=feed.title(session_id),
                detail=_line(detail),
                at=self._clock.now(),
                directory=head.directory if head else "",
            )
        )
        self._prune()

    def _prune(self) -> None:
        finished = [row for row in self._book.all() if row.kind == "finished"]
        old = self._clock.now() - WEEK
        for number, row in enumerate(finished):
            if number >= MOST or row.at < old:
                self._book.drop(row)


def _id(session_id: str) -> str:
    """One row a chat: a newer end takes the place of the one before."""
    return f"turn_{session_id.removeprefix('ses_')}"


def _line(text: str) -> str:
    line = " ".join(text[: 4 * DETAIL].split())
    return line if len(line) <= DETAIL else line[: DETAIL - 1] + "…"


def _why(error: dict[str, Any]) -> str:
    return str(child(error, "data").get("message") or error.get("name") or "It failed.")


def _last_words(message: dict[str, Any]) -> str:
    texts = [str(part.get("text") or "") for part in message.get("parts") or () if part.get("type") == "text"]
    return _MARKS.sub("", texts[-1]) if texts else ""
