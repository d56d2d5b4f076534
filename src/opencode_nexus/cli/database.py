# SPDX-License-Identifier: MIT
"""The home folder's database for commands that work beside a running hub and without one."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from opencode_nexus.access.access import Access
from opencode_nexus.access.errors import NoOwner
from opencode_nexus.cli.errors import DatabaseUnusable
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.store.damage import telling
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home, home_folder

T = TypeVar("T")


@asynccontextmanager
async def _opened(home: Path | None) -> AsyncIterator[Database]:
    folder = home_folder(home)
    file = Home(folder).database
    if not file.exists():  # a look must not make a home folder
        raise NoOwner(f"The home folder {folder} holds no database.")
    db = Database(file)
    try:
        await db.open()
    except (sqlite3.Error, OSError) as error:
        raise DatabaseUnusable(f"{file}: {error}.") from error
    try:
        with telling(file):
            yield db
    finally:
        await db.close()


def with_access(home: Path | None, work: Callable[[Access], Awaitable[T]]) -> T:
    """Run `work` on the accounts and tokens of this home folder and return its result; raises as `with_database`."""
    return with_database(home, lambda db: work(Access(db=db, clock=SystemClock())))


def with_database(home: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database of this home folder and return its result.

    A running hub goes on beside it: SQLite takes several writers, and the hub asks the database again at each
    request. Raises NoOwner, DatabaseUnusable, DatabaseDamaged, and what `work` raises.
    """

    async def run() -> T:
        try:
            async with _opened(home) as db:
                return await work(db)
        except sqlite3.Error as error:
            raise DatabaseUnusable(f"{error}.") from error

    return asyncio.run(run())
