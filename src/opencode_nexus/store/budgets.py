# SPDX-License-Identifier: MIT
"""How much single chats may take, and what was said about it already."""

import sqlite3
from dataclasses import dataclass

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be taken: US dollars, tokens; None: no limit of that kind."""

    usd: float | None = None
    tokens: int | None = None


class BudgetStore:
    """The tables ``budgets`` and ``budget_marks``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def own(self, session_id: str) -> Limits | None:
        """The budget that a chat has for itself; None: it has none of its own."""
        row = self._db.one("SELECT usd, tokens FROM budgets WHERE session_id = ?", (session_id,))
        return Limits(*row) if row else None

    async def set_own(self, server_id: str, session_id: str, limits: Limits | None) -> None:
        """Give a chat a budget of its own, or (None) the common one again."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM budgets WHERE session_id = ?", (session_id,))
            if limits is not None:
                values = (session_id, server_id, limits.usd, limits.tokens)
                connection.execute("INSERT INTO budgets VALUES (?, ?, ?, ?)", values)

        await self._db.write(work)

    async def mark(self, scope: str, limits: Limits, what: str) -> bool:
        """Note that `what` ("warned", "reached") is said about a budget; False when that, or more, was said before."""
        text = f"{limits.usd} {limits.tokens}"

        def work(connection: sqlite3.Connection) -> bool:
            row = connection.execute("SELECT limits, what FROM budget_marks WHERE scope = ?", (scope,)).fetchone()
            if row and row["limits"] == text and what in (row["what"], "warned"):
                return False
            if scope.startswith("day:"):
                connection.execute("DELETE FROM budget_marks WHERE scope LIKE 'day:%'")
            connection.execute("INSERT OR REPLACE INTO budget_marks VALUES (?, ?, ?)", (scope, text, what))
            return True

        return await self._db.write(work)
