# SPDX-License-Identifier: MIT
"""Catching up: pages of a session newest first, from where a reading was cut off, and what is gone is taken away."""

import asyncio
import base64
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.chat.errors import SearchUnusable
from opencode_nexus.chat.search import index as search_index
from opencode_nexus.chat.search.documents import document_of
from opencode_nexus.chat.search.index import SearchIndex
from opencode_nexus.chat.search.reader import PAGE, Reader
from opencode_nexus.chat.search.search import Filters, Search
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.opencode.errors import OpenCodeError, UnknownToOpenCode
from opencode_nexus.opencode.events import MessageUpdated, PartUpdated, SessionIdle
from opencode_nexus.store.search import SearchStore
from opencode_nexus.store.search_query import parse
from tests.fakes.one_server import SERVER, OneServer

pytestmark = pytest.mark.anyio

AT = 1_700_000_000_000
WITHIN = 30.0  # seconds; only ends a test that waits for what never comes


class Talks:
    """What a server has, as its client tells it: messages by session, oldest first."""

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[int, str]]] = {}
        self.updated: dict[str, int] = {}
        self.asked: list[str | None] = []
        self.fail: Exception | None = None

    def say(self, session_id: str, *texts: str, at: int = AT) -> None:
        talk = self.said.setdefault(session_id, [])
        for text in texts:
            talk.append((at + 1000 * (len(talk) + 1), text))
        self.updated[session_id] = self.updated.get(session_id, AT) + 1

    def info(self, session_id: str) -> dict[str, Any]:
        times = {"created": AT, "updated": self.updated[session_id]}
        return {"id": session_id, "title": session_id, "directory": "/work", "time": times}

    async def json(self, method: str, path: str, **more: Any) -> list[dict[str, Any]]:
        return [self.info(session_id) for session_id in self.said]

    async def messages(
        self, session_id: str, limit: int, before: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        self.asked.append(before)
        if self.fail is not None:
            raise self.fail
        if session_id not in self.said:
            raise UnknownToOpenCode(session_id)
        end = 1 << 62 if before is None else json.loads(base64.urlsafe_b64decode(before))["time"]
        there = [one for one in self.said[session_id] if one[0] < end]
        page = there[-limit:]
        cursor = base64.urlsafe_b64encode(json.dumps({"id": "msg", "time": page[0][0]}).encode()).decode()
        found = [
            {
                "info": {"id": f"msg_{at}", "role": "user", "time": {"created": at}},
                "parts": [{"id": f"prt_{at}", "messageID": f"msg_{at}", "type": "text", "text": text}],
            }
            for at, text in page
        ]
        return found, cursor if len(there) > limit else None


class NoJournal:
    async def interrupted(self, session_id: str) -> dict[str, Any]:
        return {}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SearchStore]:
    opened = SearchStore(tmp_path / "search.db")
    await opened.open()
    yield opened
    await opened.close()


def reader(talks: Talks) -> Reader:
    around: dict[str, Any] = {"journal": NoJournal(), "still": lambda one: True, "others": set}
    return Reader(SERVER, talks, projects=lambda: ["/work"], **around)  # type: ignore[arg-type]


async def read(store: SearchStore, talks: Talks, steps: int = 1000) -> Reader:
    """As a hub that starts reads it; ended after so many steps."""
    mine = reader(talks)
    for _ in range(steps):
        if mine.done:
            break
        await mine.step(store)
    return mine


async def texts(store: SearchStore, word: str = "word") -> int:
    return len([part for _, _, part in await store.ids(parse(word), Filters()) if part])


async def test_a_long_session_is_read_to_its_beginning_once(store: SearchStore) -> None:
    talks = Talks()
    talks.say("ses_1", *[f"word {n}" for n in range(3 * PAGE + 7)])
    assert (await read(store, talks)).done
    assert await texts(store) == 3 * PAGE + 7 and len(talks.asked) == 4
    talks.asked.clear()
    await read(store, talks)
    assert not talks.asked  # nothing is new
    talks.say("ses_1", "word again")
    await read(store, talks)
    assert await texts(store) == 3 * PAGE + 8 and len(talks.asked) == 2  # what is new, and a page that is known


async def test_a_reading_that_was_cut_off_goes_on_where_it_was(store: SearchStore) -> None:
    talks = Talks()
    talks.say("ses_1", *[f"word {n}" for n in range(4 * PAGE)])
    await read(store, talks, steps=4)  # the list, the session, two pages
    assert await texts(store) == 2 * PAGE
    talks.say("ses_1", "word that came meanwhile")
    talks.asked.clear()
    mine = await read(store, talks)
    assert mine.done and talks.asked[0] is not None
    await read(store, talks)  # it changed since the first reading began
    assert await texts(store) == 4 * PAGE + 1


