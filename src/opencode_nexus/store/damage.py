# SPDX-License-Identifier: MIT
"""A database file that is damaged: told as such, and never touched."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opencode_nexus.core.errors import NexusError

# primary result codes: "database disk image is malformed", and "file is not a database"
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DatabaseDamaged(NexusError):
    """SQLite cannot make sense of the file."""

    code = "database-damaged"
    title = "The database of the home folder is damaged."
    hint = (
        "The file was left as it is. Put a copy that works in its place, or move it away together with the files"
        " beside it that begin with its name: the set-up then begins anew. OpenCode's own chats lie elsewhere."
    )
    status = 500


def damaged(error: BaseException) -> bool:
    """Whether SQLite, or we, say of a file that it is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, DatabaseDamaged) or (isinstance(error, sqlite3.DatabaseError) and code in _DAMAGE)


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Raise DatabaseDamaged in place of what sqlite3 says of a damaged file at `path`; other errors pass."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if damaged(error):
            raise DatabaseDamaged(f"{path}: {error}.") from error
        raise
