# SPDX-License-Identifier: MIT
"""The backups page, on a home folder of its own."""

import asyncio
import re
from pathlib import Path

import pytest

from opencode_nexus.access.sessions import FRESH
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.backup.backups import Backups, plan_of
from opencode_nexus.observe.backup.restore import verify
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from tests.leaks import remember
from tests.unit.web.pages.conftest import PASSWORD, Desk, words

pytestmark = pytest.mark.anyio

PASSPHRASE = remember("passphrase-of-the-page")
NAME = re.compile(r"nexus-\d{8}-\d{6}(?:-\d)?\.backup")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.observe.backup.sealed.MEMORY", 64)
    monkeypatch.setattr("opencode_nexus.observe.backup.sealed.PASSES", 1)


@pytest.fixture
async def desk(desk: Desk, tmp_path: Path) -> Desk:
    await desk.sign_in()
    sealed = SealedFile(tmp_path / "secrets")
    db = Database(tmp_path / "nexus.db")
    await db.open()
    desk.hub.backups = Backups(
        home=tmp_path, vault=sealed, names=sealed.names, plan=lambda: plan_of(desk.hub.settings), sessions=list,
        activity=Activity(db, Bus(desk.clock), desk.clock), clock=desk.clock, tasks=Tasks(),
    )  # fmt: skip
    return desk


async def names(desk: Desk) -> list[str]:
    return [one.name for one in await desk.hub.backups.list()]


async def test_one_is_made_shown_taken_away_and_removed(desk: Desk, tmp_path: Path) -> None:
    assert "None yet." in words(await desk.get("/settings/backups"))
    answer = await desk.post("/settings/backups", passphrase=PASSPHRASE)
    assert answer.headers["location"].endswith("/settings/backups?said=made")
    (name,) = await names(desk)
    assert NAME.fullmatch(name)
    page = await desk.get("/settings/backups?said=made")
    assert "The backup is made." in words(page)
    assert "With secrets" in words(page)
    answer = await desk.post(f"/settings/backups/{name}/download")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    file = tmp_path / "taken.backup"
    file.write_bytes(answer.content)
    assert "nexus.db" in (await asyncio.to_thread(verify, file, PASSPHRASE, tmp_path / "out")).parts
    await desk.post(f"/settings/backups/{name}/remove")
    assert await names(desk) == []


async def test_a_short_passphrase_is_refused_where_it_was_typed(desk: Desk) -> None:
    page = await desk.post("/settings/backups", passphrase="short")
    assert page.status_code == 400
    assert "at least 12 characters" in words(page).lower()
    assert await names(desk) == []


async def test_the_file_is_given_to_whom_the_password_was_asked_lately(desk: Desk) -> None:
    await desk.post("/settings/backups")
    (name,) = await names(desk)
    desk.clock.advance(FRESH + 1)
    assert "Your password" in words(await desk.get(f"/settings/backups/{name}"))
    refused = await desk.post(f"/settings/backups/{name}/download", password="wrong")
    assert refused.status_code >= 400
    assert "application/octet-stream" not in refused.headers["content-type"]
    given = await desk.post(f"/settings/backups/{name}/download", password=PASSWORD)
    assert given.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("name", ["nexus.db", "..%2Fnexus.db", "nexus-20260101-000000.backup", "passphrase"])
async def test_nothing_else_is_given_out(desk: Desk, name: str) -> None:
    assert (await desk.get(f"/settings/backups/{name}")).status_code in (404, 405)
    assert (await desk.post(f"/settings/backups/{name}/download")).status_code == 404
    assert (await desk.post(f"/settings/backups/{name}/remove")).status_code == 404


async def test_a_kept_passphrase_seals_those_to_come(desk: Desk) -> None:
    assert (await desk.post("/settings/backups/passphrase", kept="short")).status_code == 400
    await desk.post("/settings/backups/passphrase", kept=PASSPHRASE)
    assert "One is kept." in words(await desk.get("/settings/backups"))
    await desk.post("/settings/backups")
    assert [one.sealed for one in await desk.hub.backups.list()] == [True]
    await desk.post("/settings/backups/passphrase", kept="")
    desk.clock.advance(1)
    await desk.post("/settings/backups")
    assert [one.sealed for one in await desk.hub.backups.list()] == [False, True]
