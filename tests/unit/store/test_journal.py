# SPDX-License-Identifier: MIT
"""The journal keeps every word of an open part, over any way of stopping."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.store.db import Database
from opencode_nexus.store.journal import Journal, OpenPart

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "nexus.db")
    await database.open()
    yield database
    await database.close()


def part(number: int = 1, session: str = "ses_1", message: str = "msg_1", server: str = "srv_1") -> OpenPart:
    return OpenPart(f"prt_{number}", server, session, message, "/project", "text")


async def reopened(db: Database) -> Journal:
    """A journal that knows only what is in the file, as after kill -9 of the hub."""
    await db.flush()
    journal = Journal(db)
    await journal.open()
    return journal


async def test_a_delta_outlives_the_hub(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part(1))
    journal.append("prt_1", "one ")
    journal.begin(part(2))  # while words of the first wait to be written
    journal.append("prt_2", "zwei ")
    journal.append("prt_1", "two")
    await db.flush()
    journal.append("prt_2", "drei")
    after = await reopened(db)
    assert {p.id: p.text for p in after.open_parts()} == {"prt_1": "one two", "prt_2": "zwei drei"}
    after.append("prt_1", " three")
    assert [(p.text, p.length) for p in (await reopened(db)).open_parts(message_id="msg_1")] == [
        ("one two three", 13),
        ("zwei drei", 9),
    ]


async def test_a_closed_part_leaves_nothing(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part())
    journal.append("prt_1", "said")
    journal.close("prt_1")
    journal.append("prt_1", "late")
    assert (await reopened(db)).open_parts() == []
    assert db.read("SELECT * FROM open_text") == []
    assert await journal.interrupted("ses_1") == {}


async def test_a_replaced_part_starts_anew(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part())
    journal.append("prt_1", "old")
    await db.flush()
    journal.begin(part(), "new ")
    journal.append("prt_1", "text")
    after = (await reopened(db)).get("prt_1")
    assert after is not None
    assert after.text == "new text"


async def test_gaps_are_kept_once_each(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part())
    journal.gap("prt_1")
    journal.append("prt_1", "four")
    journal.gap("prt_1")
    journal.gap("prt_1")
    journal.gap("prt_nope")
    after = (await reopened(db)).get("prt_1")
    assert after is not None
    assert after.gaps == [0, 4]


async def test_an_interrupted_part_is_kept_for_its_session(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part())
    journal.append("prt_1", "half a")
    journal.interrupt("prt_1")
    journal.interrupt("prt_1")
    journal.append("prt_1", " lie")
    assert journal.open_parts() == []
    for after in (journal, await reopened(db)):
        kept = (await after.interrupted("ses_1"))["prt_1"]
        assert (kept.text, kept.interrupted, kept.length) == ("half a", True, 6)
        assert await after.interrupted("ses_2") == {}
    journal.close("prt_1")  # its server closed it after all
    assert await (await reopened(db)).interrupted("ses_1") == {}


async def test_what_is_removed_is_forgotten(db: Database) -> None:
    journal = Journal(db)
    for number, message in ((1, "msg_1"), (2, "msg_2"), (3, "msg_3")):
        journal.begin(part(number, message=message), "text")
    journal.interrupt("prt_2")
    journal.forget_message("msg_2")
    journal.forget_message("msg_3")
    assert [p.id for p in journal.open_parts()] == ["prt_1"]
    assert await journal.interrupted("ses_1") == {}
    journal.busy("srv_1", "ses_1", "/project")
    journal.forget_session("ses_1")
    after = await reopened(db)
    assert (after.open_parts(), after.running("srv_1")) == ([], {})
    assert db.read("SELECT * FROM open_text") == []


async def test_busy_sessions_outlive_the_hub(db: Database) -> None:
    journal = Journal(db)
    journal.busy("srv_1", "ses_1", "/a")
    journal.busy("srv_1", "ses_1", "/a")
    journal.busy("srv_1", "ses_2", "/b")
    journal.busy("srv_2", "ses_3", "/a")
    journal.idle("srv_1", "ses_2")
    journal.idle("srv_1", "ses_2")
    after = await reopened(db)
    assert (after.running("srv_1"), after.running("srv_2")) == ({"ses_1": "/a"}, {"ses_3": "/a"})


async def test_half_a_character_can_be_kept(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part())
    journal.append("prt_1", "\ud83d")
    journal.append("prt_1", " on")
    after = (await reopened(db)).get("prt_1")
    assert after is not None
    assert after.text == "? on"


async def test_a_removed_server_leaves_its_words(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part(), "said")
    journal.busy("srv_1", "ses_1", "/a")
    journal.forget_server("srv_1")
    after = await reopened(db)
    assert after.running("srv_1") == {}
    assert (await after.interrupted("ses_1"))["prt_1"].interrupted


async def test_words_whose_write_failed_are_written_with_the_next(db: Database) -> None:
    journal = Journal(db)
    journal.begin(part())
    await db.flush()
    await db.write(lambda c: c.execute("PRAGMA busy_timeout=10"))  # milliseconds; it is 5 s
    other = sqlite3.connect(db.path, isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    journal.append("prt_1", "one ")
    with pytest.raises(sqlite3.OperationalError):
        await db.flush()
    journal.append("prt_1", "two")
    other.execute("ROLLBACK")
    other.close()
    after = (await reopened(db)).get("prt_1")
    assert after is not None
    assert after.text == "one two"
