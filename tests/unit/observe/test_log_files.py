# SPDX-License-Identifier: MIT
"""All log files together stay under their cap, whatever writes; the oldest goes first."""

import io
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opencode_nexus.observe.log_entry import Entry, line_of
from opencode_nexus.observe.log_files import DAY, LEAST, REPORTS, LogFiles
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.log_search import search
from opencode_nexus.observe.log_writer import HubFile
from opencode_nexus.observe.logs import Logs

BYTES = int(os.environ.get("NEXUS_TEST_LOG_BYTES", "100_000_000"))
ENTRY = Entry(None, "info", "app", "x" * 8000)
LINE = line_of(ENTRY)


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "logs")


def put(files: LogFiles, name: str, size: int, age: float = 0.0) -> Path:
    """Make a file of `size` bytes that was last written `age` seconds ago."""
    path = files.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a line\n" * (size // 7))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_every_file_is_known_in_its_order(files: LogFiles) -> None:
    assert files.all() == []
    for name in (
        "hub.log", "hub.000010.log", "hub.000009.log", "hub.log.2", "hub.log.1", "crashes/20260101-000000-7.txt",
        "servers/srv_b.log", "servers/srv_a.log.1", "servers/srv_a.log", "tunnels/tun_a.log", "crashes/running.stacks",
        "servers/notes.txt",
    ):  # fmt: skip
        put(files, name, 70)
    assert [file.name for file in files.all()] == [
        "hub.log.2", "hub.log.1", "hub.000009.log", "hub.000010.log", "hub.log",
        "servers/srv_a.log.1", "servers/srv_a.log", "servers/srv_b.log", "tunnels/tun_a.log",
        "crashes/20260101-000000-7.txt",
    ]  # fmt: skip
    assert files.hub()[-1].number == 11  # what hub.log will be called
    assert [file.about for file in files.outputs("srv_a")] == ["srv_a"] * 2
    assert files.total() == 10 * 70


def test_fifty_times_the_cap_stays_under_it(files: LogFiles) -> None:
    """By the hub's own way of writing, beside a server that writes as well; `make soak` writes 1 GB."""
    cap, logs = BYTES // 50, Logs(files.folder, io.StringIO())
    logs.file.limit(cap, 30)
    server = files.folder / "servers" / "srv_a.log"
    server.parent.mkdir(parents=True)
    with server.open("ab", buffering=0) as output:
        for number in range(BYTES // len(LINE)):
            logs.write(ENTRY)
            output.write(b"what a server writes\n")
            if number % 30 == 0:
                assert files.total() <= cap
    logs.file.close()
    assert files.total() > cap / 2  # it keeps what it may
    numbers = [file.number for file in files.hub()]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert all(file.path.read_bytes().endswith(b"\n") for file in files.hub())
    assert search(files, LogQuery("fifty"), 1).entries == []
    logs.write(Entry(None, "info", "app", "the fifty-first"))
    assert len(search(files, LogQuery("fifty"), 1).entries) == 1


def test_the_cap_counts_what_servers_write_now(files: LogFiles) -> None:
    flood, quiet = put(files, "servers/srv_a.log", 5_000_000), put(files, "servers/srv_b.log", 70)
    put(files, "servers/srv_a.log.1", 70_000, age=10)
    tunnel = put(files, "tunnels/tun_a.log", 500_000)
    put(files, "hub.log", 70_000)
    files.keep(1_000_000, 30)
    assert files.total() <= 1_000_000
    assert (flood.stat().st_size, quiet.stat().st_size) == (0, 70)
    assert 0 < (files.folder / "servers/srv_a.log.1").stat().st_size <= LEAST
    assert tunnel.stat().st_size > 499_000  # only what follows it may turn it over


def test_the_oldest_goes_first_and_a_crash_report_last(files: LogFiles) -> None:
    put(files, "crashes/20260101-000000-7.txt", 700, age=500)
    for number, age in ((1, 400), (2, 300), (3, 200)):
        put(files, f"hub.{number:06}.log", 7000, age)
    put(files, "servers/srv_a.log.1", 7000, age=350)
    put(files, "hub.log", 7000)
    assert files.keep(22_000, 30) == ["hub.000001.log", "servers/srv_a.log.1"]
    assert files.keep(14_000, 30, room=7000) == ["hub.000002.log", "hub.000003.log", "crashes/20260101-000000-7.txt"]


def test_what_nobody_writes_goes_with_its_age(files: LogFiles) -> None:
    put(files, "hub.000001.log", 70, age=3 * DAY)
    put(files, "hub.log", 70, age=3 * DAY)
    put(files, "servers/srv_a.log", 70, age=3 * DAY)
    put(files, "servers/srv_a.log.1", 70, age=1 * DAY)
    assert files.keep(1_000_000, 2) == ["hub.000001.log"]


def test_so_many_crash_reports_are_kept(files: LogFiles) -> None:
    for number in range(REPORTS + 2):
        put(files, f"crashes/20260101-0000{number:02}-7.txt", 70)
    assert files.keep(1_000_000, 30) == ["crashes/20260101-000000-7.txt", "crashes/20260101-000001-7.txt"]


@pytest.mark.parametrize(("age", "turned"), [(2 * DAY, True), (DAY / 2, False)])
def test_a_file_is_turned_over_by_age(files: LogFiles, age: float, turned: bool) -> None:
    files.folder.mkdir()
    begun = Entry(datetime.fromtimestamp(time.time() - age, UTC), "info", "app", "first")
    (files.folder / "hub.log").write_bytes(line_of(begun))
    hub = HubFile(files)
    hub.add(LINE)
    hub.close()
    assert [file.name for file in files.hub()] == (["hub.000001.log"] if turned else []) + ["hub.log"]


def test_a_disk_that_takes_nothing_raises_nothing(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    hub = HubFile(files)
    hub.limit(800, 30)
    assert hub.add(LINE)
    rename: Callable[..., object] = Path.rename
    monkeypatch.setattr(Path, "rename", full)
    assert not hub.add(LINE)
    monkeypatch.setattr(Path, "rename", rename)
    assert hub.add(LINE)
    hub.close()
