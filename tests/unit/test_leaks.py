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
import logging, sys
from tests.leaks import remember

SECRET = remember("not-to-be-seen/1+1=2")

def test_print(): print("the token is", SECRET)
def test_stderr(): sys.stderr.write(SECRET)
def test_log(): logging.getLogger("any").warning("with %s in it", SECRET)
def test_address(): print("GET /?t=not-to-be-seen%2F1%2B1%3D2")
def test_file(tmp_path): (tmp_path / "hub.err").write_text("x" + SECRET + "y")
def test_kept(tmp_path): (tmp_path / "sealed.bin").write_text(SECRET)  # no log: secrets have to be kept somewhere
def test_quiet(): print("nothing")
"""


def test_whatever_writes_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "tests.leaks", "-p", "no:cacheprovider", "test_it.py"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120)
    lines = ran.stdout.splitlines()
    failed = {line.split("::")[1].split()[0] for line in lines if line.startswith(("FAILED", "ERROR"))}
    assert failed == {"test_print", "test_stderr", "test_log", "test_address", "test_file"}, ran.stdout


def test_a_hubs_logs_are_searched(tmp_path: Path) -> None:
    secret = leaks.remember("never-in-a-log-4711")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "tunnel.log.1").write_text("fine\n")
    leaks.refuse(leaks.in_logs(tmp_path))
    (tmp_path / "logs" / "tunnel.log.1").write_text(f"run with {secret}\n")
    with pytest.raises(AssertionError, match=r"tunnel\.log\.1: neve…"):
        leaks.refuse(leaks.in_logs(tmp_path))
    (tmp_path / "logs" / "tunnel.log.1").unlink()
