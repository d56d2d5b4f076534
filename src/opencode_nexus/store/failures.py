# SPDX-License-Identifier: MIT
"""Why sessions' last turns failed: OpenCode says it once, on its stream, and keeps it only where there is an answer."""

import json
import sqlite3
from collections import OrderedDict
from typing import Any

from opencode_nexus.store.db import Database
from opencode_nexus.store.text import storable

KEPT = 200  # of a server; the longest ago are forgotten first
JSON = dict[str, Any]


class Failures:
    """Those of one server, in memory and in the database. Waits for nothing; used on the loop's thread only."""

    def __init__(self, db: Database, server_id: str) -> None:
        self._db, self._server_id = db, server_id
        rows = db.read("SELECT session_id, error FROM failures WHERE server_id = ? ORDER BY number", (server_id,))
        self._errors: OrderedDict[str, JSON] = OrderedDict((row[0], json.loads(row[1])) for row in rows)

    def get(self, session_id: str) -> JSON | None:
        """The error of a session's last turn, as OpenCode gave it; None: it did not fail, or long ago."""
        return self._errors.get(session_id)

    def put(self, session_id: str, error: JSON) -> None:
        """Keep a session's error in the place of an earlier one."""
        self.drop(session_id)
        self._errors[session_id] = error
        row = (self._server_id, session_id, storable(json.dumps(error)))
        sql = "INSERT INTO failures (server_id, session_id, error) VALUES (?, ?, ?)"
        self._db.post(lambda connection: connection.execute(sql, row))
        while len(self._errors) > KEPT:
            self.drop(next(iter(self._errors)))

    def drop(self, session_id: str) -> None:
        """Forget it: another turn has begun, or the session is gone."""
        if self._errors.pop(session_id, None) is None:
            return
        where = (self._server_id, session_id)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM failures WHERE server_id = ? AND session_id = ?", where)

        self._db.post(work)
