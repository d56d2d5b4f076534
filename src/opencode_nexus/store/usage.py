# SPDX-License-Identifier: MIT
"""What agents' answers took: a row for each, and sums that are kept with every change."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an agent; `created` in epoch milliseconds, `cost` in US dollars.

    `done`: its figures are final. `summary`: it sums up what was said before (a compaction). `early`: it is older
    than its session, as a fork's copies are. `copied`: it is one, and its original is counted. `gone`: removed.
    """

    id: str
    server_id: str
    session_id: str
    root_id: str
    project: str
    created: int
    provider: str
    model: str
    agent: str = ""
    input: int = 0
    output: int = 0
    reasoning: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: float = 0.0
    done: bool = False
    summary: bool = False
    early: bool = False
    copied: bool = False
    gone: bool = False

    @property
    def day(self) -> str:
        """The hub's own date when it began."""
        return day_of(self.created / 1000)

    @property
    def tokens(self) -> int:
        """All that the provider counted."""
        return self.input + self.output + self.reasoning + self.cache_read + self.cache_write


FIGURES = ("input", "output", "reasoning", "cache_read", "cache_write", "cost")
_FLAGS = ("done", "summary", "early", "copied", "gone")
_SUMMED = ("answers", "unpriced", *FIGURES)


@dataclass(frozen=True, slots=True)
class Sums:
    """Answers added up. `unpriced`: how many of them have tokens and no cost, as their model has no price."""

    answers: int = 0
    unpriced: int = 0
    input: int = 0
    output: int = 0
    reasoning: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        """All that the providers counted."""
        return self.input + self.output + self.reasoning + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Named:
    """A session as it is listed: whose sub-agent it is, and its title."""

    session_id: str
    server_id: str
    parent_id: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How far a session's messages were looked through; `counted` in epoch milliseconds of its last change."""

    counted: int = 0
    cursor: str = ""


def day_of(at: float) -> str:
    """The hub's own date at an epoch time, as YYYY-MM-DD."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d")


def answer_of(row: sqlite3.Row) -> Answer:
    """Read a row of the table."""
    named = {field.name: row["message_id" if field.name == "id" else field.name] for field in fields(Answer)}
    return Answer(**{**named, **{name: bool(named[name]) for name in _FLAGS}})


def merged(old: Answer, new: Answer) -> Answer:
    """The two tellings of one answer as one. Its figures only grow, so their order does not matter.

    The server, and a session of it, stay: OpenCode's ids are unique, so an import elsewhere is the same answer.
    """
    told = {name: max(getattr(old, name), getattr(new, name)) for name in (*FIGURES, "done", "summary", "early")}
    words = {name: getattr(old, name) or getattr(new, name) for name in ("project", "provider", "model", "agent")}
    root = new.root_id if new.server_id == old.server_id else old.root_id
    return replace(old, root_id=root, **words, **told)


class UsageStore:
    """The tables ``usage`` and those beside it. What is not async is a quick read, or a post."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, answers: list[Answer], names: Iterable[Named] = ()) -> list[Answer]:
        """Keep answers, or what is new of them; returns those that changed anything, as they are now.

        `names` of their sessions and chats are kept with them, so that nobody sees figures of a chat without a name.
        """

        def work(connection: sqlite3.Connection) -> list[Answer]:
            changed = [kept for answer in answers if (kept := _put(connection, answer)) is not None]
            shown = {session_id for one in changed for session_id in (one.session_id, one.root_id)}
            for named in names:
                if named.session_id in shown:
                    _name(connection, named)
            return changed

        return await self._db.write(work)

    def total(self, kind: str, key: str) -> Sums:
        """The sums of a "root" (a chat with its sub-agents), a "session" or a "day"."""
        row = self._db.one(f"SELECT {', '.join(_SUMMED)} FROM usage_totals WHERE kind = ? AND key = ?", (kind, key))
        return Sums(*row) if row else Sums()

    def newest(self, session_id: str) -> Answer | None:
        """The newest answer of a session that has figures and was not removed."""
        row = self._db.one(
            "SELECT * FROM usage WHERE session_id = ? AND NOT gone AND input + output + cache_read + cache_write > 0 "
            "ORDER BY created DESC, message_id DESC LIMIT 1",
            (session_id,),
        )
        return answer_of(row) if row else None

    def done(self, message_ids: list[str]) -> set[str]:
        """Those of the messages whose final figures are kept."""
        marks = ", ".join("?" * len(message_ids))
        rows = self._db.read(f"SELECT message_id FROM usage WHERE done AND message_id IN ({marks})", message_ids)
        return {row[0] for row in rows}

    def remove(self, message_id: str) -> None:
        """The message was removed from its session; what it took stays counted."""
        self._db.post(lambda one: one.execute("UPDATE usage SET gone = 1 WHERE message_id = ?", (message_id,)))

    async def settled(self) -> None:
        """Return when all posts so far are in."""
        await self._db.flush()

    # Sessions

    def rename(self, session_id: str, title: str) -> None:
        """Keep another title of a session that is kept."""
        sql = "UPDATE usage_sessions SET title = ?1 WHERE session_id = ?2 AND title != ?1 AND NOT gone"
        self._db.post(lambda one: one.execute(sql, (storable(title), session_id)))

    def forget(self, session_id: str) -> None:
        """The session was deleted: its sums stay, its title and its budget go."""

        def work(one: sqlite3.Connection) -> None:
            one.execute("UPDATE usage_sessions SET title = '', gone = 1 WHERE session_id = ?", (session_id,))
            one.execute("DELETE FROM budgets WHERE session_id = ?", (session_id,))
            one.execute("DELETE FROM budget_marks WHERE scope = ?", (f"chat:{session_id}",))

        self._db.post(work)

    def counted(self, session_id: str) -> Counted:
        """How far a session was looked through."""
        row = self._db.one("SELECT counted, cursor FROM usage_sessions WHERE session_id = ?", (session_id,))
        return Counted(*row) if row else Counted()

    async def count(self, server_id: str, session_id: str, counted: Counted) -> None:
        """Keep how far a session was looked through."""
        values = (session_id, server_id, counted.counted, counted.cursor)
        await self._db.write(
            lambda one: one.execute(
                "INSERT INTO usage_sessions (session_id, server_id, counted, cursor) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET counted = excluded.counted, cursor = excluded.cursor",
                values,
            )
        )

    # Models

    def context(self, server_id: str, provider: str, model: str) -> int | None:
        """How many tokens fit into a model; None: not known."""
        where = (server_id, provider, model)
        sql = "SELECT context FROM usage_models WHERE server_id = ? AND provider = ? AND model = ?"
        row = self._db.one(sql, where)
        return row[0] if row else None

    async def set_contexts(self, server_id: str, contexts: dict[tuple[str, str], int | None]) -> None:
        """Keep what fits into a server's models, by (provider, model)."""
        rows = [(server_id, *key, context) for key, context in contexts.items()]
        sql = "INSERT OR REPLACE INTO usage_models VALUES (?, ?, ?, ?)"
        await self._db.write(lambda one: one.executemany(sql, rows))


