# SPDX-License-Identifier: MIT
"""A database comes to its present shape whole, or stays as it was, with a copy from before beside it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from opencode_nexus.store import migrate as module
from opencode_nexus.store.migrate import COPIES, MigrationFailed, NewerDatabase, migrate

ALL = module.migrations()


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database as the release before the last two migrations left it."""
    path = tmp_path / "nexus.db"
    with monkeypatch.context() as older, closing(sqlite3.connect(path, isolation_level=None)) as connection:
        older.setattr(module, "migrations", lambda: ALL[:-2])
        migrate(connection)
        connection.execute("INSERT INTO kv VALUES ('kept', '1')")
    return path


def test_a_copy_from_before_is_kept(old: Path) -> None:
    before = dump(old)
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        migrate(connection)
        migrate(connection)  # nothing is missing: no further copy
    (copy,) = (old.parent / "backups").iterdir()
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert dump(old) != before


def test_a_migration_that_fails_half_way_leaves_the_old_database(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump(old)
    number, name, sql = ALL[-1]
    half = f"{sql};\nINSERT INTO kv VALUES ('half', '1');\nINSERT INTO no_such_table VALUES (1);"
    monkeypatch.setattr(module, "migrations", lambda: [*ALL[:-1], (number, name, half)])
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        with pytest.raises(MigrationFailed, match="no_such_table") as caught:
            migrate(connection)
        assert not connection.in_transaction
    assert dump(old) == before  # the one before it is undone too
    assert dump(Path(str(caught.value.data["copy"]))) == before


def test_without_a_copy_none_is_begun(old: Path) -> None:
    before = dump(old)
    (old.parent / "backups").write_text("a file in its place")
    with closing(sqlite3.connect(old, isolation_level=None)) as connection, pytest.raises(MigrationFailed):
        migrate(connection)
    assert dump(old) == before


def test_the_newest_copies_are_kept(old: Path) -> None:
    folder = old.parent / "backups"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"before-migration-{number:04}.db").touch()
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        migrate(connection)
    assert len(list(folder.iterdir())) == COPIES
    assert (folder / f"before-migration-{ALL[-2][0]:04}.db").exists()


def test_a_new_one_needs_no_copy(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as connection:
        migrate(connection)
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


def test_one_of_a_later_release_is_left_alone(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("INSERT INTO migration VALUES (9999, 'later')")
        with pytest.raises(NewerDatabase):
            migrate(connection)
    assert not (old.parent / "backups").exists()
