# SPDX-License-Identifier: MIT
import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store.activity import KEPT, Activity
from opencode_nexus.store.db import Database, Work
from opencode_nexus.store.home import Home, HomeInUse, HomeUnusable, RunningHub
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.migrate import NewerDatabase

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "nexus.db")
    await database.open()
    yield database
    await database.close()


async def test_a_failed_write_undoes_itself_alone(db: Database) -> None:
    kv = Kv(db)
    db.post(lambda c: c.execute("INSERT INTO kv VALUES ('posted', '1')"))

    def bad(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO kv VALUES ('half', '1')")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await db.write(bad)
    await kv.set("whole", {"a": [1]})
    await db.flush()
    assert (kv.get("posted"), kv.get("half"), kv.get("whole")) == (1, None, {"a": [1]})
    await kv.delete("whole")
    assert kv.get("whole", "gone") == "gone"


async def test_a_write_cancelled_before_or_during_its_turn_leaves_the_writer_alive(db: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        begun.set()
        assert go_on.wait(10)
        connection.execute("INSERT INTO kv VALUES ('during', '1')")

    during = asyncio.create_task(db.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    before = asyncio.create_task(db.write(lambda c: c.execute("INSERT INTO kv VALUES ('before', '1')")))
    await asyncio.sleep(0)
    for task in (during, before):
        task.cancel()
    for task in (during, before):
        with pytest.raises(asyncio.CancelledError):
            await task
    go_on.set()
    await db.flush()
    assert (Kv(db).get("during"), Kv(db).get("before")) == (1, None)


async def test_posts_keep_their_order_and_survive_close(tmp_path: Path) -> None:
    db = Database(tmp_path / "n.db")
    await db.open()
    await db.write(lambda c: c.execute("CREATE TABLE t (n INTEGER)"))

    def insert(number: int) -> Work:
        return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,))

    for number in range(1200):
        db.post(insert(number))
    await db.close()
    again = Database(tmp_path / "n.db")
    await again.open()
    rows = await again.query("SELECT n FROM t ORDER BY rowid")
    await again.close()
    assert [row["n"] for row in rows] == list(range(1200))


async def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    db = Database(path)
    await db.open()
    await db.write(lambda c: c.execute("INSERT INTO migration VALUES (9999, 'later')"))
    await db.close()
    with pytest.raises(NewerDatabase, match="9999"):
        await Database(path).open()


async def test_activity_is_bounded_and_announced(db: Database) -> None:
    bus = Bus(ManualClock())
    activity = Activity(db, bus, ManualClock(50.0))
    await db.write(lambda c: c.execute("INSERT INTO activity VALUES (?, 1, 'old', 'info', 'old', NULL, '{}')", (KEPT,)))
    await db.write(lambda c: c.execute("INSERT INTO activity VALUES (1, 1, 'first', 'info', 'first', NULL, '{}')"))
    await activity.add("server-started", "It runs.", level="success", server_id="srv_1", pid=7)
    newest = activity.recent(10)
    assert [row.kind for row in newest] == ["server-started", "old"]
    assert (newest[0].at, newest[0].data) == (50.0, {"pid": 7})
    assert bus.since(0)[0].topic == "activity"  # type: ignore[index]


def test_one_hub_a_home(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "h"), Home(tmp_path / "h")
    first.prepare()
    first.lock()
    first.announce(RunningHub(42, "http://127.0.0.1:4600/", "t", "b"))
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "h" / "hub.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(HomeInUse, match="process 42 at http://127.0.0.1:4600/"):
        second.lock()
    first.release()
    assert second.running() is None
    second.lock()
    second.release()


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("x")
    tmp_path.chmod(0o755)
    with pytest.raises(HomeUnusable, match="holds other files"):
        Home(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter"]
    (tmp_path / "letter").unlink()
    (tmp_path / "logs").mkdir()  # as a start that was cut off leaves it
    for _ in range(2):
        Home(tmp_path).prepare()
        assert tmp_path.stat().st_mode & 0o777 == 0o700
        Home(tmp_path).database.write_bytes(b"x")
        (tmp_path / "beside").write_text("a home may hold something else too")


def test_a_home_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HomeUnusable, match="file"):
        Home(tmp_path / "file" / "home").prepare()


async def test_posts_outlive_a_file_that_somebody_else_holds_and_keep_their_order(db: Database) -> None:
    await db.write(lambda c: c.execute("PRAGMA busy_timeout=10"))  # milliseconds; it is 5 s
    other = sqlite3.connect(db.path, isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    seen: list[int] = []

    def posted(number: int) -> Work:
        def work(connection: sqlite3.Connection) -> None:
            seen.append(number)
            connection.execute("INSERT INTO kv VALUES (?, '1')", (f"posted {number}",))

        return work

    db.post(posted(1))
    with pytest.raises(sqlite3.OperationalError):
        await db.flush()
    db.post(posted(2))
    other.execute("ROLLBACK")
    other.close()
    await db.flush()
    assert (seen, Kv(db).get("posted 1"), Kv(db).get("posted 2")) == ([1, 2], 1, 1)


async def test_a_post_that_finds_the_disk_full_is_run_again_and_is_not_lost(db: Database) -> None:
    tries: list[int] = []

    def work(connection: sqlite3.Connection) -> None:
        tries.append(1)
        if len(tries) == 1:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        connection.execute("INSERT INTO kv VALUES ('late', '1')")

    db.post(lambda c: c.execute("INSERT INTO kv VALUES ('beside', '1')"))
    db.post(work)
    with pytest.raises(sqlite3.OperationalError):
        await db.flush()
    await db.flush()
    assert (len(tries), Kv(db).get("late"), Kv(db).get("beside")) == (2, 1, 1)


async def test_posts_that_failed_are_tried_by_themselves_and_once_more_at_the_end(tmp_path: Path) -> None:
    database = Database(tmp_path / "nexus.db")
    await database.open()
    tries: list[int] = []

    def work(connection: sqlite3.Connection) -> None:
        tries.append(1)
        if len(tries) < 3:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        connection.execute("INSERT INTO kv VALUES ('last', '1')")

    database.post(work)
    while len(tries) < 2:  # the second try comes of itself
        await asyncio.sleep(0.02)
    await database.close()
    again = Database(tmp_path / "nexus.db")
    await again.open()
    assert Kv(again).get("last") == 1
    await again.close()