def _put(connection: sqlite3.Connection, answer: Answer) -> Answer | None:
    row = connection.execute("SELECT * FROM usage WHERE message_id = ?", (answer.id,)).fetchone()
    old = answer_of(row) if row else None
    new = merged(old, answer) if old else answer
    if new == old:
        return None
    if new.done and not new.gone:
        new = _tell_copies(connection, new)
    _write(connection, new)
    if old is not None:
        _add(connection, old, -1)
    _add(connection, new, 1)
    return new


def _name(connection: sqlite3.Connection, named: Named) -> None:
    connection.execute(
        "INSERT INTO usage_sessions (session_id, server_id, parent_id, title) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET parent_id = excluded.parent_id, title = excluded.title WHERE NOT gone",
        (named.session_id, named.server_id, named.parent_id, storable(named.title)),
    )


def _tell_copies(connection: sqlite3.Connection, new: Answer) -> Answer:
    """Of answers that are alike to the millisecond, those of a session that was made after them are a fork's copies."""
    same = "".join(f" AND {name} = ?" for name in ("provider", "model", *FIGURES))
    rows = connection.execute(
        f"SELECT * FROM usage WHERE created = ? AND done AND session_id != ?{same}",
        (new.created, new.session_id, new.provider, new.model, *(getattr(new, name) for name in FIGURES)),
    ).fetchall()
    copied = False
    for twin in map(answer_of, rows):
        # told in any order, the same one is the original: one that is not early, else the oldest of the ids
        if twin.early and not twin.copied and (not new.early or new.id < twin.id):
            _add(connection, twin, -1)
            connection.execute("UPDATE usage SET copied = 1 WHERE message_id = ?", (twin.id,))
        elif new.early and (not twin.early or twin.id < new.id):
            copied = True
    return replace(new, copied=copied)


def _write(connection: sqlite3.Connection, answer: Answer) -> None:
    given = [storable(value) if isinstance(value, str) else value for value in astuple(answer)]
    values = (*given[:5], answer.day, *given[5:])
    connection.execute(f"INSERT OR REPLACE INTO usage VALUES ({', '.join('?' * len(values))})", values)


def _add(connection: sqlite3.Connection, answer: Answer, sign: int) -> None:
    """Add an answer to the sums, or take it out of them (`sign` -1)."""
    if answer.copied:
        return
    unpriced = int(answer.tokens > 0 and answer.cost == 0)
    values = [sign * value for value in (1, unpriced, *(getattr(answer, name) for name in FIGURES))]
    grown = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMMED)
    for kind, key in (("root", answer.root_id), ("session", answer.session_id), ("day", answer.day)):
        connection.execute(
            f"INSERT INTO usage_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET {grown}",
            (kind, key, *values),
        )
