# SPDX-License-Identifier: MIT
"""A disk that is too small, and a program small enough to send about."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes import tiny_program
from tests.unit.install.bench import Bench


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A folder on a real file system of 64 KB; None where we may not mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    allowed = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount") is not None
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    mounted = allowed and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def opencode_stand_in(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A program that says that it is OpenCode 1.18.33; the real one where the small one does not run."""
    if not tiny_program.available():
        return Path(request.getfixturevalue("opencode_binary"))
    path = tmp_path_factory.mktemp("stand-in") / "opencode"
    path.write_bytes(tiny_program.program())
    path.chmod(0o755)
    return path


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr("opencode_nexus.install.find._SYSTEM_PLACES", ())
    made = Bench(tmp_path)
    yield made
    await made.tasks.close()
