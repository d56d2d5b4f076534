# SPDX-License-Identifier: MIT
"""Small single values by name, as JSON."""

import json
import sqlite3
from typing import Any

from opencode_nexus.store.db import Database


class Kv:
    """Named JSON values: the wizard's state, editable settings, the practice model's port."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default` when there is none."""
        row = self._db.one("SELECT value FROM kv WHERE key = ?", (key,))
        return default if row is None else json.loads(row["value"])

    async def set(self, key: str, value: Any) -> None:
        """Keep `value` (anything JSON can hold) under `key`."""
        text = json.dumps(value, ensure_ascii=False)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)", (key, text))

        await self._db.write(work)

    async def delete(self, key: str) -> None:
        """Forget `key`; no error when it is not there."""
        await self._db.write(lambda connection: connection.execute("DELETE FROM kv WHERE key = ?", (key,)))
