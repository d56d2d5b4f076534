# SPDX-License-Identifier: MIT
"""Words that were heard but cannot be taken in yet, so that a kill of the hub does not lose them."""

import json
import sqlite3
from typing import NamedTuple

from opencode_nexus.store.text import storable


class HeldText(NamedTuple):
    """Words of an open part. `kind` is "" but where the part begins; `gap`: words before these may be missing."""

    server_id: str
    part_id: str
    session_id: str
    message_id: str
    directory: str
    kind: str
    text: str
    gap: bool


def write(connection: sqlite3.Connection, held: list[HeldText], released: set[str]) -> None:
    """Let go of what the `released` servers had, then keep `held`."""
    connection.executemany("DELETE FROM held_text WHERE server_id = ?", [(server_id,) for server_id in released])
    connection.executemany(
        "INSERT INTO held_text (server_id, part_id, session_id, message_id, directory, kind, text, gap)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*one[:6], storable(one.text), one.gap) for one in held],
    )


def take_in(connection: sqlite3.Connection) -> None:
    """Add what was held to the open parts' copies: the hub that held it was killed."""
    known: set[str] = set()
    for row in connection.execute("SELECT * FROM held_text ORDER BY number").fetchall():
        part_id = row["part_id"]
        found = connection.execute("SELECT gaps, interrupted FROM open_parts WHERE part_id = ?", (part_id,)).fetchone()
        if found is None and row["kind"]:
            columns = ("part_id", "server_id", "session_id", "message_id", "directory", "kind")
            connection.execute(
                f"INSERT INTO open_parts ({', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?)",
                [row[column] for column in columns],
            )
            known.add(part_id)
        elif found is None or found["interrupted"] or row["kind"]:
            continue
        (length, last) = connection.execute(
            "SELECT COALESCE(SUM(LENGTH(text)), 0), COALESCE(MAX(seq), 0) FROM open_text WHERE part_id = ?", (part_id,)
        ).fetchone()
        if row["gap"] and part_id not in known:
            gaps = json.dumps(sorted({*json.loads(found["gaps"]), length}))
            connection.execute("UPDATE open_parts SET gaps = ? WHERE part_id = ?", (gaps, part_id))
        known.add(part_id)
        connection.execute(
            "INSERT INTO open_text (part_id, seq, text) VALUES (?, ?, ?)", (part_id, last + 1, row["text"])
        )
    connection.execute("DELETE FROM held_text")
