# SPDX-License-Identifier: MIT
"""A backup comes back as it was; one that was cut, changed, or opened with another passphrase does not."""

import gzip
import io
import os
import sqlite3
import tarfile
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from opencode_nexus.observe.backup.create import Made, create
from opencode_nexus.observe.backup.errors import (
    BackupDamaged,
    BackupNewer,
    BackupUnwritable,
    HomeNotEmpty,
    PassphraseWeak,
    PassphraseWrong,
)
from opencode_nexus.observe.backup.restore import Restored, restore
from opencode_nexus.observe.backup.sealed import FRAME, SealedReader, SealedWriter
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.migrate import migrate
from tests.leaks import remember

PASSPHRASE = remember("a passphrase of backups")
SECRET = remember("token-of-a-tunnel-91")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is quickly made: these tests ask for a hundred."""
    monkeypatch.setattr("opencode_nexus.observe.backup.sealed.MEMORY", 64)
    monkeypatch.setattr("opencode_nexus.observe.backup.sealed.PASSES", 1)


def put(key: str, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR REPLACE INTO kv VALUES (?, '1')", (key,))


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with something in each part, whose database is still in WAL mode, as after a kill."""
    home = tmp_path / "home"
    (home / "attachments").mkdir(parents=True)
    (home / "logs").mkdir()
    (home / "logs" / "hub.log").write_text("not in a backup")
    (home / "attachments" / "att_1").write_bytes(os.urandom(3 * FRAME // 2))
    for name in ("nexus.db", "search.db"):
        with closing(sqlite3.connect(home / name, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            migrate(connection)
            connection.execute("INSERT INTO kv VALUES ('name', '\"größer\"')")
            connection.execute("INSERT INTO server_runs VALUES ('run_1','srv_1','m',1,1.0,42,1.0,'',NULL,0)")
    SealedFile(home / "secrets").set("tunnel-token:x", SECRET)
    return home


def made(home: Path, passphrase: str = "", *sessions: Path) -> Made:
    secrets = SealedFile(home / "secrets")
    return create(
        home, home.parent / f"one{bool(passphrase)}.backup", now=1000.0, passphrase=passphrase,
        secrets=lambda: {name: secrets.get(name) or "" for name in secrets.names()}, sessions=sessions,
    )  # fmt: skip


def back(home: Path, backup: Made, passphrase: str = "") -> tuple[Path, Restored]:
    into = home.parent / "other" / "home"
    return into, restore(backup.path, into, passphrase, {"HOME": str(home.parent / "user")})


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_all_comes_back(home: Path, passphrase: str) -> None:
    backup = made(home, passphrase)
    assert backup.size == backup.path.stat().st_size
    assert backup.path.stat().st_mode & 0o777 == 0o600
    into, restored = back(home, backup, passphrase)
    assert restored.created == 1000.0
    with closing(sqlite3.connect(home / "nexus.db")) as connection:
        connection.execute("DELETE FROM server_runs")  # of this machine and this run alone
        connection.commit()
    assert dump(into / "nexus.db") == dump(home / "nexus.db")
    assert dump(into / "search.db") == dump(home / "search.db")
    assert (into / "attachments/att_1").read_bytes() == (home / "attachments/att_1").read_bytes()
    assert not (into / "logs").exists()
    assert into.stat().st_mode & 0o777 == 0o700
    assert SealedFile(into / "secrets").names() == (["tunnel-token:x"] if passphrase else [])
    if passphrase:
        assert SealedFile(into / "secrets").get("tunnel-token:x") == SECRET
        assert SECRET.encode() not in backup.path.read_bytes()
        assert not (into / "secrets.json").exists()
        assert (into / "secrets/key").read_bytes() != (home / "secrets/key").read_bytes()
    else:
        assert "Secrets were not in it" in restored.notes[0]
    assert sorted(path.name for path in home.parent.iterdir()) == sorted({"home", "other", backup.path.name})


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_a_flipped_byte_anywhere_is_refused(home: Path, passphrase: str) -> None:
    backup = made(home, passphrase)
    whole = backup.path.read_bytes()
    for place in [*range(0, 300, 23), len(whole) // 3, len(whole) // 2, len(whole) - 40, len(whole) - 1]:
        backup.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises((BackupDamaged, PassphraseWrong, BackupNewer)):
            back(home, backup, passphrase)
        assert not (home.parent / "other" / "home").exists()
        assert list((home.parent / "other").iterdir()) == []


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_one_that_is_cut_off_or_goes_on_is_refused(home: Path, passphrase: str) -> None:
    backup = made(home, passphrase)
    whole = backup.path.read_bytes()
    for wrong in (
        b"",
        whole[:10],
        whole[:-1],
        whole[: len(whole) // 2],
        whole + b"x",
        b"something else entirely\n{}\n",
    ):
        backup.path.write_bytes(wrong)
        with pytest.raises((BackupDamaged, PassphraseWrong)):
            back(home, backup, passphrase)


def test_frames_cannot_be_left_out_or_change_places() -> None:
    file = io.BytesIO()
    writer = SealedWriter(file, {}, PASSPHRASE)
    pieces = [bytes([n]) * FRAME for n in range(3)]
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    whole = file.getvalue()
    assert SealedReader(io.BytesIO(whole), PASSPHRASE).read() == b"".join(pieces)
    size = 4 + FRAME + 16
    start = len(whole) - 3 * size
    first, second, last = (whole[start + n * size : start + (n + 1) * size] for n in range(3))
    for wrong in (first + last, second + first + last, first + second, first + second + second):
        with pytest.raises((BackupDamaged, PassphraseWrong)):
            SealedReader(io.BytesIO(whole[:start] + wrong), PASSPHRASE).to_end()


def test_the_passphrase(home: Path) -> None:
    with pytest.raises(PassphraseWeak):
        made(home, "short")
    backup = made(home, PASSPHRASE)
    for wrong in ("", "another passphrase"):
        with pytest.raises(PassphraseWrong):
            back(home, backup, wrong)


def test_only_an_empty_home_is_taken(home: Path) -> None:
    backup = made(home)
    with pytest.raises(HomeNotEmpty):
        restore(backup.path, home, "", {})
    assert (home / "logs/hub.log").exists()
    empty = home.parent / "empty"
    empty.mkdir()
    assert "nexus.db" in restore(backup.path, empty, "", {}).parts


@pytest.mark.parametrize("way", ["link", "volume"])
def test_a_home_that_is_a_link_or_a_volume_is_filled(home: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backup, folder = made(home, PASSPHRASE), home.parent / "there"
    folder.mkdir()
    named = home.parent / "named" if way == "link" else folder
    if way == "link":
        named.symlink_to(folder)
    else:  # what cannot be taken away, as it is mounted, and holds what a new disk does
        (folder / "lost+found").mkdir()
        monkeypatch.setattr(os.path, "ismount", lambda path: path == folder)
        monkeypatch.setattr(Path, "rmdir", lambda path: pytest.fail(f"{path} is busy"))
    restored = restore(backup.path, named, PASSPHRASE, {})
    assert restored.parts == backup.parts and SealedFile(folder / "secrets").get("tunnel-token:x") == SECRET
    assert sorted({path.name for path in folder.iterdir()} - {"lost+found"}) == [
        "attachments", "nexus.db", "search.db", "secrets"
    ]  # fmt: skip
    assert named.is_symlink() == (way == "link")
    with pytest.raises(HomeNotEmpty):
        restore(backup.path, named, PASSPHRASE, {})


def test_a_place_that_is_taken_or_cannot_be_written_is_told(home: Path) -> None:
    backup = made(home)
    with pytest.raises(BackupUnwritable, match="there already"):
        made(home)
    with pytest.raises(BackupUnwritable):
        create(home, home / "logs" / "hub.log" / "x.backup", now=0.0)
    assert backup.path.exists()


def test_what_no_backup_holds_is_not_written(tmp_path: Path) -> None:
    for name, kind in (("../outside", tarfile.REGTYPE), ("attachments/../../x", tarfile.REGTYPE), ("nexus.db", b"2")):
        file = tmp_path / "evil.backup"
        with file.open("wb") as out:
            writer = SealedWriter(out, {"schema": 1})
            with gzip.GzipFile(fileobj=writer, mode="wb") as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "/etc/passwd"
                archive.addfile(info, io.BytesIO())
            writer.finish()
        with pytest.raises(BackupDamaged, match="no backup does"):
            restore(file, tmp_path / "home", "", {})
        assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.backup"]


def test_one_of_a_later_version_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "later.backup"
    with file.open("wb") as out:
        SealedWriter(out, {"schema": 9999}).finish()
    with pytest.raises(BackupNewer):
        restore(file, tmp_path / "home", "", {})


def test_opencodes_own_chats_go_where_none_are_yet(home: Path) -> None:
    chats = home.parent / "chats.db"
    with closing(sqlite3.connect(chats)) as connection:
        connection.execute("CREATE TABLE session (id TEXT)")
        connection.execute("INSERT INTO session VALUES ('ses_1')")
        connection.commit()
    backup = made(home, "", chats)
    into, restored = back(home, backup)
    there = home.parent / "user/.local/share/opencode/opencode.db"
    assert dump(there) == dump(chats)
    assert not (into / "sessions").exists()
    again = home.parent / "again"
    restored = restore(backup.path, again, "", {"HOME": str(home.parent / "user")})
    assert "chats of its own here" in restored.notes[-1]
    assert dump(again / "sessions/0.db") == dump(chats)


@pytest.mark.anyio
async def test_a_backup_is_made_while_the_hub_writes(home: Path) -> None:
    db = Database(home / "nexus.db")
    await db.open()
    try:
        for number in range(200):
            db.post(partial(put, f"k{number}"))
        backup = made(home)
        await Kv(db).set("after", 1)
    finally:
        await db.close()
    into, _ = back(home, backup)
    assert any("größer" in line for line in dump(into / "nexus.db"))
