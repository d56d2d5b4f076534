# SPDX-License-Identifier: MIT
"""`doctor` where no hub can be put together, and what it asks before it mends."""

import asyncio
import json
from pathlib import Path

import pytest

from opencode_nexus.setup import checks
from opencode_nexus.store.db import Database
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing outside of this machine is asked; any port will do."""
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9),))
    monkeypatch.setenv("OPENCODE_NEXUS_PORT", "0")


def made(folder: Path) -> Path:
    """Give the home folder a database; returns its path."""

    async def work() -> None:
        db = Database(folder / "nexus.db")
        await db.open()
        await db.close()

    folder.mkdir(mode=0o700)
    asyncio.run(work())
    return folder / "nexus.db"


def test_a_folder_that_is_not_there_is_not_made(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--fix", "--yes") == 0
    assert "Fail" not in capsys.readouterr().out
    assert not folder.exists()


def test_a_damaged_database_is_told_and_left_alone(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = made(folder)
    with database.open("r+b") as file:
        file.write(b"not a database at all")
    broken = database.read_bytes()
    folder.chmod(0o755)
    assert run("doctor", "--json", "--fix", "--yes") == 1
    told = json.loads(capsys.readouterr().out)
    found = {one["id"]: one for one in told["items"]}
    assert found["database"]["status"] == "fail" and not found["database"]["does"]
    assert found["opencode"]["status"] == "unknown" and "damaged" in found["opencode"]["said"]
    assert told["mended"] == ["rights"]  # what does not need the database is mended all the same
    assert database.read_bytes() == broken


def test_nothing_is_mended_without_a_yes(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(folder)
    folder.chmod(0o755)
    monkeypatch.setattr("typer.confirm", lambda question, default: False)
    run("doctor", "--fix")
    assert f"Set the rights of {folder} to 700." in capsys.readouterr().out
    assert folder.stat().st_mode & 0o777 == 0o755
    assert run("doctor", "--fix", "--json") == 2  # it could not ask
    monkeypatch.setattr("typer.confirm", lambda question, default: True)
    run("doctor", "--fix")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not (folder / "hub.json").exists()
