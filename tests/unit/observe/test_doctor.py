# SPDX-License-Identifier: MIT
"""What single checks of the doctor find, and how a fix is ordered."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from opencode_nexus.core.clock import ManualClock, SystemClock
from opencode_nexus.core.errors import NotFound
from opencode_nexus.core.settings import Settings
from opencode_nexus.install.versions import Versions
from opencode_nexus.observe.doctor import clock, copies, drafts, locks, orphans, ports, secrets_kept, versions
from opencode_nexus.observe.doctor.around import Around, Kept, Mark
from opencode_nexus.observe.doctor.doctor import Doctor
from opencode_nexus.observe.doctor.errors import FindingChanged, MendFailed
from opencode_nexus.observe.doctor.finding import Looked, Status
from opencode_nexus.observe.doctor.row import Row
from opencode_nexus.observe.doctor.steady import steady
from opencode_nexus.observe.doctor.table import TABLE
from opencode_nexus.observe.log_bundle import clean
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.observe.report import Report, texts_of
from opencode_nexus.secrets.redact import DOTS
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.home import Home

pytestmark = pytest.mark.anyio

LINES = 30_000


@dataclass(frozen=True)
class Said:
    status: Status
    said: str
    todo: str = ""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "nexus")
    home.prepare()
    return home


def around(home: Home, **more: object) -> Around:
    async def machine(name: str) -> Said:
        return Said("pass", name)

    settings = Settings(home=home.path, port=0)
    plain = {"home": home, "clock": SystemClock(), "settings": lambda: settings, "machine": machine}
    return Around(**{**plain, **more})  # type: ignore[arg-type]


async def test_every_check_tells_something_without_a_database(home: Home) -> None:
    found = await Doctor(around(home, trouble="No database.")).run()
    assert [one.id for one in found] == [row.id for row in TABLE]
    assert len({one.id for one in found}) == len(found)
    assert not [one for one in found if one.status == "fail" or one.does]
    assert {one.said for one in found if one.status == "unknown"} >= {"No database."}


async def test_a_clock_that_was_set_is_found_and_one_behind_its_files(home: Home) -> None:
    wall = ManualClock(time.time())
    here = around(home, clock=wall, began=(wall.now(), steady()))
    assert (await clock.look(here)).status == "pass"
    wall.jump(3600)
    forward = await clock.look(here)
    assert (forward.status, "forward by 36" in forward.said) == ("warn", True)
    wall.jump(-7200)
    assert "back by 36" in (await clock.look(here)).said or "back by 35" in (await clock.look(here)).said
    home.database.touch()
    behind = await clock.look(around(home, clock=ManualClock(time.time() - 600)))
    assert behind.status == "warn" and "behind" in behind.said


async def test_the_port_names_who_took_it(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = await ports.look(around(home, settings=lambda: Settings(home=home.path, port=port)))
        assert found.status == "fail"
        assert f"Port {port} is taken by" in found.said
        if sys.platform == "linux":
            assert f"process {os.getpid()} " in found.said
    assert (await ports.look(around(home, settings=lambda: Settings(home=home.path, port=port)))).status == "pass"


async def test_secrets_that_cannot_be_opened_fail(home: Home) -> None:
    sealed = SealedFile(home.path / "secrets")
    sealed.set("one", "a-secret-that-is-kept")
    assert (await secrets_kept.look(around(home))).said == "1 secret, sealed in a file of the home folder."
    (home.path / "secrets" / "key").write_bytes(b"k" * 32)
    assert (await secrets_kept.look(around(home))).status == "fail"


def ended_pid() -> int:
    """Return the id of a process that ran."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_a_draft_that_is_being_written_stays(home: Home) -> None:
    ended = await asyncio.to_thread(ended_pid)
    names = {
        f"sealed.bin.{os.getpid()}.new": False,
        f"sealed.bin.{ended}.new": True,
        f"hub.json.{ended}": True,
        f".write-test-{ended}": True,
        "before-migration-0001.new": False,  # it may be written just now
        "hub.json": False,
    }
    for name in names:
        (home.path / name).touch()
    old = home.path / "backups" / "before-migration-0002.new"
    old.parent.mkdir()
    old.touch()
    os.utime(old, (1, 1))
    gone = {home.path / name for name, left in names.items() if left} | {old}
    assert set((await drafts.look(around(home))).does) == {f"Remove {path}." for path in gone}
    await drafts.fix(around(home))
    assert not [path for path in gone if path.exists()]
    assert all((home.path / name).exists() for name, left in names.items() if not left)


async def test_the_folder_of_a_backup_that_was_cut_off_goes_and_one_at_work_stays(home: Home) -> None:
    old, new = home.path / "backups/.backup-old", home.path / "backups/.backup-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "copy.db").write_bytes(b"x")
    os.utime(old, (1, 1))
    assert (await drafts.look(around(home))).does == (f"Remove {old}.",)
    await drafts.fix(around(home))
    assert [path.name for path in (home.path / "backups").iterdir()] == [new.name]


async def test_old_temporary_files_are_found_and_young_ones_stay(home: Home) -> None:
    old, new = home.path / "tmp/nexus-import-old", home.path / "tmp/nexus-import-new"
    old.parent.mkdir()
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (1, 1))
    assert (await drafts.look(around(home))).does == (f"Remove {old}.",)


