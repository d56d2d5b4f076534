# SPDX-License-Identifier: MIT
"""The rows of the search index, as its writer thread changes them: sessions, documents and their words."""

import re
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from opencode_nexus.store.search_words import pieces, words

# Raised whenever what is written here changes: the file is then made anew.
SHAPE = 1
PACKED_FROM = 512  # characters; longer texts are kept compressed, to a third of their size
SECOND = 10  # bits: documents of one second have ids next to each other
EVERY = "a"  # the tag that each document has
_UNNAMED = re.compile(r"(New|Child) session - \d{4}-")  # OpenCode 1.18.33, until it has thought of a title

SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE name (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind, value));
-- mark: how far it was read (its `updated` then, ms); 0: never to its end. cursor, goal: of a reading under way.
-- dirty: something was heard of it and may not be here yet. hidden_from: undone from this message on.
CREATE TABLE session (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, server_id TEXT NOT NULL, parent_id TEXT, project TEXT NOT NULL,
  title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, mark INTEGER NOT NULL DEFAULT 0,
  cursor TEXT, goal INTEGER, dirty INTEGER NOT NULL DEFAULT 0, hidden_from TEXT, gone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX session_server ON session (server_id);
-- id: the message's second << 10, and a number: newest first is then the index's own order, and a time a range of ids.
CREATE TABLE doc (
  id INTEGER PRIMARY KEY, session INTEGER NOT NULL, message_id TEXT NOT NULL, part_id TEXT NOT NULL,
  role TEXT NOT NULL, tool TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE UNIQUE INDEX doc_part ON doc (session, message_id, part_id);
CREATE TABLE body (id INTEGER PRIMARY KEY, text BLOB NOT NULL);
-- Without content (the texts are in `body`), and cut into words by us: `ascii` then splits at spaces alone.
CREATE VIRTUAL TABLE found USING fts5 (words, names, tags, content = '', tokenize = 'ascii');
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """A session as OpenCode tells it; times in epoch milliseconds. `hidden_from`: undone from this message on."""

    id: str
    server_id: str
    parent_id: str | None
    project: str
    title: str
    created: int
    updated: int
    hidden_from: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The words of one part. `role`: title, user, agent, reasoning, tool or file; `created` of its message, in ms."""

    message_id: str
    part_id: str
    role: str
    tool: str
    created: int
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the index has of a session; the columns of `session`."""

    id: str
    server_id: str
    project: str
    updated: int
    mark: int
    cursor: str | None
    goal: int | None
    dirty: bool


def packed(text: str) -> str | bytes:
    """Return a text as it is kept."""
    return zlib.compress(text.encode(), 3) if len(text) >= PACKED_FROM else text


def unpacked(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else zlib.decompress(kept).decode()


class Rows:
    """What can be done in one transaction. `words_of` a text and all else here is pure, so the same text always
    takes the same words out that it brought in.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute

    # Sessions

    def learn(self, facts: Facts, *, others: Collection[str] = ()) -> None:
        """Take over what is known of a session. `others`: on one of these servers it stays, if it was found there.

        One that was undone to a message loses the words from there on; when that is taken back it is read again.
        """
        row = self._do("SELECT * FROM session WHERE id = ?", (facts.id,)).fetchone()
        values = (facts.parent_id, facts.project, facts.title, facts.created, facts.updated, facts.hidden_from)
        if row is None:
            self._do(
                "INSERT INTO session (id, server_id, parent_id, project, title, created, updated, hidden_from)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (facts.id, facts.server_id, *values),
            )
        else:
            server_id = row["server_id"] if row["server_id"] in others else facts.server_id
            if (server_id, facts.project) != (row["server_id"], row["project"]):  # its documents' tags say otherwise
                self._empty(row["n"], 1_000_000)
                self._do("UPDATE session SET mark = 0, cursor = NULL, goal = NULL WHERE n = ?", (row["n"],))
            self._do(
                "UPDATE session SET server_id = ?, parent_id = ?, project = ?, title = ?, created = ?, updated = ?,"
                " hidden_from = ?, gone = 0 WHERE n = ?",
                (server_id, *values, row["n"]),
            )
            if row["hidden_from"] != facts.hidden_from or row["gone"]:
                self._do("UPDATE session SET mark = 0, cursor = NULL, goal = NULL WHERE n = ?", (row["n"],))
        n = self._session(facts.id)
        if n is not None and facts.hidden_from:
            self._drop("d.session = ? AND d.message_id >= ?", (n, facts.hidden_from))
        title = "" if _UNNAMED.match(facts.title) else facts.title
        self.put(facts.id, [Document("", "", "title", "", facts.created, title)])

    def known(self, session_id: str) -> Known | None:
        row = self._do("SELECT * FROM session WHERE id = ? AND gone = 0", (session_id,)).fetchone()
        return known_of(row) if row else None

    def of_server(self, server_id: str) -> list[Known]:
        found = self._do("SELECT * FROM session WHERE server_id = ? AND gone = 0", (server_id,))
        return [known_of(row) for row in found]

    def mark(self, session_id: str, updated: int, *, still: bool) -> None:
        """It was read to its end, as of `updated` (ms). `still`: nothing happens in it, so nothing is missing."""
        self._do(
            "UPDATE session SET mark = max(?, 1), cursor = NULL, goal = NULL, dirty = dirty AND NOT ? WHERE id = ?",
            (updated, still, session_id),
        )

    def follow(self, session_id: str) -> None:
        """All that was heard of it until now is here. Says nothing of what was never read."""
        self._do("UPDATE session SET mark = max(mark, updated), dirty = 0 WHERE id = ? AND mark > 0", (session_id,))

    def copied(self, known: Known) -> None:
        """It was copied from an index that knew this much of it."""
        self._do("UPDATE session SET mark = ?, dirty = ? WHERE id = ?", (known.mark, known.dirty, known.id))

    def keep_servers(self, server_ids: Collection[str]) -> None:
        """Forget the sessions of all other servers."""
        for row in self._do("SELECT DISTINCT server_id FROM session WHERE gone = 0").fetchall():
            if row["server_id"] not in server_ids:
                self.forget("server_id = ?", row["server_id"])

    def reading(self, session_id: str, cursor: str, goal: int) -> None:
        """It is read up to this cursor, on the way to its beginning."""
        self._do("UPDATE session SET cursor = ?, goal = ? WHERE id = ?", (cursor, goal, session_id))

    def dirty(self, session_ids: Iterable[str]) -> None:
        for session_id in session_ids:
            self._do("UPDATE session SET dirty = 1 WHERE id = ?", (session_id,))

    def forget(self, where: str, *values: object) -> None:
        """Sessions are found no more; `empty` takes their rows away."""
        self._do(f"UPDATE session SET gone = 1 WHERE {where}", values)

    def empty(self, most: int) -> bool:
        """Take away up to `most` documents of forgotten sessions; returns whether there may be more."""
        row = self._do("SELECT n FROM session WHERE gone = 1 LIMIT 1").fetchone()
        if row is None:
            return False
        if self._empty(row["n"], most) < most:
            self._do("DELETE FROM session WHERE n = ?", (row["n"],))
        return True

    def _empty(self, n: int, most: int) -> int:
        return self._drop("d.session = ?", (n,), most)

    def _session(self, session_id: str) -> int | None:
        row = self._do("SELECT n FROM session WHERE id = ? AND gone = 0", (session_id,)).fetchone()
        return row["n"] if row else None

    # Documents

    def put(self, session_id: str, documents: Sequence[Document]) -> bool:
        """Write documents of a session that is known; returns whether any is new or another."""
        row = self._do("SELECT * FROM session WHERE id = ? AND gone = 0", (session_id,)).fetchone()
        if row is None:
            return False
        changed = False
        for document in documents:
            if row["hidden_from"] and document.message_id >= row["hidden_from"]:
                continue
            changed |= self._put(row, document)
        return changed

    def _put(self, session: sqlite3.Row, document: Document) -> bool:
        key = (session["n"], document.message_id, document.part_id)
        sql = "SELECT * FROM doc JOIN body USING (id) WHERE session = ? AND message_id = ? AND part_id = ?"
        old = self._do(sql, key).fetchone()
        if old is not None:
            same = (unpacked(old["text"]), old["role"], old["tool"])
            if same == (document.text, document.role, document.tool):
                return False
            self._drop("d.id = ?", (old["id"],))
        if not document.text.strip():
            return old is not None
        number = self._free(document.created)
        self._do(
            "INSERT INTO doc VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, *key, document.role, document.tool, document.created),
        )
        self._do("INSERT INTO body VALUES (?, ?)", (number, packed(document.text)))
        columns = self._columns(session, document.role, document.tool, document.text)
        self._do("INSERT INTO found (rowid, words, names, tags) VALUES (?, ?, ?, ?)", (number, *columns))
        return True

    def _free(self, created: int) -> int:
        """An id of the message's second, or of the first after it that has one left."""
        first = max(0, created // 1000) << SECOND
        while True:
            after = first + (1 << SECOND)
            last = self._do("SELECT max(id) FROM doc WHERE id >= ? AND id < ?", (first, after)).fetchone()[0]
            if last is None:
                return first
            if last + 1 < after:
                return int(last) + 1
            first = after

    def _columns(self, session: sqlite3.Row, role: str, tool: str, text: str) -> tuple[str, str, str]:
        tags = [EVERY, f"c{session['n']}", f"r{role}"]
        tags.append(f"s{self._name('server', session['server_id'])}")
        tags.append(f"p{self._name('project', session['project'])}")
        if tool:
            tags.append(f"t{self._name('tool', tool)}")
        return " ".join(words(text)), " ".join(pieces(text)), " ".join(tags)

    def _name(self, kind: str, value: str) -> int:
        row = self._do("SELECT n FROM name WHERE kind = ? AND value = ?", (kind, value)).fetchone()
        if row is not None:
            return int(row["n"])
        return int(self._do("INSERT INTO name (kind, value) VALUES (?, ?) RETURNING n", (kind, value)).fetchone()["n"])

    def remove_message(self, session_id: str, message_id: str) -> None:
        self._drop_of(session_id, "d.message_id = ?", message_id)

    def remove_part(self, session_id: str, message_id: str, part_id: str) -> None:
        self._drop_of(session_id, "d.message_id = ? AND d.part_id = ?", message_id, part_id)

    def page(self, session_id: str, documents: Sequence[Document], since: int, until: int | None) -> bool:
        """Write a page of a session, whole, and take away what is no more in it; returns whether that changed anything.

        `since`, `until`: the times (ms) of its first message and of the one after its last; None: it is the newest.
        """
        n = self._session(session_id)
        if n is None:
            return False
        changed = self.put(session_id, documents)
        told = {(document.message_id, document.part_id) for document in documents}
        sql = "SELECT id, message_id, part_id FROM doc WHERE session = ? AND role <> 'title' AND created >= ?"
        rows = self._do(sql + " AND created < ?", (n, since, until if until is not None else 1 << 62)).fetchall()
        for row in rows:
            if (row["message_id"], row["part_id"]) not in told:
                self._drop("d.id = ?", (row["id"],))
                changed = True
        return changed

    def _drop_of(self, session_id: str, where: str, *values: object) -> None:
        n = self._session(session_id)
        if n is not None:
            self._drop("d.session = ? AND " + where, (n, *values))

    def _drop(self, where: str, values: Sequence[object], most: int = -1) -> int:
        sql = (
            "SELECT d.id, d.role, d.tool, b.text, s.n, s.server_id, s.project FROM doc d JOIN body b USING (id)"
            f" JOIN session s ON s.n = d.session WHERE {where} LIMIT ?"
        )
        rows = self._do(sql, (*values, most)).fetchall()
        for row in rows:
            columns = self._columns(row, row["role"], row["tool"], unpacked(row["text"]))
            self._do("INSERT INTO found (found, rowid, words, names, tags) VALUES ('delete', ?, ?, ?, ?)",
                     (row["id"], *columns))  # fmt: skip
            self._do("DELETE FROM doc WHERE id = ?", (row["id"],))
            self._do("DELETE FROM body WHERE id = ?", (row["id"],))
        return len(rows)


def known_of(row: sqlite3.Row) -> Known:
    return Known(
        row["id"], row["server_id"], row["project"], row["updated"], row["mark"], row["cursor"], row["goal"],
        bool(row["dirty"]),
    )  # fmt: skip
