# SPDX-License-Identifier: MIT
"""`doctor --fix` mends planted faults and a second run finds nothing: without a hub, and beside one that runs."""

import json
import os
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
from tests.fakes import planted, tiny_program
from tests.fakes.hub import RealHub

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="rights and sockets as POSIX has them"),
    pytest.mark.skipif(not tiny_program.available(), reason="no tiny program for this system"),
]

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


PLANTED: dict[str, Plant] = {
    "rights": planted.others_may_open_the_home,
    "locks": planted.a_killed_hub_left_its_note_and_socket,
    "drafts": planted.half_written_files,
    "downloads": planted.a_half_done_download,
    "versions": planted.old_versions,
    "logs": planted.logs_over_their_cap,
    "attachments": planted.a_leftover_attachment,
    "search": planted.a_damaged_search_index,
    "database": planted.a_wrong_index_of_the_database,
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


def hears(hub: RealHub, begun: int, words: str) -> None:
    """Wait until the hub's log holds these words from byte `begun` on."""
    deadline = time.monotonic() + 30
    while words not in (log := (hub.home / "logs" / CURRENT).read_bytes()[begun:].decode()):
        assert time.monotonic() < deadline, log
        time.sleep(0.02)


def ends(process: psutil.Popen) -> None:
    process.wait(30)


def test_ten_faults_are_mended_and_a_second_run_finds_nothing(hub: RealHub, strays: list[psutil.Popen]) -> None:
    ours = stray(f"{home_id(hub)}:srv_gone:run_gone", strays)
    other = stray("home_another:srv_x:run_x", strays)
    for plant in PLANTED.values():
        plant(hub)
    faults = {*PLANTED, "orphans"}
    before, status = doctor(hub)
    assert status == 1 and before["failed"]
    assert {name for name, one in before["by"].items() if one["does"]} == faults
    assert {before["by"][name]["status"] for name in faults} <= {"warn", "fail"}
    assert str(ours.pid) in before["by"]["orphans"]["said"]
    told, _ = doctor(hub, "--fix", "--yes")
    assert set(told["mended"]) == faults
    ends(ours)
    assert other.is_running()  # it is another hub's

    after, status = doctor(hub)
    assert not [one for one in after["items"] if one["does"]]
    assert {after["by"][name]["status"] for name in faults} == {"pass"}
    assert status == int(after["failed"])
    assert sorted(path.name for path in (hub.home / "opencode" / "versions").iterdir()) == ["1.18.31", "1.18.32"]
    assert (hub.home / "logs" / CURRENT).exists()


def test_a_running_hub_is_mended_as_well(hub: RealHub, strays: list[psutil.Popen]) -> None:
    begun = (hub.home / "logs" / CURRENT).stat().st_size
    first = stray(f"{home_id(hub)}:srv_gone:run_gone", strays)
    hub.start()
    try:
        ends(first)  # a hub's start ends it, after it was said
        hears(hub, begun, f"processes without a hub: 1 of ours has no hub: process {first.pid} ")
        ours = stray(f"{home_id(hub)}:srv_gone:run_gone", strays)
        planted.others_may_open_the_home(hub)
        planted.half_written_files(hub)
        planted.a_leftover_attachment(hub)
        wal = hub.home / "search.db-wal"
        wal.unlink(missing_ok=True)
        planted.a_damaged_search_index(hub)
        faults = {"rights", "drafts", "attachments", "search", "orphans"}
        with hub.api() as api:
            found = {one["id"]: one for one in api.get("doctor").raise_for_status().json()["items"]}
            assert {name for name, one in found.items() if one["does"]} == faults
            assert found["port"]["status"] == found["locks"]["status"] == "pass"
            stale = api.post("doctor/fix", json={"id": "rights", "seen": found["drafts"]["seen"]})
            assert (stale.status_code, stale.json()["code"]) == (409, "finding-changed")
            assert hub.home.stat().st_mode & 0o077
            assert api.post("doctor/fix", json={"id": "no-such"}).json()["code"] == "check-unknown"
            assert api.post("doctor/fix", json={"id": "git"}).json()["code"] == "nothing-to-mend"
        told, _ = doctor(hub, "--fix", "--yes")
        assert set(told["mended"]) == faults
        ends(ours)
        with hub.api() as api:
            after = api.get("doctor").raise_for_status().json()["items"]
        assert not [one for one in after if one["does"]]
        assert {one["status"] for one in after if one["id"] in faults} == {"pass"}
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
