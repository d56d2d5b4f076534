# SPDX-License-Identifier: MIT
import asyncio
import sqlite3
from pathlib import Path

import pytest

from opencode_nexus.access.access import Access
from opencode_nexus.app import composed
from opencode_nexus.cli.database import with_access
from opencode_nexus.cli.errors import DatabaseUnusable
from opencode_nexus.store.damage import DatabaseDamaged, telling
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home
from opencode_nexus.store.kv import Kv

pytestmark = pytest.mark.anyio

PAGE = 4096


@pytest.fixture
async def home(home: Path, tmp_path: Path) -> Home:
    """A home folder whose database holds something."""
    made = Home(tmp_path / "nexus")
    made.prepare()
    db = Database(made.database)
    await db.open()
    await Kv(db).set("settings", {})
    await db.close()
    return made


def root_of(path: Path, table: str) -> int:
    """The page on which a table begins, counted from 0."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    connection.close()
    return int(page) - 1


def spoil(path: Path, page: int) -> bytes:
    data = bytearray(path.read_bytes())
    data[page * PAGE : (page + 1) * PAGE] = b"\xff" * PAGE
    path.write_bytes(data)
    return bytes(data)


async def open_hub(home: Home) -> None:
    async with composed(home, {"home": str(home.path)}, {}):
        pass


@pytest.mark.parametrize("what", ["no database", "first page", "a table"])
async def test_it_is_told_as_damaged_and_left_as_it_is(home: Home, what: str) -> None:
    file = home.database
    if what == "no database":
        file.write_bytes(before := b"something else altogether, and longer than a header of a hundred bytes" * 9)
    else:
        before = spoil(file, 0 if what == "first page" else root_of(file, "kv"))
    with pytest.raises(DatabaseDamaged) as caught:
        await open_hub(home)
    assert str(file) in caught.value.detail
    assert file.read_bytes() == before
    assert [entry.name for entry in home.path.glob("nexus.db*") if entry.stat().st_size and entry != file] == []


def test_a_command_says_the_same(tmp_path: Path) -> None:
    Home(tmp_path).prepare()
    Home(tmp_path).database.write_bytes(b"something else altogether" * 9)

    async def look(access: Access) -> None:
        raise AssertionError("it was opened")

    with pytest.raises(DatabaseDamaged):
        with_access(tmp_path, look)


async def test_a_command_that_comes_upon_the_damage_later_says_the_same(home: Home) -> None:
    spoil(home.database, root_of(home.database, "users"))

    async def look(access: Access) -> None:
        access.users()

    with pytest.raises(DatabaseDamaged):
        await asyncio.to_thread(with_access, home.path, look)


async def test_other_troubles_of_a_database_are_not_called_damage(tmp_path: Path, home: Home) -> None:
    with pytest.raises(sqlite3.OperationalError), telling(tmp_path):
        sqlite3.connect(":memory:").execute("SELECT * FROM nothing")

    async def look(access: Access) -> None:
        raise sqlite3.OperationalError("database is locked")

    with pytest.raises(DatabaseUnusable, match="locked"):
        await asyncio.to_thread(with_access, home.path, look)
