# SPDX-License-Identifier: MIT
"""The search index: a file of its own beside the database, which can be made anew from what OpenCode keeps."""

import asyncio
import contextlib
import logging
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from opencode_nexus.store.damage import DatabaseDamaged
from opencode_nexus.store.db import CACHE, Database
from opencode_nexus.store.search_query import Term, expression
from opencode_nexus.store.search_rows import (
    EVERY,
    SCHEMA,
    SECOND,
    SHAPE,
    Document,
    Facts,
    Known,
    Rows,
    known_of,
    unpacked,
)
from opencode_nexus.store.search_snippet import Snippet, snippet

log = logging.getLogger(__name__)

T = TypeVar("T")
Role = Literal["title", "user", "agent", "reasoning", "tool", "file"]

# To rank all of 148,000 hits took 170 ms, the newest 3,000 of them 12 ms (200,000 messages, 2 cores).
RANKED = 3000
WEIGHTS = {"title": 4.0, "user": 1.3, "agent": 1.0, "file": 1.0, "tool": 0.7, "reasoning": 0.5}
SUFFIXES = ("", "-wal", "-shm")

# bm25 is below zero, the best the lowest. What was said today counts half as much again as what is a year old.
_FIND = f"""
SELECT d.id, f.score * CASE d.role {" ".join(f"WHEN '{role}' THEN {weight}" for role, weight in WEIGHTS.items())} END
  * (1 + 0.5 / (1 + max(0, ? - (d.id >> {SECOND})) / 2592000.0)) AS score, count(*) OVER () AS found
FROM (SELECT rowid AS id, bm25(found, 1.0, 0.6, 0.0) AS score FROM found
      WHERE found MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT {RANKED + 1}) f
JOIN doc d USING (id) JOIN session s ON s.n = d.session AND s.gone = 0
ORDER BY score, d.id DESC LIMIT ? OFFSET ?
"""
_HIT = """
SELECT d.*, b.text, s.id AS session_id, s.server_id, s.parent_id, s.project, s.title
FROM doc d JOIN body b USING (id) JOIN session s ON s.n = d.session WHERE d.id = ?
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must be of; "" is any. `since` and `until` in epoch seconds, the second one not included."""

    server_id: str = ""
    project: str = ""
    role: str = ""
    tool: str = ""
    session_id: str = ""
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One part that was found; `created` of its message in epoch ms. A title has no message ("")."""

    server_id: str
    session_id: str
    root_id: str
    message_id: str
    part_id: str
    role: Role
    tool: str
    created: int
    project: str
    title: str
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, best first. `more`: there are hits after them. `newest`: only the newest RANKED were ranked.

    `wordless`: what was typed holds no word, so that nothing was looked for.
    """

    hits: list[Hit]
    more: bool
    newest: bool
    wordless: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """What the index holds; `bytes` on the disk."""

    messages: int
    documents: int
    sessions: int
    bytes: int


class WrongShape(Exception):
    """The file was made by another version of the index."""


