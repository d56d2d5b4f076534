# SPDX-License-Identifier: MIT
"""An async test that hangs fails alone, and says where."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Limits that are short where it hangs, and only there: 0.2 s of 20, and 60 s of 6000.
LIMITS = "from tests import hangs\nhangs.TEST = hangs.CLEAN_UP = hangs.MORE = 0.01\n"

TESTS = """
import asyncio
import pytest

pytestmark = pytest.mark.anyio
soon = pytest.mark.timeout(20)
late = pytest.mark.timeout(6000)

def clean(what):
    with open("cleaned", "a") as file: print(what, file=file)

@pytest.fixture(scope="session")
def anyio_backend(): return "asyncio"

@pytest.fixture(scope="session", autouse=True)
async def shared():  # keeps anyio's runner, as the browser of a worker does
    yield asyncio.create_task(asyncio.Event().wait(), name="the-other")
    clean("shared")

@pytest.fixture
async def own(shared):
    yield
    clean("own")

@pytest.fixture
async def never_made(own):
    await asyncio.Event().wait()
    yield

@pytest.fixture
async def never_gone(own):
    yield
    await asyncio.Event().wait()

async def inner(): await asyncio.Event().wait()

@soon
async def test_hangs(own): await inner()

@late
async def test_good(own): await asyncio.sleep(0)

@soon
async def test_with_one_never_made(never_made): pass

@late
async def test_good_again(own): await asyncio.sleep(0)

@soon
async def test_with_one_never_gone(never_gone): pass

@soon
async def test_that_goes_on_when_it_is_cancelled(own):
    try:
        await inner()
    except asyncio.CancelledError:
        await asyncio.Event().wait()

@late
async def test_that_fails_by_itself(own): raise TimeoutError("mine")
"""


def test_one_that_hangs_costs_no_other_and_says_where(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(LIMITS)
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=short", "-p", "no:cacheprovider"]
    command += ["-p", "anyio", "-p", "pytest_timeout", "-p", "tests.hangs"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120)
    said = ran.stdout
    ends = [line for line in said.splitlines() if line.startswith(("PASSED", "FAILED", "ERROR"))]
    assert sorted(line.split(" - ")[0] for line in ends) == [
        "ERROR test_it.py::test_with_one_never_gone",
        "ERROR test_it.py::test_with_one_never_made",
        "FAILED test_it.py::test_hangs",
        "FAILED test_it.py::test_that_fails_by_itself",
        "FAILED test_it.py::test_that_goes_on_when_it_is_cancelled",
        "PASSED test_it.py::test_good",
        "PASSED test_it.py::test_good_again",
        "PASSED test_it.py::test_with_one_never_gone",
    ], said
    for number, line in enumerate(TESTS.splitlines(), 1):
        if "Event().wait()" in line and "the-other" not in line:
            assert f"/test_it.py:{number} in " in said, (line, said)
    assert "beside it the-other: " in said, said
    assert (tmp_path / "cleaned").read_text().split() == ["own"] * 7 + ["shared"]