async def test_what_is_gone_is_taken_away(store: SearchStore) -> None:
    talks = Talks()
    talks.say("ses_1", "word one", "word two", "word three")
    talks.say("ses_2", "word")
    await read(store, talks)
    del talks.said["ses_2"], talks.said["ses_1"][1]
    talks.updated["ses_1"] += 1
    await read(store, talks)
    assert await texts(store, "two") == 0 and await texts(store, "three") == 1
    assert {one.id for one in await store.sessions()} == {"ses_1"}


async def test_a_session_that_cannot_be_read_does_not_keep_the_others(store: SearchStore) -> None:
    talks = Talks()
    talks.say("ses_1", "word")
    mine = reader(talks)
    talks.fail = OpenCodeError("no")
    for _ in range(20):
        if mine.done:
            break
        try:
            await mine.step(store)
        except OpenCodeError:
            continue
    assert mine.done and len(talks.asked) == 3
    talks.fail = None
    await read(store, talks)
    assert await texts(store) == 1


def part(session_id: str, at: int, text: str) -> list[Any]:
    """A message and its closed part, as the stream tells them."""
    info = {"id": f"msg_{at}", "role": "assistant", "time": {"created": at}}
    told = {"id": f"prt_{at}", "messageID": f"msg_{at}", "type": "text", "text": text, "time": {"start": 1, "end": 2}}
    return [MessageUpdated(session_id=session_id, info=info), PartUpdated(session_id=session_id, part=told)]


@dataclass
class Followed:
    """An index that follows one server."""

    talks: Talks
    index: SearchIndex
    search: Search

    async def in_step(self) -> None:
        await _until(lambda: not self.search.progress().behind and self.index.rebuild is None)


@pytest.fixture
async def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Followed]:
    monkeypatch.setattr(search_index, "PAUSE", 0)
    monkeypatch.setattr(search_index, "WHILE_RUNNING", 0)
    clock = ManualClock()
    bus = Bus(clock)
    servers = OneServer(bus, "/work")
    index = SearchIndex(tmp_path / "search.db", servers=servers, journal=NoJournal(), bus=bus, clock=clock)  # type: ignore[arg-type]
    await index.open()
    talks = Talks()
    index.connected(SERVER, talks)  # type: ignore[arg-type]
    yield Followed(talks, index, Search(index, servers))
    await index.close()


async def test_a_file_that_is_found_damaged_is_made_anew(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    followed.talks.say("ses_1", "word")
    await followed.in_step()

    async def damaged(*anything: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    former = followed.index._store
    monkeypatch.setattr(former, "find", damaged)
    with pytest.raises(SearchUnusable):
        await followed.search.find("word", Filters())
    await _until(lambda: followed.index._store is not former)
    await followed.in_step()
    assert len((await followed.search.find("word", Filters())).hits) == 1


async def test_a_making_anew_that_fails_leaves_the_index(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    followed.talks.say("ses_1", "word")
    await followed.in_step()

    def full(*anything: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("opencode_nexus.chat.search.rebuild.os.replace", full)
    followed.search.rebuild()
    await followed.in_step()
    assert "No space left" in followed.search.progress().problem
    assert len((await followed.search.find("word", Filters())).hits) == 1
    for event in part("ses_1", AT + 90_000, "word heard after it"):
        followed.index.heard(SERVER, "/work", event)
    while len((await followed.search.find("word", Filters())).hits) < 2:
        await asyncio.sleep(0.01)


async def test_what_the_disk_does_not_take_is_read_again(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "WAITING", 2000)
    talks, index, search = followed.talks, followed.index, followed.search
    talks.say("ses_1", "word that was read")
    await followed.in_step()
    talks.say("ses_1", *[f"word {n} " + "x " * 100 for n in range(59)])
    for at, text in talks.said["ses_1"][1:]:
        for event in part("ses_1", at, text):
            index.heard(SERVER, "/work", event)
    assert index._size < 3000  # the rest is not kept in memory
    index.heard(SERVER, "/work", SessionIdle(session_id="ses_1"))
    await followed.in_step()
    found = await search.find("word", Filters(role="user"), 100)
    kept = await search.find("word", Filters(), 100)
    assert len(kept.hits) == 60 and found.hits


async def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not what():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_pasted_text_is_found_by_its_last_word_too() -> None:
    part = {"id": "prt_1", "messageID": "msg_1", "sessionID": "ses_1", "type": "text", "text": "x " * 400_000 + "zebra"}
    made = document_of(part, "user", 1000)
    assert made is not None and made.text.endswith("zebra")
