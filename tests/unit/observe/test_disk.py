# SPDX-License-Identifier: MIT
import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe import disk as disk_module
from opencode_nexus.observe.cleaning import LEFT, alone, clean, offered
from opencode_nexus.observe.disk import FRESH, Disk
from opencode_nexus.observe.disk_errors import CleanFailed, DiskInUse, NothingToClean, RunsElsewhere
from opencode_nexus.observe.opencode_folders import DiskUse, Folders, measure


def write(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """What an OpenCode may have left: a database with free space, snapshots of two projects, and more."""
    found = Folders.of({"HOME": str(tmp_path)})
    write(found.data / "snapshot" / "one" / "tree" / "objects" / "a", 300_000)
    os.link(found.data / "snapshot/one/tree/objects/a", found.data / "snapshot/one/tree/objects/b")
    write(found.data / "snapshot" / "two" / "tree" / "a", 50_000)
    write(found.data / "tool-output" / "tool_1", 200_000)
    write(found.data / "log" / "opencode.log", 100_000)
    write(found.data / "auth.json", 100)
    write(found.cache / "bin" / "rg", 400_000)
    with closing(sqlite3.connect(found.database, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE project (id TEXT, worktree TEXT)")
        db.execute("INSERT INTO project VALUES ('one', ?)", (str(tmp_path),))
        db.execute("CREATE TABLE event (data BLOB)")
        db.execute("INSERT INTO event VALUES (randomblob(900000))")
        db.execute("DELETE FROM event")
    return found


def test_it_is_counted_as_du_counts_it(folders: Folders) -> None:
    use = measure(folders, 5.0)
    told = subprocess.run(["du", "-s", "-B1", folders.data, folders.cache], capture_output=True, text=True, check=True)
    assert use.total == sum(int(line.split()[0]) for line in told.stdout.splitlines())
    assert (use.parts["snapshots"].files, use.parts["outputs"].files, use.parts["other"].files) == (2, 1, 1)
    assert use.parts["database"].bytes > 900_000 and use.parts["cache"].bytes >= 400_000


def test_where_things_lie_is_told_by_the_environment(tmp_path: Path) -> None:
    told = {"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c", "OPENCODE_DB": str(tmp_path / "my.db")}
    found = Folders.of(told)
    assert (found.data, found.cache, found.state) == (
        Path("/d/opencode"), Path("/c/opencode"), Path("/h/.local/state/opencode")
    )  # fmt: skip
    write(found.database, 5000)
    write(tmp_path / "my.db-wal", 5000)
    assert measure(found, 0.0).parts["database"].files == 2


def test_what_may_go_is_shown_with_what_is_lost(folders: Folders) -> None:
    found = {item.id: item for item in offered(folders)}
    assert set(found) == {"snapshots:one", "snapshots:two", "outputs", "logs", "cache", "database"}
    assert (
        "no longer knows" in found["snapshots:two"].title
        and str(folders.data.parents[2]) in found["snapshots:one"].title
    )
    assert "Undo" in found["snapshots:one"].loses and found["database"].bytes > 850_000
    sizes = [item.bytes for item in offered(folders)]
    assert sizes == sorted(sizes, reverse=True)


def test_only_what_was_named_goes(folders: Folders) -> None:
    before = measure(folders, 0.0)
    gone = clean(folders, ["snapshots:one", "outputs", "database"])
    assert {item.id for item in gone} == {"snapshots:one", "outputs", "database"}
    assert {item.id for item in offered(folders)} == {"snapshots:two", "logs", "cache"}
    freed = before.total - measure(folders, 0.0).total
    assert freed == pytest.approx(sum(item.bytes for item in gone), rel=0.05)
    assert (folders.data / "auth.json").exists() and (folders.data / "tool-output").is_dir()
    with closing(sqlite3.connect(folders.database)) as db:
        assert db.execute("SELECT id FROM project").fetchall() == [("one",)]


def test_nothing_goes_while_another_has_the_database_open(folders: Folders) -> None:
    with closing(sqlite3.connect(folders.database)) as other:
        other.execute("SELECT * FROM project").fetchall()
        with pytest.raises(DiskInUse):
            clean(folders, ["outputs"])
    assert (folders.data / "tool-output" / "tool_1").exists()
    with (
        alone(folders.database),
        closing(sqlite3.connect(folders.database, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("SELECT * FROM project")


def test_what_was_not_offered_is_refused(folders: Folders) -> None:
    for ids in ([], ["snapshots:../../../etc"], ["outputs", "nothing"]):
        with pytest.raises(NothingToClean):
            clean(folders, ids)
    assert (folders.data / "tool-output" / "tool_1").exists()


def test_what_an_earlier_cleaning_left_behind_is_offered_again(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(f"{path} may not go")

    with monkeypatch.context() as patched:
        patched.setattr("opencode_nexus.observe.cleaning._delete", refuse)
        with pytest.raises(CleanFailed, match="may not go"):
            clean(folders, ["snapshots:one"])
    (left,) = [item for item in offered(folders) if LEFT in item.id]
    assert left.title == "Left over of an earlier cleaning"
    clean(folders, [left.id])
    assert [item.id for item in offered(folders) if item.kind == "snapshots"] == ["snapshots:two"]


def test_a_home_without_an_opencode_keeps_nothing(tmp_path: Path) -> None:
    none = Folders.of({"HOME": str(tmp_path / "nobody")})
    assert measure(none, 0.0).total == 0 and offered(none) == []


class Scene:
    def __init__(self, root: Path) -> None:
        self.clock, self.tasks, self.running = ManualClock(), Tasks(), set[str]()
        homes = {"a": root, "b": root, "c": root / "other"}
        self.disk = Disk(
            servers=lambda: {"a": "A", "b": "B", "c": "C"}, environment=lambda one: {"HOME": str(homes[one])},
            runs=lambda one: one in self.running, clock=self.clock, tasks=self.tasks,
        )  # fmt: skip


@pytest.mark.anyio
async def test_servers_that_share_their_folders_share_a_measure(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, walked = Scene(tmp_path), list[Folders]()

    def counted(what: Folders, now: float) -> DiskUse:
        walked.append(what)
        return measure(what, now)

    monkeypatch.setattr(disk_module, "measure", counted)
    assert scene.disk.bytes("a") is None
    found = await asyncio.gather(scene.disk.look("a"), scene.disk.look("b"), scene.disk.look("c"))
    assert found[0] is found[1] and found[2].total == 0 and len(walked) == 2
    assert scene.disk.bytes("b") == found[0].total
    assert (scene.disk.sharing("a"), scene.disk.sharing("c")) == (["B"], [])
    scene.clock.advance(FRESH + 1)
    await scene.disk.look("a")
    assert len(walked) == 3
    assert scene.disk.bytes("elsewhere") is None  # alerts and metrics ask of every server
    with pytest.raises(RunsElsewhere):
        scene.disk.folders("attached")


@pytest.mark.anyio
async def test_a_server_that_shares_the_folders_keeps_them_from_being_cleaned(folders: Folders, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.running = {"b", "c"}
    with pytest.raises(DiskInUse, match="B"):
        await scene.disk.clean("a", ["outputs"])
    scene.running = {"c"}
    before = (await scene.disk.look("a")).total
    assert [item.id for item in await scene.disk.clean("a", ["outputs"])] == ["outputs"]
    assert (await scene.disk.look("a")).total < before - 150_000
    assert "outputs" not in {item.id for item in await scene.disk.offered("a")}


@pytest.mark.anyio
async def test_nothing_yet_is_not_known(tmp_path: Path) -> None:
    clock = ManualClock()
    disk = Disk(
        servers=lambda: {"srv_1": "One"}, environment=lambda server_id: {"HOME": str(tmp_path)},
        runs=lambda server_id: True, clock=clock, tasks=Tasks(),
    )  # fmt: skip
    await disk.look("srv_1")
    assert disk.bytes("srv_1") is None  # measured before OpenCode's first start
    kept = tmp_path / ".local/share/opencode"
    kept.mkdir(parents=True)
    (kept / "opencode.db").write_bytes(b"x" * 5000)
    clock.advance(FRESH + 1)
    await disk.look("srv_1")
    assert (disk.bytes("srv_1") or 0) >= 5000
