# SPDX-License-Identifier: MIT
"""All logs as one archive that opens, without secrets; and crash reports."""

import faulthandler
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode_nexus.observe import log_bundle
from opencode_nexus.observe.crash import STACKS, Crashes
from opencode_nexus.observe.log_bundle import bundle
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.secrets.redact import DOTS, Secret

SRC = Path(log_bundle.__file__).parents[2]


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """pytest watches with the same means, and goes on with it."""
    before = faulthandler.is_enabled()
    yield
    if before and not faulthandler.is_enabled():
        assert sys.__stderr__
        faulthandler.enable(sys.__stderr__)


def archive(files: LogFiles, **more: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(bundle(files, {name + ".txt": text for name, text in more.items()}))))


def test_the_bundle_holds_all_files_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_bundle, "CHUNK", 1000)
    known = Secret("a-secret-of-the-bundle")
    lines = [f"line {number} PASSWORD=abcdef{number} and {known.reveal()} here" for number in range(200)]
    key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
    (tmp_path / "servers").mkdir()
    (tmp_path / "hub.log").write_text("the hub's\n")
    (tmp_path / "servers/srv_a.log").write_text("\n".join([*lines, key]))
    whole = archive(LogFiles(tmp_path), system="token=abcdef")
    assert whole.testzip() is None
    assert whole.namelist() == ["about.txt", "system.txt", "logs/hub.log", "logs/servers/srv_a.log"]
    assert whole.read("logs/hub.log") == b"the hub's\n"
    assert whole.read("system.txt").decode() == f"token={DOTS}"
    expected = [f"line {number} PASSWORD={DOTS} and {DOTS} here" for number in range(200)]
    assert whole.read("logs/servers/srv_a.log").decode().split("\n") == [*expected, DOTS]


def test_what_is_written_meanwhile_does_not_make_it_endless(tmp_path: Path) -> None:
    (tmp_path / "hub.log").write_text("one\n" * 100_000)
    pieces = bundle(LogFiles(tmp_path))
    kept = [next(pieces)]
    with (tmp_path / "hub.log").open("a") as file:
        file.write("two\n" * 100_000)
    whole = zipfile.ZipFile(io.BytesIO(b"".join([*kept, *pieces])))
    assert whole.read("logs/hub.log") == b"one\n" * 100_000


def test_a_reader_who_leaves_ends_it(tmp_path: Path) -> None:
    (tmp_path / "hub.log").write_bytes(os.urandom(2_000_000))
    pieces = bundle(LogFiles(tmp_path))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined] # a generator


def test_what_ended_the_hub_is_a_report(tmp_path: Path) -> None:
    known = Secret("a-secret-of-the-crash")
    (tmp_path / "hub.log").write_text('{"at":null,"level":"info","part":"app","message":"the last words"}\n')
    crashes = Crashes(tmp_path)
    assert crashes.begin() is None
    try:
        raise ZeroDivisionError(known.reveal())
    except ZeroDivisionError as error:
        report = crashes.report(error)
    crashes.end()
    assert report is not None
    text = report.read_text()
    assert f"ZeroDivisionError: {DOTS}" in text
    assert "app: the last words" in text
    assert known.reveal() not in text
    assert [file.path for file in LogFiles(tmp_path).crashes()] == [report]
    assert not faulthandler.is_enabled()  # a run that has ended is not watched


def test_a_hard_end_is_reported_by_the_next_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    program = (
        "import sys, faulthandler; from pathlib import Path; from opencode_nexus.observe.crash import Crashes\n"
        "Crashes(Path(sys.argv[1])).begin(); sys.argv[2:] and faulthandler._sigsegv()\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for words, reports in ((["hard"], 1), ([], 0)):
        folder = tmp_path / f"logs{reports}"
        subprocess.run(
            [sys.executable, "-c", program, str(folder), *words],
            env={**os.environ, "PYTHONPATH": str(SRC)},
            check=False,
        )
        assert (folder / "crashes" / STACKS).exists()
        caplog.clear()
        crashes = Crashes(folder)
        report = crashes.begin()
        crashes.end()
        assert len(LogFiles(folder).crashes()) == reports
        assert ("killed" in caplog.text) is (reports == 0)
        if reports:
            assert report is not None
            assert "Current thread" in report.read_text()
        assert not (folder / "crashes" / STACKS).exists()
