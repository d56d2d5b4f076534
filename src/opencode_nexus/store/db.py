# SPDX-License-Identifier: MIT
"""The database file: one writer thread, batched posts, and quick reads."""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from opencode_nexus.store.damage import telling
from opencode_nexus.store.migrate import migrate

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Job = tuple[Work, "Future[Any] | None"]

# Pages kept by a connection: SQLite's own 2 MB each is no quicker (8,000 messages written, 150 searches: the same
# processor time), since the system keeps the file in memory as well. 2 MB less while the search index is filled.
CACHE = "cache_size=-512"  # KB
POST_DELAY = 0.05  # seconds a post may wait; at 200 deltas a second one transaction then carries ten
BATCH = 500
AGAIN = 1.0  # seconds until posts whose transaction failed are tried again
# Posts that are kept for it, the oldest first to go: at 20 a second a full disk may last half an hour.
KEPT = 40_000
# What is the disk's or another process's doing, and not the job's own: it may pass.
PASSING = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip


class Database:
    """A SQLite file in WAL mode.

    Point reads by key run on the loop's thread (5 us against 50 us for a hop to a thread); all writes go through one
    thread, so that a transaction never waits for another one of ours. Other processes (a command beside the hub) may
    write too: `busy_timeout` waits for them.
    """

    def __init__(self, path: Path, shape: Callable[[sqlite3.Connection], None] = migrate) -> None:
        """`shape` brings a fresh or older file to its present shape; it runs in the writer thread, before all else."""
        self.path, self._shape = path, shape
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._reader: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        """Open the file, making and migrating it when needed; raises NewerDatabase, DatabaseDamaged,
        sqlite3.Error or OSError.
        """
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="nexus-db", daemon=True)
        self._thread.start()
        try:
            with telling(self.path):
                await asyncio.wrap_future(ready)
        except BaseException:
            self._thread = None
            raise
        self._reader = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
        connection.row_factory = sqlite3.Row
        # synchronous NORMAL: a crash of the hub loses nothing; a power cut may lose the last transactions, not the file
        try:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000", CACHE):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _run(self, ready: "Future[None]") -> None:
        if not ready.set_running_or_notify_cancel():
            return
        try:
            connection = self._connect()
            try:
                self._shape(connection)
            except BaseException:
                connection.close()
                raise
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        again: list[Job] = []  # posts whose transaction failed, oldest first: they go before whatever came since
        failed = 0.0  # when (monotonic)
        while True:
            try:
                job = self._jobs.get(timeout=AGAIN if again else None)
            except queue.Empty:
                again, failed = self._transact(connection, again), time.monotonic()
                continue
            if job is None:
                break
            batch = [job]
            # a job somebody waits for goes at once; posts wait a little for company
            deadline = 0.0 if job[1] is not None else time.monotonic() + POST_DELAY
            stop = False
            while len(batch) < BATCH:
                left = deadline - time.monotonic()
                try:
                    more = self._jobs.get(timeout=left) if left > 0 else self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    stop = True
                    break
                batch.append(more)
                if more[1] is not None:
                    deadline = 0.0
            waited_for = any(future is not None for _, future in batch)
            if again and not waited_for and not stop and time.monotonic() < failed + AGAIN:
                again += batch
                continue
            again = self._transact(connection, again + batch)
            failed = time.monotonic()
            if stop:
                break
        if again and (lost := self._transact(connection, again)):
            log.error("%d writes are lost: the database could not be written to the end", len(lost))
        connection.close()

    def _transact(self, connection: sqlite3.Connection, batch: list[Job]) -> list[Job]:
        """Run `batch` in one transaction; return the posts to try again when it failed as a whole."""
        # from here on none can be cancelled: a result for a cancelled future would raise, and end this thread
        batch = [job for job in batch if job[1] is None or job[1].set_running_or_notify_cancel()]
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, future in batch:
                # a savepoint each, so that one job's error undoes that job alone
                connection.execute("SAVEPOINT job")
                try:
                    result: Any = work(connection)
                    connection.execute("RELEASE job")
                    error: BaseException | None = None
                except Exception as caught:
                    if future is None and _passes(caught):
                        raise
                    connection.execute("ROLLBACK TO job")
                    connection.execute("RELEASE job")
                    result, error = None, caught
                    if future is None:
                        log.exception("a posted write failed")
                if future is not None:
                    outcomes.append((future, result, error))
            connection.execute("COMMIT")
        except Exception as caught:  # the transaction itself: disk full, file locked by another for over 5 s
            log.error("a transaction of %d writes failed: %s", len(batch), caught)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            outcomes = [(future, None, caught) for _, future in batch if future is not None]
            again = [job for job in batch if job[1] is None]
            if len(again) > KEPT:
                log.error("%d posted writes are given up", len(again) - KEPT)
                again = again[-KEPT:]
        else:
            again = []
        for future, result, error in outcomes:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)
        return again

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the writer thread inside a transaction and return its result; its exception is raised here.

        Cancelled before its turn, `work` is not run; cancelled later, it is committed all the same.
        """
        future: Future[T] = Future()
        self._jobs.put((work, future))
        return await asyncio.wrap_future(future)

    def post(self, work: Work) -> None:
        """Run `work` in a coming transaction, within about 50 ms, without waiting; an error of its own is logged.

        When the transaction fails (disk full, file locked by another), it is run again until it is through: what it
        takes from memory it must keep until then.
        """
        self._jobs.put((work, None))

    async def flush(self) -> None:
        """Return when everything posted so far is committed."""
        await self.write(lambda connection: None)

    @property
    def reader(self) -> sqlite3.Connection:
        if self._reader is None:
            raise RuntimeError("the database is not open")
        return self._reader

    def read(self, sql: str, params: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of a quick read (under 2 ms: by key, or a few rows), run on this thread."""
        return self.reader.execute(sql, params).fetchall()

    def one(self, sql: str, params: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a quick read, or None."""
        row: sqlite3.Row | None = self.reader.execute(sql, params).fetchone()
        return row

    async def query(self, sql: str, params: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows of a read that may take long, run in a thread on a connection of its own."""

        def work() -> list[sqlite3.Row]:
            connection = self._connect()
            try:
                return connection.execute(sql, params).fetchall()
            finally:
                connection.close()

        return await asyncio.to_thread(work)

    async def close(self) -> None:
        """Commit what was posted and close the file."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _passes(error: BaseException) -> bool:
    """Whether it is the disk's or another process's doing, by SQLite's primary code (the low byte)."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING
