# SPDX-License-Identifier: MIT
"""The hub as a service of a real systemd: installed, killed and started again by it, and removed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.real import ROOT

ALONE = """\
mount -t tmpfs none /run && mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR" && chmod 700 "$XDG_RUNTIME_DIR" && exec "$@"
"""


def missing() -> str:
    """Why a systemd cannot be had for ourselves here; empty when it can."""
    for program in ("systemd", "systemctl", "unshare"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, check=False
    )
    return "" if done.returncode == 0 else "no mount namespace: " + done.stderr.decode().strip()


def test_a_life_under_systemd(tmp_path: Path) -> None:
    if why := missing():
        pytest.skip(why)
    environ = {
        **os.environ, "XDG_RUNTIME_DIR": "/run/us", "XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path),
        "OPENCODE_NEXUS_PORT": "0", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }  # fmt: skip
    stage = [sys.executable, "-m", "tests.e2e.service_stage", str(tmp_path)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ALONE, "sh", *stage],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    for moment in ("installed", "after kill -9"):
        assert (said[moment]["installed"], said[moment]["running"], said[moment]["at_start"]) == (True, True, True)
    assert (said["removed"]["installed"], said["removed"]["running"]) == (False, False)
    assert said["left"] is False
