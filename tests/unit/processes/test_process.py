# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from opencode_nexus.processes.identity import Identity, alive, identify, kill, terminate
from opencode_nexus.processes.process import Command, Process, spawn

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def other() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that nobody may touch."""
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def command(tmp_path: Path, *words: str, **environ: str) -> Command:
    return Command(words, tmp_path, {**os.environ, **environ}, tmp_path / "logs" / "out.log")


@pytest.mark.anyio
async def test_a_process_is_spawned_apart_and_its_end_is_seen(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['WORD']); print('err', file=sys.stderr); sys.exit(7)"
    process = spawn(command(tmp_path, sys.executable, "-c", code, WORD="hello"))
    await process.gone()
    await process.gone()
    assert process.exit_status == 7
    assert not process.alive()
    assert sorted((tmp_path / "logs" / "out.log").read_text().splitlines()) == sorted([f"{tmp_path} hello", "err"])
    assert (tmp_path / "logs" / "out.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.anyio
async def test_a_process_has_a_session_of_its_own_and_is_ended_by_signal(tmp_path: Path) -> None:
    process = spawn(command(tmp_path, *SLEEP))
    assert os.getsid(process.pid) == process.pid
    assert process.alive()
    assert process.identity.created == pytest.approx(time.time(), abs=60)
    assert terminate(process.identity)
    await process.gone()
    assert process.exit_status == -15
    assert not psutil.pid_exists(process.pid)
    assert not terminate(process.identity)
    assert not kill(process.identity)


@pytest.fixture
def orphan() -> Identity:
    """A process whose parent has gone."""
    code = f"import subprocess; print(subprocess.Popen({SLEEP!r}, stdout=subprocess.DEVNULL).pid)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    found = identify(int(done.stdout))
    assert found is not None
    return found


@pytest.mark.anyio
async def test_a_process_of_another_parent_is_followed_too(orphan: Identity) -> None:
    process = Process(orphan)
    assert process.alive()
    kill(orphan)
    await process.gone()
    assert process.exit_status is None


def test_what_cannot_be_run_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn(command(tmp_path, str(tmp_path / "nothing")))
    (tmp_path / "plain").write_text("not a program")
    with pytest.raises(PermissionError):
        spawn(command(tmp_path, str(tmp_path / "plain")))


def test_another_process_with_the_same_id_is_never_touched(other: "subprocess.Popen[bytes]") -> None:
    found = identify(other.pid)
    assert found is not None
    recycled = Identity(other.pid, found.created - 3600, found.birth + "0" if found.birth else "")
    assert not alive(recycled)
    assert not terminate(recycled)
    assert not kill(recycled)
    without_birth = Identity(other.pid, found.created - 3600)
    assert not kill(without_birth)
    assert other.poll() is None


def test_a_clock_that_was_set_does_not_make_it_another_process(other: "subprocess.Popen[bytes]") -> None:
    found = identify(other.pid)
    assert found is not None
    if not found.birth:
        pytest.skip("this system tells the start by the clock alone")
    assert alive(replace(found, created=found.created + 7200))
    assert not alive(replace(found, created=found.created + 7200, birth=""))


def test_nobody_is_identified_as_nobody() -> None:
    assert identify(2**22 + 7) is None
    assert identify(-1) is None
    process = subprocess.Popen([sys.executable, "-c", ""])
    psutil.wait_procs([psutil.Process(process.pid)], timeout=0)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identify(process.pid) is None  # a zombie is nobody
    process.wait()


def test_identities_are_compared_by_the_best_they_have() -> None:
    first = Identity(5, 100.0, "boot:1")
    assert first.same(Identity(5, 100.0, "boot:1"))
    assert first.same(Identity(5, 999.0, "boot:1"))
    assert not first.same(Identity(5, 100.0, "boot:2"))
    assert not first.same(Identity(6, 100.0, "boot:1"))
    assert first.same(Identity(5, 100.5))
    assert not first.same(Identity(5, 102.0))