class SearchStore:
    """The index in one file. `find` runs in a thread of its own, writes in the file's writer thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = Database(path, _shape)
        self._pool = ThreadPoolExecutor(1, "nexus-search")
        self._reader: sqlite3.Connection | None = None

    async def open(self) -> bool:
        """Open the file; one that is damaged or of another version is made anew. Returns whether it is new.

        Raises sqlite3.Error or OSError when the disk does not allow it.
        """
        fresh = not self.path.exists()
        try:
            await self._db.open()
        except (WrongShape, DatabaseDamaged) as error:
            log.warning("the search index is made anew: %s", error)
            remove(self.path)
            fresh, self._db = True, Database(self.path, _shape)
            await self._db.open()
        self._reader = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
        self._reader.row_factory = sqlite3.Row
        self._reader.execute("PRAGMA query_only = ON")
        self._reader.execute(f"PRAGMA {CACHE}")
        return fresh

    @property
    def opened(self) -> bool:
        return self._reader is not None

    async def renew(self) -> None:
        """Open it anew, without what it held: it was found to be damaged, and is closed."""
        remove(self.path)
        await self.open()

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        await self._db.close()

    async def write(self, work: Callable[[Rows], T]) -> T:
        """Run `work` in a transaction and return its result; its exception is raised here."""
        return await self._db.write(lambda connection: work(Rows(connection)))

    async def find(
        self, terms: Sequence[Term], filters: Filters, limit: int, offset: int = 0, now: float | None = None
    ) -> Found:
        """Return `limit` hits from the `offset`th best on. Without terms: the newest that pass the filters."""
        moment = time.time() if now is None else now

        def work(connection: sqlite3.Connection) -> Found:
            with _at_once(connection):
                return _find(connection, terms, filters, limit, offset, moment)

        return await self._run(work)

    async def ids(self, terms: Sequence[Term], filters: Filters) -> set[tuple[str, str, str]]:
        """Return every hit as (session, message, part), unranked and however many."""

        def work(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
            asked = _asked(connection, terms, filters)
            if asked is None:
                return set()
            sql = (
                "SELECT s.id, d.message_id, d.part_id FROM found f JOIN doc d ON d.id = f.rowid"
                " JOIN session s ON s.n = d.session WHERE found MATCH ? AND f.rowid >= ? AND f.rowid < ?"
            )
            return {(row[0], row[1], row[2]) for row in connection.execute(sql, asked)}

        return await self._run(work)

    async def sessions(self) -> list[Known]:
        """Return all sessions."""
        sql = "SELECT * FROM session WHERE gone = 0"
        return await self._run(lambda connection: [known_of(row) for row in connection.execute(sql)])

    async def facts(self, session_id: str) -> Facts:
        """Return what was learned of a session that is known."""
        sql = "SELECT id, server_id, parent_id, project, title, created, updated, hidden_from FROM session WHERE id = ?"
        return await self._run(lambda connection: Facts(*connection.execute(sql, (session_id,)).fetchone()))

    async def recent(self, limit: int) -> list[Facts]:
        """Return the sessions that were used last, without sub-agents'."""
        sql = (
            "SELECT id, server_id, parent_id, project, title, created, updated, hidden_from FROM session"
            " WHERE gone = 0 AND parent_id IS NULL ORDER BY updated DESC LIMIT ?"
        )
        return await self._run(lambda connection: [Facts(*row) for row in connection.execute(sql, (limit,))])

    async def documents(self, session_id: str, after: int, limit: int) -> list[tuple[int, Document]]:
        """Return `limit` documents of a session with their ids, from the id `after` on (not included), by id."""
        sql = (
            "SELECT d.*, b.text FROM doc d JOIN body b USING (id) JOIN session s ON s.n = d.session"
            " WHERE s.id = ? AND d.id > ? ORDER BY d.id LIMIT ?"
        )

        def work(connection: sqlite3.Connection) -> list[tuple[int, Document]]:
            rows = connection.execute(sql, (session_id, after, limit))
            return [(row["id"], _document(row)) for row in rows]

        return await self._run(work)

    async def names(self) -> dict[str, list[str]]:
        """Return what can be filtered by: "project" and "tool", by name."""

        def work(connection: sqlite3.Connection) -> dict[str, list[str]]:
            projects = "SELECT DISTINCT project FROM session WHERE gone = 0 ORDER BY 1"
            tools = "SELECT value FROM name WHERE kind = 'tool' ORDER BY value"
            return {
                "project": [row[0] for row in connection.execute(projects)],
                "tool": [row[0] for row in connection.execute(tools)],
            }

        return await self._run(work)

    async def size(self) -> Size:
        """Return how much the index holds; counting 200,000 takes some 20 ms."""

        def work(connection: sqlite3.Connection) -> Size:
            (documents,) = connection.execute("SELECT count(*) FROM doc").fetchone()
            sql = "SELECT count(*) FROM (SELECT DISTINCT session, message_id FROM doc WHERE message_id <> '')"
            (messages,) = connection.execute(sql).fetchone()
            (sessions,) = connection.execute("SELECT count(*) FROM session WHERE gone = 0").fetchone()
            return Size(messages, documents, sessions, size_of(self.path))

        return await self._run(work)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        reader = self._reader
        if reader is None:
            raise RuntimeError("the search index is not open")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, reader)


