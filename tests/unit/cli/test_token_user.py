# SPDX-License-Identifier: MIT
"""`token …` and `user …` on a home folder: without a hub, and beside one that has the database open."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opencode_nexus.access.access import Access
from opencode_nexus.access.errors import WrongLogin
from opencode_nexus.access.lockout import FAILURES
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home
from tests.unit.cli.conftest import Run

Capture = pytest.CaptureFixture[str]
OWNER, PASSWORD, OTHER = "Ada", "Correct Horse 7", "Another Horse 8"


@asynccontextmanager
async def access_of(folder: Path) -> AsyncIterator[Access]:
    Home(folder).prepare()
    db = Database(Home(folder).database)
    await db.open()
    yield Access(db=db, clock=SystemClock())
    await db.close()


@pytest.fixture
def owned(folder: Path) -> Path:
    """A home folder with an owner in it."""

    async def make() -> None:
        async with access_of(folder) as access:
            await access.create_owner(OWNER, PASSWORD)

    asyncio.run(make())
    return folder


def bearer_of(folder: Path, token: str) -> frozenset[str] | None:
    """The scopes of a token, asked of the database as a hub does."""

    async def ask() -> frozenset[str] | None:
        async with access_of(folder) as access:
            who = access.bearer(token)
            return who.scopes if who else None

    return asyncio.run(ask())


def test_a_token_is_made_listed_and_revoked(owned: Path, run: Run, capsys: Capture) -> None:
    assert run("token", "list") == 0
    assert "There are no API tokens" in capsys.readouterr().out
    assert run("token", "create", "--name", "ci", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert bearer_of(owned, made["token"]) == frozenset({"all"})
    assert run("token", "list", "--json") == 0
    listed = capsys.readouterr().out
    assert made["token"] not in listed
    assert [(row["name"], row["scopes"], row["user"]) for row in json.loads(listed)] == [("ci", ["all"], OWNER)]
    assert run("token", "list") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["ci", "all"]
    assert run("token", "revoke", "ci") == 0
    assert capsys.readouterr().out == "The token ci is revoked.\n"
    assert bearer_of(owned, made["token"]) is None
    assert run("token", "revoke", "ci") == 1
    assert "There is no such API token." in capsys.readouterr().err


def test_without_json_the_token_alone_is_printed(owned: Path, run: Run, capsys: Capture) -> None:
    assert run("token", "create", "--name", "x", "--scope", "read", "--days", "7") == 0
    token = capsys.readouterr().out.strip()
    assert bearer_of(owned, token) == frozenset({"read"})
    assert run("token", "revoke", "x", "--json") == 0
    row = json.loads(capsys.readouterr().out)
    assert row["expires"] == pytest.approx(row["created"] + 7 * 86400)


@pytest.mark.parametrize("extra", [["--scope", "root"], ["--days", "0"]])
def test_a_token_that_cannot_be_made_says_why(owned: Path, run: Run, capsys: Capture, extra: list[str]) -> None:
    assert run("token", "create", "--name", "ci", *extra) == 1
    assert "An API token cannot be made like this." in capsys.readouterr().err


@pytest.mark.parametrize("words", [["token", "create", "--name", "x"], ["token", "list"], ["user", "list"]])
def test_without_a_set_up_nothing_is_made(folder: Path, run: Run, capsys: Capture, words: list[str]) -> None:
    assert run(*words) == 1
    assert "There is no owner account yet." in capsys.readouterr().err
    assert not folder.exists()


def test_an_empty_database_has_no_users(folder: Path, run: Run, capsys: Capture) -> None:
    async def make() -> None:
        async with access_of(folder):
            pass

    asyncio.run(make())
    assert run("user", "list") == 0
    assert "There is no user yet" in capsys.readouterr().out
    assert run("user", "unlock") == 1
    assert run("token", "create", "--name", "x") == 1


def test_a_broken_database_is_told(folder: Path, run: Run, capsys: Capture) -> None:
    Home(folder).prepare()
    Home(folder).database.write_bytes(b"not a database, but long enough to be looked at" * 100)
    assert run("user", "list") == 1
    assert "The database of the home folder is damaged." in capsys.readouterr().err


def test_passwd_works_beside_a_hub_and_signs_out(owned: Path, run: Run, capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{OTHER}\nsecond line\n")

    async def beside() -> None:
        async with access_of(owned) as hub:
            old = await hub.login(OWNER, PASSWORD, "127.0.0.1")
            code = await asyncio.to_thread(run, "user", "passwd", OWNER, "--password-file", str(file))
            assert code == 0
            assert hub.authenticate(old) is None
            assert hub.authenticate(await hub.login(OWNER, OTHER, "127.0.0.1")) is not None
            with pytest.raises(WrongLogin):
                await hub.login(OWNER, PASSWORD, "127.0.0.1")

    asyncio.run(beside())
    assert capsys.readouterr().out == "The password of Ada is changed. Devices signed out: 1.\n"


def test_passwd_reads_standard_input_and_gives_json(
    owned: Path, run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(OTHER + "\n"))
    assert run("user", "passwd", "--password-file", "-", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"name": OWNER, "logins_ended": 0}


def test_passwd_refuses_what_the_page_would_refuse(owned: Path, run: Run, capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("weak")
    assert run("user", "passwd", "--password-file", str(file)) == 1
    said = capsys.readouterr().err
    for message in ("at least 8 characters", "an upper-case letter", "a digit"):
        assert message in said
    assert run("user", "passwd", "Bob", "--password-file", str(tmp_path / "none")) == 1
    assert "There is no file " in capsys.readouterr().err


def test_passwd_asks_twice_at_a_terminal(
    owned: Path, run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert run("user", "passwd") == 1  # pytest's standard input is no terminal
    assert "no terminal" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal())
    typed = iter([OTHER, "else", OTHER, OTHER])
    monkeypatch.setattr("opencode_nexus.cli.user.getpass", lambda prompt: next(typed))
    assert run("user", "passwd") == 1
    assert "not the same" in capsys.readouterr().err
    assert run("user", "passwd") == 0
    assert "an upper-case letter" in capsys.readouterr().out


def test_unlock_ends_a_lock_beside_a_hub(owned: Path, run: Run, capsys: Capture) -> None:
    async def beside() -> None:
        async with access_of(owned) as hub:
            for _ in range(FAILURES):
                with pytest.raises(Exception, match=r"wrong|locked|Too many"):
                    await hub.login(OWNER, "Wrong Horse 7", "127.0.0.1")
            assert await asyncio.to_thread(run, "user", "list", "--json") == 0
            assert json.loads(capsys.readouterr().out)[0]["locked"][0]["source"] == "127.0.0.1"
            assert await asyncio.to_thread(run, "user", "unlock", "ada", "--json") == 0
            assert json.loads(capsys.readouterr().out) == {"name": "ada", "sources": 1}
            assert await hub.login(OWNER, PASSWORD, "127.0.0.1")

    asyncio.run(beside())
    assert run("user", "unlock", "Bob") == 1
    assert "There is no such user." in capsys.readouterr().err
    assert run("user", "list") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] == OWNER
    assert run("user", "unlock") == 0
    assert "Nothing is locked for Ada" in capsys.readouterr().out
