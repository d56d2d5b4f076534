# SPDX-License-Identifier: MIT
"""Drafts of messages, one for each person and session, and what was picked to answer them."""

import sqlite3
from dataclasses import dataclass

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft's text; `version` is one more with each change."""

    text: str
    version: int


@dataclass(frozen=True, slots=True)
class Pick:
    """A model ("provider/model"), an agent and a variant, each "" for none."""

    model: str = ""
    agent: str = ""
    variant: str = ""


class DraftRows:
    """The table of drafts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, user_id: str, session_id: str) -> DraftRow:
        """Return the draft; an empty one, version 0, when there was never one."""
        where = (user_id, session_id)
        row = self._db.one("SELECT text, version FROM draft WHERE user_id = ? AND session_id = ?", where)
        return DraftRow("", 0) if row is None else DraftRow(row["text"], row["version"])

    async def put(self, user_id: str, session_id: str, text: str, known: int, at: float) -> DraftRow | None:
        """Keep `text` if the draft still is version `known`; returns None, or the other one when it is not.

        The same text again changes nothing and is never refused.
        """
        text = storable(text)

        def work(connection: sqlite3.Connection) -> DraftRow | None:
            where = (user_id, session_id)
            row = connection.execute(
                "SELECT text, version FROM draft WHERE user_id = ? AND session_id = ?", where
            ).fetchone()
            version = row["version"] if row is not None else 0
            if row is not None and row["text"] == text:
                return None
            if version != known:
                return DraftRow(row["text"] if row is not None else "", version)
            connection.execute("INSERT OR REPLACE INTO draft VALUES (?, ?, ?, ?, ?)", (*where, text, version + 1, at))
            return None

        return await self._db.write(work)

    async def clear(self, user_id: str, session_id: str, text: str, version: int | None, at: float) -> None:
        """Empty the draft if it still is `text` or that version: that was sent."""
        sql = (
            "UPDATE draft SET text = '', version = version + 1, at = ?"
            " WHERE user_id = ? AND session_id = ? AND text != '' AND (text = ? OR version = ?)"
        )
        values = (at, user_id, session_id, storable(text), version)
        await self._db.write(lambda connection: connection.execute(sql, values))

    def end(self, before: float) -> None:
        """Forget those that were not changed since then (epoch seconds)."""
        self._db.post(lambda connection: connection.execute("DELETE FROM draft WHERE at < ?", (before,)))


class Picks:
    """The table of what was picked, by scope: "session:<id>", "project:<folder>", "last"."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, user_id: str, scope: str) -> Pick:
        """Return what was picked there; an empty pick for nothing."""
        sql = "SELECT model, agent, variant FROM pick WHERE user_id = ? AND scope = ?"
        row = self._db.one(sql, (user_id, scope))
        return Pick() if row is None else Pick(row["model"], row["agent"], row["variant"])

    def put(self, user_id: str, scope: str, pick: Pick, at: float) -> None:
        """Remember a pick."""
        values = (user_id, scope, pick.model, pick.agent, pick.variant, at)
        self._db.post(
            lambda connection: connection.execute("INSERT OR REPLACE INTO pick VALUES (?, ?, ?, ?, ?, ?)", values)
        )
