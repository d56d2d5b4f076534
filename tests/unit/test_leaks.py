# SPDX-License-Identifier: MIT
"""The look for secrets in all output finds them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import leaks

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
import logging, subprocess, sys
from tests.leaks import remember

SECRET = remember("not-to-be-seen/1+1=2")

def test_print(): print("the token is", SECRET)
def test_stderr(): sys.stderr.write(SECRET)
def test_log(): logging.getLogger("any").warning("with %s in it", SECRET)
def test_debug(): logging.getLogger("any.part").debug("with %s in it", SECRET)
def test_address(): print("GET /?t=not-to-be-seen%2F1%2B1%3D2")
def test_file(tmp_path): (tmp_path / "hub.err").write_text("x" + SECRET + "y")
def test_kept(tmp_path): (tmp_path / "mine.txt").write_text(SECRET)  # no log: secrets have to be kept somewhere
def test_quiet(): print("nothing")
def test_read(capsys): print(SECRET); capsys.readouterr()
def test_command(): subprocess.run([sys.executable, "-c", f"print('{SECRET}')"], capture_output=True, check=True)
def test_news():
    command = [sys.executable, "-c", "print('a-new-secret')"]
    remember(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
"""

SHARED = """
import pytest
from tests.leaks import remember

SECRET = remember("known-to-everybody")

@pytest.fixture(scope="session")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("shared") / "nexus"
    for folder in ("logs/tunnels", "secrets", "tunnels"):
        (home / folder).mkdir(parents=True)
    (home / "nexus.db").write_text("")
    (home / "hub.json").touch(0o600)
    (home / "hub.json").write_text(SECRET)
    yield home
    for path in WRITTEN:
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_text(SECRET)

def test_uses_it(home): pass
"""


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder, with the look."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "tests.leaks", "-p", "no:cacheprovider"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    environ = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they cost more than the tests
    command += ["-p", "xdist.plugin", f"--basetemp={folder / 'base'}", *more]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)


def test_whatever_writes_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    ran = run(tmp_path)
    lines = ran.stdout.splitlines()
    failed = {line.split("::")[1].split()[0] for line in lines if line.startswith(("FAILED", "ERROR"))}
    told = {"print", "stderr", "log", "debug", "address", "file", "read", "command"}
    assert failed == {f"test_{name}" for name in told}, ran.stdout


def test_the_home_of_a_hub_that_is_shared_is_searched(tmp_path: Path) -> None:
    written = ("tunnels/tun_1.yml", "logs/tunnels/tun_1.log", "secrets/sealed.bin", "bin/program")
    (tmp_path / "test_it.py").write_text(f"WRITTEN = {written}\n{SHARED}")
    ran = run(tmp_path)
    assert ran.returncode == 1, ran.stdout
    assert [f"nexus/{path}: know…" in ran.stdout for path in (*written, "hub.json")] == [True, True, True, False, False]


@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.skipif(os.name != "posix", reason="no modes")
def test_the_local_key_may_lie_in_a_file_that_nobody_else_reads(tmp_path: Path, mode: int) -> None:
    shut = f"home.joinpath('hub.json').chmod({mode})"
    (tmp_path / "test_it.py").write_text(f"WRITTEN = []\n{SHARED}\ndef test_mode(home): {shut}")
    ran = run(tmp_path)
    assert ran.returncode == (0 if mode == 0o600 else 1), ran.stdout
    assert ("nexus/hub.json: know…" in ran.stdout) is (mode != 0o600), ran.stdout


AT_THE_END = """
import pytest
from tests.leaks import remember

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if not session.config.option.numprocesses:  # in a worker, or where there are none
        (session.config._tmp_path_factory.getbasetemp() / "hub.log").write_text(remember("told-at-the-end"))
"""


@pytest.mark.parametrize("more", [[], ["-n", "1"]], ids=["alone", "in a worker"])
def test_what_is_written_at_the_very_end_fails_the_run(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    (tmp_path / "conftest.py").write_text(AT_THE_END)
    ran = run(tmp_path, *more)
    assert ran.returncode == 1 and "1 passed" in ran.stdout, ran.stdout
    assert "hub.log: told…" in ran.stdout, ran.stdout


def test_a_hubs_logs_are_searched(tmp_path: Path) -> None:
    secret = leaks.remember("never-in-a-log-4711")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "tunnel.log.1").write_text("fine\n")
    leaks.refuse(leaks.in_logs(tmp_path))
    (tmp_path / "logs" / "tunnel.log.1").write_text(f"run with {secret}\n")
    with pytest.raises(AssertionError, match=r"tunnel\.log\.1: neve…"):
        leaks.refuse(leaks.in_logs(tmp_path))
    (tmp_path / "logs" / "tunnel.log.1").unlink()
