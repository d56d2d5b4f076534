# SPDX-License-Identifier: MIT
"""Bring a database file to the present shape with the numbered .sql files."""

import sqlite3
from importlib import resources

from opencode_nexus.core.errors import NexusError


class NewerDatabase(NexusError):
    """The file was written by a later release."""

    code = "newer-database"
    title = "The home folder was used by a newer OpenCode Nexus."
    hint = "Start the newer version, or give this one another folder with --home."
    status = 500


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, file name, SQL) of each migration in order."""
    folder = resources.files("opencode_nexus.store") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name)
    return [(int(entry.name.split("_", 1)[0]), entry.name, entry.read_text("utf-8")) for entry in files]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, each file in one transaction; raises NewerDatabase when the file is ahead of us."""
    connection.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    done = {row[0] for row in connection.execute("SELECT number FROM migration")}
    known = migrations()
    if done - {number for number, _, _ in known}:
        raise NewerDatabase(f"It holds migration {max(done)}; this version knows up to {known[-1][0]}.")
    for number, name, sql in known:
        if number not in done:
            # executescript commits by itself, so the transaction is part of the script
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\n;INSERT INTO migration VALUES ({number}, '{name}');\nCOMMIT;"
            )
