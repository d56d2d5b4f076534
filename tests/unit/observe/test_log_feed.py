# SPDX-License-Identifier: MIT
"""Who looks gets each entry once, also one that comes while the files are read."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opencode_nexus.observe.log_entry import Entry
from opencode_nexus.observe.log_feed import LogFeed
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.log_search import Found
from opencode_nexus.observe.logs import Logs

pytestmark = pytest.mark.anyio


def entry(number: int, part: str = "app") -> Entry:
    return Entry(datetime.fromtimestamp(1_700_000_000 + number, UTC), "info", part, f"entry {number}")


@pytest.mark.parametrize("early", [True, False])
async def test_what_comes_while_the_files_are_read_is_told_once(tmp_path: Path, early: bool) -> None:
    logs, told = Logs(tmp_path), list[str]()
    logs.write(entry(0))
    find = logs.find

    async def slow(query: LogQuery, limit: int, before: str | None = None) -> Found:
        if early:
            logs.write(entry(1))
        found = await find(query, limit, before)
        if not early:
            logs.write(entry(1))
        logs.write(entry(2))
        logs.write(entry(2, "web"))
        await asyncio.sleep(0)  # the loop is told of them
        return found

    logs.find = slow  # type: ignore[method-assign]

    def tell(fresh: Sequence[Entry]) -> None:
        told.extend(one.message for one in fresh)

    feed = LogFeed(logs, LogQuery(part="app"), tell)
    found = await feed.start(10)
    logs.write(entry(3))
    for _ in range(3):
        await asyncio.sleep(0)
    assert [one.message for one in reversed(found.entries)] + told == [f"entry {number}" for number in range(4)]
    feed.stop()
    logs.write(entry(4))
    await asyncio.sleep(0)
    assert told[-1] == "entry 3"
    logs.file.close()
