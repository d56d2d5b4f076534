# SPDX-License-Identifier: MIT
"""The README's first command in this clone, with an empty HOME: up to the ready line and a page, and Ctrl+C."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.browser.talk import eventually
from tests.fakes.hub import READY
from tests.fakes.real import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the README gives Windows other words")

WORDS = ["make", "run", "ARGS=serve --no-open --port 0"]


def outside(home: Path) -> dict[str, str]:
    """The tester's environment without what is his: no setting of ours, no make around it, and an empty HOME."""
    drop = ("OPENCODE", "XDG_", "MAKE", "MFLAGS", "ARGS", "PYTHON", "VIRTUAL_ENV", "NEXUS_", "npm_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(drop)}, "HOME": str(home)}


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make run` in a session of its own, as in a terminal; whatever is left of it is ended."""
    (tmp_path / "home").mkdir()
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        started = subprocess.Popen(
            WORDS, cwd=ROOT, env=outside(tmp_path / "home"), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True,
        )  # fmt: skip
    yield started
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_one_command_ends_with_the_ready_line_and_a_page(make_run: subprocess.Popen[bytes], tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"

    def ready() -> list[str]:
        assert make_run.poll() is None, err.read_text()
        lines = out.read_text().splitlines(keepends=True)
        return lines if len(lines) > 1 and lines[-1].endswith("\n") else []

    first, second, *_ = eventually(ready, "the ready line")
    assert first.startswith(READY)
    assert second.startswith("Set-up code: ")
    page = httpx2.get(first.removeprefix(READY).strip(), follow_redirects=True, trust_env=False)
    assert page.status_code == 200
    assert "Set-up code" in page.text

    family = psutil.Process(make_run.pid).children(recursive=True)
    assert family
    os.killpg(make_run.pid, signal.SIGINT)  # what a terminal does at Ctrl+C
    make_run.wait(60)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert out.read_text().splitlines()[-1] == "Stopping …"
    assert "Traceback" not in err.read_text()
    assert list((tmp_path / "home").rglob("nexus.db"))
    assert not list((tmp_path / "home").rglob("hub.json"))
