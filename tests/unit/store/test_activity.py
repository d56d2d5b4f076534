# SPDX-License-Identifier: MIT
"""The timeline: kept so long and so many, found by what it is about, and page by page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store import activity
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.audit import Audit
from opencode_nexus.store.db import Database

pytestmark = pytest.mark.anyio


class Line:
    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, ManualClock()
        self.bus = Bus(self.clock)
        self.activity = Activity(db, self.bus, self.clock)

    def texts(self, **asked: object) -> list[str]:
        return [row.text for row in self.activity.find(**asked)]  # type: ignore[arg-type]


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield Line(db)
    await db.close()


async def test_found_by_group_level_server_tunnel_and_text(line: Line) -> None:
    add = line.activity.add
    await add("server-started", "web was started.", level="success", server_id="srv_1")
    await add("server-crashed", "api died.", level="warning", server_id="srv_2")
    await add("tunnel-failed", "Home was closed 100%.", level="error", tunnel_id="tun_1")
    await add("login", "ada signed in.")
    assert line.texts(groups=["server"]) == ["api died.", "web was started."]
    assert line.texts(groups=["server", "login"], limit=2) == ["ada signed in.", "api died."]
    assert line.texts(level="warning") == ["Home was closed 100%.", "api died."]
    assert line.texts(level="error") == ["Home was closed 100%."]
    assert line.texts(server_id="srv_2") == ["api died."]
    assert line.texts(server_id="tun_1") == ["Home was closed 100%."]
    assert line.texts(text="WAS") == ["Home was closed 100%.", "web was started."]
    assert line.texts(text="%") == ["Home was closed 100%."]  # as it stands: no wildcard
    await add("login", r"a_b\c")
    assert line.texts(text="A_b") == line.texts(text="\\") == [r"a_b\c"]
    assert line.texts(text="axb") == []
    assert line.texts(level="info", limit=2) == [r"a_b\c", "ada signed in."]


async def test_pages_follow_each_other_while_more_comes(line: Line) -> None:
    for number in range(5):
        await line.activity.add("login", f"{number}")
    first = line.activity.find(limit=2)
    await line.activity.add("login", "new")
    assert line.texts(limit=2, before=first[-1].id) == ["2", "1"]


async def test_what_is_older_than_a_month_goes_and_what_is_too_much(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.activity.add("login", "old")
    line.clock.advance(29 * 86400)
    await line.activity.add("login", "middle")
    line.clock.advance(2 * 86400)
    await line.activity.add("login", "new")
    assert line.texts() == ["new", "middle"]
    monkeypatch.setattr(activity, "KEPT", 3)
    for number in range(5):
        await line.activity.add("login", f"{number}")
    assert line.texts() == ["4", "3", "2"]


async def test_a_text_that_is_too_long_is_cut(line: Line) -> None:
    row = await line.activity.add("login", "x" * 5000)
    assert len(row.text) == activity.LONGEST
    assert line.texts() == [row.text]


async def test_the_audit_log_tells_what_people_did_and_keeps_its_details(line: Line) -> None:
    audit = Audit(line.db, timeline=line.activity)
    await audit.add(1.0, "login", "ada", "192.0.2.1", login="login_secret", stay=True)
    await audit.add(2.0, "login-failed", "", "192.0.2.9", tries_left=3)
    await audit.add(3.0, "permission-once", "ada", "", asked="bash: ls {home}", server="srv_1", device="Firefox")
    await audit.add(4.0, "permission-auto", "ada", "", asked="bash: ls")
    await audit.add(5.0, "token-created", "ada", "command", token="ci", scopes=["all"])
    rows = line.activity.find()
    assert [(row.kind, row.text, row.level, row.server_id) for row in rows] == [
        ("token-created", "The API token ci was made on the command line.", "info", None),
        ("permission-once", "ada allowed once: bash: ls {home}", "info", "srv_1"),
        ("login-failed", "A sign-in failed, from 192.0.2.9.", "warning", None),
        ("login", "ada signed in, from 192.0.2.1.", "info", None),
    ]
    assert "login_secret" not in str(rows)
    assert len(audit.recent()) == 5