async def test_copies_of_the_database_are_told_with_their_caps(home: Home, tmp_path: Path) -> None:
    assert (await copies.look(around(home))).status == "pass"
    folder = home.path / "backups"
    folder.mkdir()
    for name in ("0003", "0001", "0002"):
        (folder / f"before-migration-{name}.db").write_bytes(b"x" * 500_000)
    (folder / "nexus-auto-20260101-000000.backup").write_bytes(b"x" * 2_000_000)
    (folder / "nexus-20260101-000000.backup").write_bytes(b"x" * 3_000_000)
    found = await copies.look(around(home))
    assert found.status == "warn"
    assert found.said == (
        "From before an update: 3 (1.5 MB) of at most 2. Backups made by themselves: 1 (2.0 MB) of at most 7. "
        "Backups made by hand: 1 (3.0 MB), kept until you remove them."
    )
    assert found.does == (f"Remove {folder / 'before-migration-0001.db'}.",)
    await copies.fix(around(home))
    assert (await copies.look(around(home))).status == "pass"
    assert len(list(folder.iterdir())) == 4


async def test_the_versions_that_are_here_are_counted(home: Home) -> None:
    kept = Versions(home.path / "opencode")
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        kept.path(version).parent.mkdir(parents=True)
        kept.path(version).touch()
    services = SimpleNamespace(kept=lambda: [Kept("OpenCode", kept)])
    found = await versions.look(around(home, services=services))
    assert found.does == (f"Remove OpenCode 1.0.0: {home.path / 'opencode/versions/1.0.0'}.",)
    await versions.fix(around(home, services=services))
    found = await versions.look(around(home, services=services))
    assert found.said == "2 of OpenCode; the newest two of each stay, and what is in use."


async def test_the_note_of_a_hub_that_holds_the_folder_is_left_alone(home: Home) -> None:
    (home.path / "hub.json").touch()
    other = Home(home.path)
    other.lock()
    try:
        held = await locks.look(around(home))
        await locks.fix(around(home))
    finally:
        other._lock and other._lock.close()  # as a kill does: the note stays
    assert held.status == "fail" and not held.does
    left = await locks.look(around(home))
    assert (left.status, len(left.does)) == ("warn", 1)
    await locks.fix(around(home))
    assert not (home.path / "hub.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names a process as Linux does")
async def test_an_opencode_of_nobody_is_named_unless_it_is_ours(tmp_path: Path) -> None:
    program = tmp_path / "opencode"
    program.symlink_to(Path(sys.executable).resolve())
    code = "import time; time.sleep(600)"
    child = psutil.Popen([program, "-c", code], env={**os.environ, "A_MARK": "home_a:x"})
    try:
        assert child.pid not in {pid for pid, _ in orphans._strangers([])}  # it has a parent that lives
        keepers = frozenset({psutil.Process().name()})
        found = {}
        for prefix in ("home_b:", "home_a:"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(orphans, "KEEPERS", keepers)
                found[prefix] = {pid for pid, _ in orphans._strangers([Mark("A_MARK", prefix, "server")])}
        assert child.pid in found["home_b:"]
        assert child.pid not in found["home_a:"]
    finally:
        child.kill()
        child.wait()


def doctor(home: Home, look: Callable[[], Looked], fix: Callable[[], None]) -> Doctor:
    async def looks(_: Around) -> Looked:
        return look()

    async def fixes(_: Around) -> None:
        fix()

    return Doctor(around(home), [Row("one", "One", looks, fixes)])


async def test_what_was_not_shown_is_not_done(home: Home) -> None:
    left, gone = ["a"], list[str]()
    one = doctor(home, lambda: Looked("warn" if left else "pass", "-", "", tuple(left)), lambda: gone.extend(left))
    shown = await one.look("one")
    left.append("b")
    with pytest.raises(FindingChanged):
        await one.fix("one", shown.seen)
    assert not gone
    await one.fix("one", (await one.look("one")).seen)
    assert gone == ["a", "b"]


async def test_a_look_that_breaks_is_told_and_a_fix_that_breaks_is_an_error(home: Home) -> None:
    def breaks() -> Looked:
        raise RuntimeError("broken look")

    (found,) = await doctor(home, breaks, lambda: None).run()
    assert (found.status, "broken look" in found.said) == ("unknown", True)

    def refuses() -> None:
        raise PermissionError(13, "refused")

    with pytest.raises(MendFailed, match="refused"):
        await doctor(home, lambda: Looked("fail", "-", "", ("Do it.",)), refuses).fix("one")


async def test_a_report_is_looked_through_piece_by_piece_as_it_will_be(home: Home) -> None:
    lines = [f"{number} password=abcdef{number}" for number in range(LINES)]
    (home.path / "logs" / "hub.log").write_text("\n".join(lines) + "\n")
    findings = await Doctor(around(home)).run()
    report = Report(LogFiles(home.path / "logs"), texts_of(findings, Settings(home=home.path)))
    names = [one.name for one in report.contents()]
    assert names == ["about.txt", "doctor.txt", "doctor.json", "settings.txt", "logs/hub.log"]
    text, at, pieces = "", 0, 0
    while True:
        piece = await asyncio.to_thread(report.read, "logs/hub.log", at)
        text += piece.text
        pieces += 1
        if piece.after is None:
            break
        at = piece.after
    assert pieces > 2
    assert text == "".join(f"{number} password={DOTS}\n" for number in range(LINES))
    middle = report.read("logs/hub.log", at + len("19999 passwo"))  # no line is shown from its middle on
    assert middle.text.startswith(tuple(f"{number} password={DOTS}\n" for number in range(LINES)))
    for name in ("logs/../hub.json", "hub.json", ""):
        with pytest.raises(NotFound):
            report.read(name)


def test_the_end_of_a_key_that_began_in_the_piece_before_is_taken_out() -> None:
    assert clean(b"MIIEabc\nQ+/=\n-----END PRIVATE KEY-----\nnext\n").decode() == f"{DOTS}\nnext\n"
