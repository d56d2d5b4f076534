# SPDX-License-Identifier: MIT
"""Logins from before there were tunnels."""

import sqlite3
from pathlib import Path

import pytest

from opencode_nexus.store import migrate
from opencode_nexus.store.db import Database
from opencode_nexus.store.logins import Logins

pytestmark = pytest.mark.anyio


async def test_logins_of_an_older_release_go_on_as_this_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, all_of_them = tmp_path / "nexus.db", migrate.migrations()
    with monkeypatch.context() as older:
        older.setattr(migrate, "migrations", lambda: [one for one in all_of_them if one[0] < 7])
        connection = sqlite3.connect(path)
        migrate.migrate(connection)
        connection.execute("INSERT INTO users VALUES ('usr_1', 'Ada', 'ada', 'x', 1, 1, NULL)")
        connection.execute("INSERT INTO logins VALUES ('lgn_1', 'usr_1', x'01', 1, 9, 1, 1, '10.0.0.1', 'Firefox')")
        connection.commit()
        connection.close()
    db = Database(path)
    await db.open()
    row = Logins(db).by_hash(b"\x01")
    assert row is not None
    assert (row.id, row.user_name, row.stay, row.remote, row.device, row.confirmed) == (
        "lgn_1", "Ada", True, False, "", 0.0,
    )  # fmt: skip
    await db.close()