@contextlib.contextmanager
def _at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """See the file as it is at one moment, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def size_of(path: Path) -> int:
    total = 0
    for suffix in SUFFIXES:
        with contextlib.suppress(OSError):
            total += path.with_name(path.name + suffix).stat().st_size
    return total


def remove(path: Path) -> None:
    """Take a closed file away, with those that SQLite puts beside it."""
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _shape(connection: sqlite3.Connection) -> None:
    """Make the tables of a fresh file; raises WrongShape for one of another version, or of another Python's letters."""
    wanted = f"{SHAPE}/{unicodedata.unidata_version}"
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        connection.executescript(f"BEGIN;{SCHEMA};INSERT INTO about VALUES ('shape', '{wanted}');COMMIT;")
        return
    row = connection.execute("SELECT value FROM about WHERE key = 'shape'").fetchone() if "about" in tables else None
    if row is None or row[0] != wanted:
        raise WrongShape(f"it has the shape {row and row[0]}, and this version writes {wanted}")


def _asked(connection: sqlite3.Connection, terms: Sequence[Term], filters: Filters) -> tuple[Any, ...] | None:
    """Return the expression and the range of ids; None when a filter names what no document has."""
    tags = []
    session_id = _sound(filters.session_id)
    for kind, letter, value in (
        ("server", "s", filters.server_id), ("project", "p", filters.project), ("tool", "t", filters.tool),
    ):  # fmt: skip
        if value:
            sql = "SELECT n FROM name WHERE kind = ? AND value = ?"
            row = connection.execute(sql, (kind, _sound(value))).fetchone()
            if row is None:
                return None
            tags.append(f"{letter}{row['n']}")
    if filters.role:
        if filters.role not in WEIGHTS:
            return None
        tags.append(f"r{filters.role}")
    if session_id:
        row = connection.execute("SELECT n FROM session WHERE id = ?", (session_id,)).fetchone()
        if row is None:
            return None
        tags.append(f"c{row['n']}")
    first = 0 if filters.since is None else max(0, int(filters.since)) << SECOND
    last = 1 << 62 if filters.until is None else max(0, int(filters.until)) << SECOND
    # the tag of all costs as much as a common word, so it is there only where nothing else is
    only = tags or any(not term.without for term in terms)
    return expression(terms, tags if only else [EVERY]), first, last


def _document(row: sqlite3.Row) -> Document:
    head = (row["message_id"], row["part_id"], row["role"], row["tool"], row["created"])
    return Document(*head, unpacked(row["text"]))


def _sound(value: str) -> str:
    """Half a surrogate pair, which an address may hold, cannot be asked for."""
    return value.encode(errors="replace").decode()


def _find(
    connection: sqlite3.Connection, terms: Sequence[Term], filters: Filters, limit: int, offset: int, now: float
) -> Found:
    asked = _asked(connection, terms, filters)
    if asked is None:
        return Found([], False, False)
    rows = connection.execute(_FIND, (int(now), *asked, limit + 1, offset)).fetchall()
    newest = bool(rows) and rows[0]["found"] > RANKED
    hits = [_hit(connection, row["id"], terms) for row in rows[:limit]]
    return Found(hits, len(rows) > limit, newest)


def _hit(connection: sqlite3.Connection, number: int, terms: Sequence[Term]) -> Hit:
    row = connection.execute(_HIT, (number,)).fetchone()
    root, parent = row["session_id"], row["parent_id"]
    for _ in range(32):  # a broken store may hold a loop
        if not parent:
            break
        above = connection.execute("SELECT id, parent_id FROM session WHERE id = ?", (parent,)).fetchone()
        root, parent = parent, above["parent_id"] if above else None
    return Hit(
        row["server_id"], row["session_id"], root, row["message_id"], row["part_id"], row["role"], row["tool"],
        row["created"], row["project"], row["title"], snippet(unpacked(row["text"]), terms),
    )  # fmt: skip
