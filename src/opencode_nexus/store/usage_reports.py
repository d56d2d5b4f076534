# SPDX-License-Identifier: MIT
"""What agents' answers took, added up by day, model, project or chat, and listed one by one."""

from dataclasses import dataclass
from typing import Literal

from opencode_nexus.store.db import Database
from opencode_nexus.store.usage import FIGURES, Answer, Sums, answer_of

By = Literal["day", "model", "project", "session"]

_KEYS: dict[By, str] = {"day": "day", "model": "provider || '/' || model", "project": "project", "session": "root_id"}
_SUMS = ", ".join((
    "count(*)",
    "coalesce(sum(input + output + reasoning + cache_read + cache_write > 0 AND cost = 0), 0)",
    *(f"coalesce(sum({name}), 0)" for name in FIGURES),
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of what has one `key`: a day, a model ("provider/model"), a project's folder, or a chat's id.

    `server_id`, `title` ("" when it is not known, or the chat was deleted) and `gone` (deleted) of a chat.
    """

    key: str
    sums: Sums
    server_id: str = ""
    title: str = ""
    gone: bool = False


class UsageReports:
    """Reads of any length, each in a thread of its own. Days are the hub's own, YYYY-MM-DD, both ends included."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def groups(self, by: By, first: str, last: str, limit: int = 1000, skip: int = 0) -> list[Group]:
        """The sums of some days; days newest first, all others by cost and tokens, the most first."""
        key = _KEYS[by]
        tokens = "sum(input + output + reasoning + cache_read + cache_write)"
        order = "1 DESC" if by == "day" else f"sum(cost) DESC, {tokens} DESC, 1"
        rows = await self._db.query(
            f"SELECT {key}, max(server_id), {_SUMS} FROM usage WHERE day BETWEEN ? AND ? AND NOT copied "
            f"GROUP BY 1 ORDER BY {order} LIMIT ? OFFSET ?",
            (first, last, limit, skip),
        )
        if by != "session":
            return [Group(row[0], Sums(*row[2:])) for row in rows]
        return [self._chat(row[0], row[1], Sums(*row[2:])) for row in rows]

    async def whole(self, first: str, last: str) -> Sums:
        """The sums of some days."""
        sql = f"SELECT {_SUMS} FROM usage WHERE day BETWEEN ? AND ? AND NOT copied"
        return Sums(*(await self._db.query(sql, (first, last)))[0])

    async def models(self, root_id: str) -> list[Group]:
        """What a chat and its sub-agents took of each model."""
        rows = await self._db.query(
            f"SELECT {_KEYS['model']}, {_SUMS} FROM usage WHERE root_id = ? AND NOT copied "
            "GROUP BY 1 ORDER BY sum(cost) DESC, 1",
            (root_id,),
        )
        return [Group(row[0], Sums(*row[1:])) for row in rows]

    async def sessions(self, root_id: str) -> list[Group]:
        """What each session of a chat took: its own, and its sub-agents', in the order in which they began."""
        rows = await self._db.query(
            f"SELECT session_id, max(server_id), {_SUMS} FROM usage WHERE root_id = ? AND NOT copied "
            "GROUP BY 1 ORDER BY min(created)",
            (root_id,),
        )
        return [self._chat(row[0], row[1], Sums(*row[2:])) for row in rows]

    async def answers(self, session_id: str, limit: int, before: str = "") -> list[Answer]:
        """A session's answers (a chat's with its sub-agents'), newest first; `before` an id, to go on from there."""
        rows = await self._db.query(
            "SELECT * FROM usage WHERE (root_id = ?1 OR session_id = ?1) AND (?2 = '' OR (created, message_id) < "
            "(SELECT created, message_id FROM usage WHERE message_id = ?2)) "
            "ORDER BY created DESC, message_id DESC LIMIT ?3",
            (session_id, before, limit),
        )
        return [answer_of(row) for row in rows]

    def session(self, session_id: str) -> Group | None:
        """What is kept of a session: its server, title and sums; None when nothing is."""
        found = self._chat(session_id, "", Sums())
        return found if found.server_id else None

    def _chat(self, session_id: str, server_id: str, sums: Sums) -> Group:
        row = self._db.one("SELECT * FROM usage_sessions WHERE session_id = ?", (session_id,))
        if row is None:
            return Group(session_id, sums, server_id)
        return Group(session_id, sums, server_id or row["server_id"], row["title"], bool(row["gone"]))
