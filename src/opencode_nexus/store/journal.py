# SPDX-License-Identifier: MIT
"""The hub's copy of what the agents are saying: every delta of every part that OpenCode has not closed.

OpenCode neither stores nor repeats the text of an open part (measured on OpenCode 1.18.33), so while a
part runs this is the only copy there is. The text is held in memory and written at most 50 ms later.
"""

import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from opencode_nexus.store import held
from opencode_nexus.store.db import Database
from opencode_nexus.store.failures import Failures
from opencode_nexus.store.held import HeldText
from opencode_nexus.store.text import storable


@dataclass(slots=True)
class OpenPart:
    """A part that OpenCode has not closed. `gaps`: offsets in the text at which words may be missing."""

    id: str
    server_id: str
    session_id: str
    message_id: str
    directory: str
    kind: str
    gaps: list[int] = field(default_factory=list)
    interrupted: bool = False
    pieces: list[str] = field(default_factory=list)
    length: int = 0  # characters in all pieces

    @property
    def text(self) -> str:
        """All that was heard of it."""
        if len(self.pieces) > 1:
            self.pieces = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one write carries: pieces by part, held words, and the servers whose held words were let go of."""

    seq: int
    texts: dict[str, list[str]]
    words: list[HeldText]
    released: set[str]


class Journal:
    """Keeps open parts, in memory and in the database; interrupted ones in the database alone.

    All methods but `open` and `interrupted` are quick and wait for nothing. Used on the loop's thread only, apart
    from the write itself.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._open: dict[str, OpenPart] = {}
        self._interrupted: set[str] = set()
        self._running: dict[tuple[str, str], str] = {}
        self._unwritten: dict[str, list[str]] = {}
        self._held: list[HeldText] = []
        self._released: set[str] = set()
        self._lock = threading.Lock()  # between append here and _write in the writer thread
        self._seq = 0

    async def open(self) -> None:
        """Load what was open and what was busy when the hub last ran."""
        orphans = "DELETE FROM open_text WHERE part_id NOT IN (SELECT part_id FROM open_parts)"
        await self._db.write(held.take_in)
        await self._db.write(lambda c: c.execute(orphans))
        rows = await self._db.query("SELECT * FROM open_parts")
        texts = await self._db.query(
            "SELECT t.* FROM open_text t JOIN open_parts p USING (part_id)"
            " WHERE p.interrupted = 0 ORDER BY t.part_id, t.seq"
        )
        for row in rows:
            if row["interrupted"]:
                self._interrupted.add(row["part_id"])
            else:
                self._open[row["part_id"]] = _part(row)
        for row in texts:
            part = self._open[row["part_id"]]
            part.pieces.append(row["text"])
            part.length += len(row["text"])
        (last,) = await self._db.query("SELECT COALESCE(MAX(seq), 0) AS seq FROM open_text")
        self._seq = last["seq"]
        for row in await self._db.query("SELECT * FROM running_sessions"):
            self._running[row["server_id"], row["session_id"]] = row["directory"]

    # Parts

    def begin(self, part: OpenPart, text: str = "") -> None:
        """Keep a part that just opened (or was replaced by its server), with the text it has so far."""
        self._forget(part.id)
        part.pieces, part.length = [text] if text else [], len(text)
        self._open[part.id] = part
        row = (part.id, part.server_id, part.session_id, part.message_id, part.directory, part.kind)
        gaps = json.dumps(part.gaps)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO open_parts"
                " (part_id, server_id, session_id, message_id, directory, kind, gaps)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, gaps),
            )

        self._db.post(work)
        if text:
            self._append_later(part.id, text)

    def append(self, part_id: str, text: str) -> bool:
        """Keep a delta; False when the part is not open here."""
        part = self._open.get(part_id)
        if part is None:
            return False
        part.pieces.append(text)
        part.length += len(text)
        self._append_later(part_id, text)
        return True

    def hold(self, words: HeldText) -> None:
        """Keep words that cannot be taken in yet: `release` follows, or, should the hub be killed, `open`."""
        with self._lock:
            idle = self._idle()
            self._held.append(words)
        if idle:
            self._db.post(self._writer())

    def release(self, server_id: str) -> None:
        """Let go of what was held for a server: it has been taken in, and is written by the same transaction."""
        with self._lock:
            idle = self._idle()
            self._held = [one for one in self._held if one.server_id != server_id]
            self._released.add(server_id)
        if idle:
            self._db.post(self._writer())

    def _append_later(self, part_id: str, text: str) -> None:
        with self._lock:
            idle = self._idle()
            self._unwritten.setdefault(part_id, []).append(text)
        if idle:
            self._db.post(self._writer())

    def _idle(self) -> bool:
        """Whether no `_writer` is on its way."""
        return not (self._unwritten or self._held or self._released)

    def _writer(self) -> Callable[[sqlite3.Connection], None]:
        """Return the job that writes what has gathered until it runs. Run again, because its transaction failed, it
        writes the same: the text is not held anywhere else in that form, and a hole would stand there without a mark.
        """
        taken: list[_Taken] = []

        def work(connection: sqlite3.Connection) -> None:
            if not taken:
                taken.append(self._take())
            self._write(connection, taken[0])

        return work

    def _take(self) -> "_Taken":
        with self._lock:
            texts, self._unwritten = self._unwritten, {}
            words, self._held = self._held, []
            released, self._released = self._released, set()
            self._seq += 1
            return _Taken(self._seq, texts, words, released)

    @staticmethod
    def _write(connection: sqlite3.Connection, taken: "_Taken") -> None:
        if taken.words or taken.released:
            held.write(connection, taken.words, taken.released)
        rows = [(part_id, taken.seq, storable("".join(pieces))) for part_id, pieces in taken.texts.items()]
        # The row of a part that just opened may come later in this transaction, so nothing refers to it.
        connection.executemany("INSERT INTO open_text (part_id, seq, text) VALUES (?, ?, ?)", rows)

    def gap(self, part_id: str) -> None:
        """Mark that words may be missing at the present end of an open part."""
        part = self._open.get(part_id)
        if part is None or part.length in part.gaps:
            return
        part.gaps.append(part.length)
        gaps = json.dumps(part.gaps)
        self._db.post(lambda c: c.execute("UPDATE open_parts SET gaps = ? WHERE part_id = ?", (gaps, part_id)))

    def close(self, part_id: str) -> None:
        """Let go of a part: its server has the whole text, or it was removed."""
        self._forget(part_id)

    def interrupt(self, part_id: str) -> None:
        """Keep an open part for good: its server will never close it."""
        part = self._open.pop(part_id, None)
        if part is None:
            return
        with self._lock:
            self._unwritten.pop(part_id, None)
        self._interrupted.add(part_id)
        text = storable(part.text)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE open_parts SET interrupted = 1 WHERE part_id = ?", (part_id,))
            connection.execute("DELETE FROM open_text WHERE part_id = ?", (part_id,))
            connection.execute("INSERT INTO open_text (part_id, seq, text) VALUES (?, 0, ?)", (part_id, text))

        self._db.post(work)

    def forget_session(self, session_id: str) -> None:
        """Let go of everything of a deleted session."""
        for part in self.open_parts(session_id=session_id):
            self._forget(part.id)
        self._db.post(lambda c: _delete(c, "session_id", session_id))
        for server_id, running in list(self._running):
            if running == session_id:
                self.idle(server_id, session_id)

    def forget_message(self, message_id: str) -> None:
        """Let go of everything of a removed message."""
        for part in self.open_parts(message_id=message_id):
            self._forget(part.id)
        if self._interrupted:
            self._db.post(lambda c: _delete(c, "message_id", message_id))

    def _forget(self, part_id: str) -> None:
        if self._open.pop(part_id, None) is None and part_id not in self._interrupted:
            return
        with self._lock:
            self._unwritten.pop(part_id, None)
        self._interrupted.discard(part_id)
        self._db.post(lambda c: _delete(c, "part_id", part_id))

    def get(self, part_id: str) -> OpenPart | None:
        """An open part, or None; interrupted ones are not in memory."""
        return self._open.get(part_id)

    def knows(self, part_id: str) -> bool:
        """Whether there is a copy of the part, open or interrupted."""
        return part_id in self._open or part_id in self._interrupted

    def open_parts(
        self, *, server_id: str | None = None, session_id: str | None = None, message_id: str | None = None
    ) -> list[OpenPart]:
        """The open parts of a server, a session or a message. They are few: one for each busy session."""
        return [
            part
            for part in self._open.values()
            if server_id in (None, part.server_id)
            and session_id in (None, part.session_id)
            and message_id in (None, part.message_id)
        ]

    async def interrupted(self, session_id: str) -> dict[str, OpenPart]:
        """The copies of a session's parts that will never be closed, by part id."""
        found: dict[str, OpenPart] = {}
        if self._interrupted:
            await self._db.flush()
            sql = (
                "SELECT p.*, t.text FROM open_parts p LEFT JOIN open_text t USING (part_id)"
                " WHERE p.session_id = ? AND p.interrupted = 1"
            )
            for row in await self._db.query(sql, (session_id,)):
                part = _part(row)
                part.pieces = [row["text"] or ""]
                part.length = len(part.pieces[0])
                found[part.id] = part
        return found

    def failures(self, server_id: str) -> Failures:
        """Why the server's sessions failed."""
        return Failures(self._db, server_id)

    # Busy sessions

    def busy(self, server_id: str, session_id: str, directory: str) -> None:
        """Remember that a session runs, across a crash of whatever kind."""
        if self._running.get((server_id, session_id)) == directory:
            return
        self._running[server_id, session_id] = directory
        row = (server_id, session_id, directory)
        self._db.post(lambda c: c.execute("INSERT OR REPLACE INTO running_sessions VALUES (?, ?, ?)", row))

    def runs(self, server_id: str, session_id: str) -> bool:
        """Whether it is remembered to run."""
        return (server_id, session_id) in self._running

    def idle(self, server_id: str, session_id: str) -> None:
        """Remember that it does not run any more."""
        if self._running.pop((server_id, session_id), None) is not None:
            sql = "DELETE FROM running_sessions WHERE server_id = ? AND session_id = ?"
            self._db.post(lambda c: c.execute(sql, (server_id, session_id)))

    def running(self, server_id: str) -> dict[str, str]:
        """The sessions of a server that were busy when last heard of, and their folders."""
        return {session: folder for (server, session), folder in self._running.items() if server == server_id}

    def forget_server(self, server_id: str) -> None:
        """Let go of a removed server's busy sessions; its open parts become interrupted."""
        for part in self.open_parts(server_id=server_id):
            self.interrupt(part.id)
        for session_id in self.running(server_id):
            self.idle(server_id, session_id)
        self._db.post(lambda c: c.execute("DELETE FROM failures WHERE server_id = ?", (server_id,)))


def _delete(connection: sqlite3.Connection, column: str, value: str) -> None:
    parts = f"SELECT part_id FROM open_parts WHERE {column} = ?"
    connection.execute(f"DELETE FROM open_text WHERE part_id IN ({parts})", (value,))
    connection.execute(f"DELETE FROM open_parts WHERE {column} = ?", (value,))


def _part(row: sqlite3.Row) -> OpenPart:
    return OpenPart(
        id=row["part_id"],
        server_id=row["server_id"],
        session_id=row["session_id"],
        message_id=row["message_id"],
        directory=row["directory"],
        kind=row["kind"],
        gaps=json.loads(row["gaps"]),
        interrupted=bool(row["interrupted"]),
    )
