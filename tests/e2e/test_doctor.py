# SPDX-License-Identifier: MIT
"""`doctor --fix` mends planted faults and a second run finds nothing: without a hub, and beside one that runs."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from opencode_nexus.fleet.environment import MARK
from opencode_nexus.observe.log_files import CURRENT
from tests.fakes import tiny_program
from tests.fakes.hub import RealHub

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="rights and sockets as POSIX has them"),
    pytest.mark.skipif(not tiny_program.available(), reason="no tiny program for this system"),
]

DAY = 86_400.0
Plant = Callable[[RealHub], object]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """A hub that was set up with a program that only says its version; it ran once, so that it has all its files."""
    root = tmp_path_factory.mktemp("doctor")
    program = root / "opencode"
    program.write_bytes(tiny_program.program())
    program.chmod(0o755)
    with RealHub(root, program, OPENCODE_NEXUS_LOG_SIZE="20") as hub:
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.make_token()
        hub.start()
        hub.stop()
        yield hub


@pytest.fixture
def strays() -> Iterator[list[psutil.Popen]]:
    """Processes that a test starts; none is left."""
    started: list[psutil.Popen] = []
    yield started
    for process in started:
        with suppress(psutil.Error):
            process.kill()
        process.wait()


def doctor(hub: RealHub, *words: str) -> tuple[dict[str, Any], int]:
    done = hub.command("doctor", "--json", *words)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    told["by"] = {one["id"]: one for one in told["items"]}
    return told, done.returncode


def old(path: Path, content: bytes = b"x" * 100, age: float = 3 * DAY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def others_may_open_the_home(hub: RealHub) -> None:
    hub.home.chmod(0o755)
    (hub.home / "secrets").chmod(0o750)


def a_killed_hub_left_its_note_and_socket(hub: RealHub) -> None:
    (hub.home / "hub.json").write_text(json.dumps({"pid": 1, "url": "http://127.0.0.1:9/", "token": "x", "boot": "x"}))
    (hub.home / "hub.json").chmod(0o600)
    with socket.socket(socket.AF_UNIX) as left:
        here = Path.cwd()
        os.chdir(hub.home)  # the name of a socket must be short
        try:
            left.bind("tunnel.sock")
        finally:
            os.chdir(here)


def half_written_files(hub: RealHub) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (hub.home / "secrets" / f"sealed.bin.{ended.pid}.new").write_bytes(b"half")
    (hub.home / "secrets" / f"sealed.bin.{ended.pid}.new").chmod(0o600)


def a_half_done_download(hub: RealHub) -> None:
    old(hub.home / "opencode" / "downloads" / "opencode-linux-x64.tar.gz.part")


def old_versions(hub: RealHub) -> None:
    for version in ("1.18.30", "1.18.31", "1.18.32"):
        old(hub.home / "opencode" / "versions" / version / "opencode", tiny_program.program())


def logs_over_their_cap(hub: RealHub) -> None:
    old(hub.home / "logs" / "hub.000001.log", b"{}\n" * 7_500_000, age=60)


def a_leftover_attachment(hub: RealHub) -> None:
    old(hub.home / "attachments" / "att_0123456789abcdefghij")


def a_damaged_search_index(hub: RealHub) -> None:
    (hub.home / "search.db").write_bytes(b"This is no database. " * 500)


def a_wrong_index_of_the_database(hub: RealHub) -> None:
    with closing(sqlite3.connect(hub.home / "nexus.db", isolation_level=None)) as connection:
        connection.executescript(
            "CREATE TABLE planted (a, b); INSERT INTO planted VALUES (1, 2), (3, 4);"
            "CREATE INDEX planted_a ON planted (a); PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = 'CREATE INDEX planted_a ON planted (b)' WHERE name = 'planted_a';"
        )


PLANTED: dict[str, Plant] = {
    "rights": others_may_open_the_home,
    "locks": a_killed_hub_left_its_note_and_socket,
    "drafts": half_written_files,
    "downloads": a_half_done_download,
    "versions": old_versions,
    "logs": logs_over_their_cap,
    "attachments": a_leftover_attachment,
    "search": a_damaged_search_index,
    "database": a_wrong_index_of_the_database,
}
"""Check → what plants its fault; the tenth one, a process without a hub, is started by the test."""


def home_id(hub: RealHub) -> str:
    with closing(sqlite3.connect(hub.home / "nexus.db")) as connection:
        (value,) = connection.execute("SELECT value FROM kv WHERE key = 'fleet.home'").fetchone()
    return str(json.loads(value)["id"])


def stray(mark: str, strays: list[psutil.Popen]) -> psutil.Popen:
    """Start a process that carries the mark."""
    process = psutil.Popen(
        [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"],
        env={**os.environ, MARK: mark}, stdout=subprocess.PIPE,
    )  # fmt: skip
    strays.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def ends(process: psutil.Popen) -> None:
    process.wait(30)


def test_ten_faults_are_mended_and_a_second_run_finds_nothing(hub: RealHub, strays: list[psutil.Popen]) -> None:
    ours = stray(f"{home_id(hub)}:srv_gone:run_gone", strays)
    other = stray("home_another:srv_x:run_x", strays)
    for plant in PLANTED.values():
        plant(hub)
    planted = {*PLANTED, "orphans"}
    before, status = doctor(hub)
    assert status == 1 and before["failed"]
    assert {name for name, one in before["by"].items() if one["does"]} == planted
    assert {before["by"][name]["status"] for name in planted} <= {"warn", "fail"}
    assert str(ours.pid) in before["by"]["orphans"]["said"]
    again, _ = doctor(hub)  # a look changes nothing
    assert [again["by"][name] for name in planted] == [before["by"][name] for name in planted]

    told, _ = doctor(hub, "--fix", "--yes")
    assert set(told["mended"]) == planted
    ends(ours)
    assert other.is_running()  # it is another hub's

    after, status = doctor(hub)
    assert not [one for one in after["items"] if one["does"]]
    assert {after["by"][name]["status"] for name in planted} == {"pass"}
    assert status == int(after["failed"])
    assert sorted(path.name for path in (hub.home / "opencode" / "versions").iterdir()) == ["1.18.31", "1.18.32"]
    assert (hub.home / "logs" / CURRENT).exists()


def test_a_running_hub_is_mended_as_well(hub: RealHub, strays: list[psutil.Popen]) -> None:
    begun = (hub.home / "logs" / CURRENT).stat().st_size
    first = stray(f"{home_id(hub)}:srv_gone:run_gone", strays)
    hub.start()
    try:
        ends(first)  # a hub's start ends it, after it was said
        log = (hub.home / "logs" / CURRENT).read_bytes()[begun:].decode()
        assert f"processes without a hub: 1 of ours has no hub: process {first.pid} " in log
        ours = stray(f"{home_id(hub)}:srv_gone:run_gone", strays)
        others_may_open_the_home(hub)
        half_written_files(hub)
        a_leftover_attachment(hub)
        wal = hub.home / "search.db-wal"
        wal.unlink(missing_ok=True)
        a_damaged_search_index(hub)
        planted = {"rights", "drafts", "attachments", "search", "orphans"}
        with hub.api() as api:
            found = {one["id"]: one for one in api.get("doctor").raise_for_status().json()["items"]}
            assert {name for name, one in found.items() if one["does"]} == planted
            assert found["port"]["status"] == found["locks"]["status"] == "pass"
            stale = api.post("doctor/fix", json={"id": "rights", "seen": found["drafts"]["seen"]})
            assert (stale.status_code, stale.json()["code"]) == (409, "finding-changed")
            assert hub.home.stat().st_mode & 0o077
            assert api.post("doctor/fix", json={"id": "no-such"}).json()["code"] == "check-unknown"
            assert api.post("doctor/fix", json={"id": "git"}).json()["code"] == "nothing-to-mend"
        told, _ = doctor(hub, "--fix", "--yes")
        assert set(told["mended"]) == planted
        ends(ours)
        after, _ = doctor(hub)
        assert not [one for one in after["items"] if one["does"]]
        assert {after["by"][name]["status"] for name in planted} == {"pass"}
    finally:
        hub.stop()


def test_the_report_holds_findings_settings_and_logs(hub: RealHub, tmp_path: Path) -> None:
    secret = "sk-0123456789abcdef0123456789"
    (hub.home / "logs" / "servers" / "srv_told.log").write_text(f"began with {secret}\n")
    file = tmp_path / "report.zip"
    assert hub.command("doctor", "--report", str(file)).returncode == 0
    with zipfile.ZipFile(file) as report:
        assert {"about.txt", "doctor.txt", "doctor.json", "settings.txt", "logs/hub.log"} <= set(report.namelist())
        assert "log_size = 20" in report.read("settings.txt").decode()
        assert len(json.loads(report.read("doctor.json"))) > 20
        assert secret not in "".join(report.read(name).decode() for name in report.namelist())
        assert "began with" in report.read("logs/servers/srv_told.log").decode()


def test_a_damaged_database_is_told_and_left_alone(hub: RealHub, tmp_path: Path) -> None:
    (tmp_path / "nexus").mkdir(mode=0o700)
    shutil.copy(hub.home / "nexus.db", tmp_path / "nexus" / "nexus.db")
    with (tmp_path / "nexus" / "nexus.db").open("r+b") as file:
        file.write(b"not a database at all")
    broken = (tmp_path / "nexus" / "nexus.db").read_bytes()
    done = hub.command("doctor", "--json", "--fix", "--yes", "--home", str(tmp_path / "nexus"))
    told = {one["id"]: one for one in json.loads(done.stdout)["items"]}
    assert done.returncode == 1
    assert told["database"]["status"] == "fail" and not told["database"]["does"]
    assert told["opencode"]["status"] == "unknown" and "damaged" in told["opencode"]["said"]
    assert (tmp_path / "nexus" / "nexus.db").read_bytes() == broken


def test_a_folder_that_is_not_there_is_not_made(hub: RealHub, tmp_path: Path) -> None:
    done = hub.command("doctor", "--fix", "--yes", "--home", str(tmp_path / "nowhere"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "nowhere").exists()
