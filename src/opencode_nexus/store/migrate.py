# SPDX-License-Identifier: MIT
"""Bring a database file to the present shape with the numbered .sql files."""

import sqlite3
from contextlib import closing, suppress
from importlib import resources
from pathlib import Path

from opencode_nexus.core.errors import NexusError


class NewerDatabase(NexusError):
    """The file was written by a later release."""

    code = "newer-database"
    title = "The home folder was used by a newer OpenCode Nexus."
    hint = "Start the newer version, or give this one another folder with --home."
    status = 500


class MigrationFailed(NexusError):
    """A step of the migration did not go through."""

    code = "migration-failed"
    title = "The database could not be brought to the shape that this version needs. It is as it was before."
    hint = "Free some disk space and start again. If it happens again, start the version that you had before."
    status = 500


COPIES = 2  # copies from before a migration that are kept


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, file name, SQL) of each migration in order."""
    folder = resources.files("opencode_nexus.store") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name)
    return [(int(entry.name.split("_", 1)[0]), entry.name, entry.read_text("utf-8")) for entry in files]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, all of it or none, after the file was copied beside itself.

    Raises NewerDatabase when the file is ahead of us, MigrationFailed when a step fails: the file is then as before.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    done = {row[0] for row in connection.execute("SELECT number FROM migration")}
    known = migrations()
    if done - {number for number, _, _ in known}:
        raise NewerDatabase(f"It holds migration {max(done)}; this version knows up to {known[-1][0]}.")
    missing = [step for step in known if step[0] not in done]
    if not missing:
        return
    kept = copy_aside(connection, max(done)) if done else None
    # executescript commits what is open before it begins, so the transaction is part of the script
    script = "".join(f"{sql}\n;INSERT INTO migration VALUES ({number}, '{name}');\n" for number, name, sql in missing)
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}COMMIT;")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if kept is None:
            raise
        raise MigrationFailed(f"{error}. The copy from before is {kept}.", copy=str(kept)) from error


def copy_aside(connection: sqlite3.Connection, newest: int) -> Path | None:
    """Copy the open file into the folder `backups` beside it, the newest two are kept; None: it lies in memory alone.

    Raises MigrationFailed when that cannot be: a migration is not begun without it.
    """
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    if not file:
        return None
    folder = Path(file).parent / "backups"
    target = folder / f"before-migration-{newest + 1:04}.db"
    draft = target.with_suffix(".new")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        draft.unlink(missing_ok=True)
        copy(connection, draft)
        draft.replace(target)
        for old in sorted(folder.glob("before-migration-*.db"))[:-COPIES]:
            old.unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            draft.unlink()
        raise MigrationFailed(f"It could not be copied to {target} first: {error}.") from error
    return target


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """Write a consistent copy of an open database to a new file, readable by its owner alone; others may go on writing.

    Raises sqlite3.Error or OSError.
    """
    target.touch(mode=0o600)
    with closing(sqlite3.connect(target)) as made:
        connection.backup(made)
