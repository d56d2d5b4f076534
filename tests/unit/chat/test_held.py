# SPDX-License-Identifier: MIT
"""Words that come while OpenCode is asked what was missed: a kill of the hub loses none of them."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.store.db import Database
from opencode_nexus.store.journal import Journal
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World, part, talking

pytestmark = pytest.mark.anyio


async def after_a_kill(world: World, folder: Path) -> dict[str, tuple[str, list[int]]]:
    """Text and gaps of each open part as the next hub would find them, had this one been killed now."""
    await world.db.flush()
    copy = folder / "killed.db"
    with sqlite3.connect(world.path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    db = Database(copy)
    await db.open()
    journal = Journal(db)
    await journal.open()
    again = Journal(db)
    await again.open()  # what was taken in once is not taken in twice
    found = {one.id: (one.text, one.gaps) for one in again.open_parts()}
    assert found == {one.id: (one.text, one.gaps) for one in journal.open_parts()}
    await db.close()
    copy.unlink()
    return found


@pytest.mark.parametrize("again", [True, False])
async def test_words_outlive_a_kill_while_opencode_is_slow_to_answer(world: World, tmp_path: Path, again: bool) -> None:
    await talking(world)
    before = part(world).text
    answer = asyncio.Event()
    reached = asyncio.Event()

    async def slow(path: str, body: Any) -> list[Any]:
        reached.set()
        await answer.wait()
        return []

    world.fake.routes["GET /permission"] = slow
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    connection._begin_mending(again=again)
    await reached.wait()
    for number in range(20):
        world.delta(f"w{number} ")
    opened = [{"id": name, "type": "text", "text": "", "time": {"start": 1}} for name in ("prt_1", "prt_2")]
    world.says(S, "msg_1", *opened)
    world.tell("message.part.updated", part={"messageID": "msg_1", **opened[1]})
    world.delta("and more", part="prt_2")
    await world.until(lambda: len(connection._backlog or ()) >= 22)
    heard = "".join(f"w{number} " for number in range(20))
    gaps = [] if again else [len(before)]
    killed = await after_a_kill(world, tmp_path)
    assert killed == {"prt_1": (before + heard, gaps), "prt_2": ("and more", [])}

    answer.set()
    await world.until(lambda: connection._backlog is None)
    assert part(world).text == before + heard, "taken in once"
    assert (await after_a_kill(world, tmp_path))["prt_1"][0] == before + heard
    assert world.db.one("SELECT COUNT(*) AS n FROM held_text")["n"] == 0  # type: ignore[index]
