# SPDX-License-Identifier: MIT
"""OpenCode brought by the real npm, and the real program checked. The download (60 MB) happens once."""

import asyncio
import os
from pathlib import Path

import pytest

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install import npm
from opencode_nexus.install.check import check
from opencode_nexus.install.errors import NoSuchBuild
from opencode_nexus.install.find import is_program, resolve
from opencode_nexus.install.installer import VERSION, Installer
from opencode_nexus.install.progress import Progress
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv

pytestmark = pytest.mark.anyio


async def test_npm_brings_the_exact_version_and_it_runs(tmp_path: Path) -> None:
    db, tasks, bus = Database(tmp_path / "nexus.db"), Tasks(), Bus(SystemClock())
    await db.open()
    installer = Installer(home=tmp_path, bus=bus, kv=Kv(db), clock=SystemClock(), tasks=tasks)
    seen: list[Progress] = []

    def note(record: Record) -> None:
        assert isinstance(record.data, Progress)
        seen.append(record.data)

    bus.listen(note, "install")
    installer.bring()
    checked = await installer.wait()
    await tasks.close()
    await db.close()
    assert checked.version == VERSION
    assert checked.program == installer.versions.path(VERSION)
    assert is_program(checked.program)
    downloading = [one for one in seen if one.stage == "downloading" and one.done]
    assert [one.done for one in downloading] == sorted(one.done for one in downloading)
    assert {one.source for one in downloading} == {"npm"}
    assert downloading[-1].done > 1_000_000
    assert any(one.rate for one in downloading)
    # nothing is left but the program: no cache, no node_modules
    left = [path for path in (tmp_path / "opencode").rglob("*") if path.is_file()]
    assert left == [checked.program]


async def test_npm_says_that_a_version_does_not_exist(tmp_path: Path) -> None:
    program = npm.find(os.environ)
    assert program is not None
    with pytest.raises(NoSuchBuild, match=r"npm has no opencode-linux-x64@0\.0\.999"):
        await npm.Npm(program, os.environ, tmp_path / "cache").view("opencode-linux-x64", "0.0.999", tmp_path)


async def test_the_real_program_is_checked_and_leaves_no_trace(
    opencode_binary: Path, home: Path, tmp_path: Path
) -> None:
    before = sorted(home.rglob("*"))
    checked = await asyncio.to_thread(check, opencode_binary, environ=dict(os.environ))
    assert checked.version == VERSION
    assert checked.program == opencode_binary.resolve()
    assert sorted(home.rglob("*")) == before


def test_npms_own_launcher_leads_to_the_real_program(opencode_binary: Path, tmp_path: Path) -> None:
    modules = tmp_path / "lib" / "node_modules"
    launcher = modules / "opencode-ai" / "bin" / "opencode"
    launcher.parent.mkdir(parents=True)
    launcher.write_text('#!/usr/bin/env node\nrequire("../opencode-ai/run.js")\n')
    launcher.chmod(0o755)
    (modules / opencode_binary.parent.parent.name).symlink_to(opencode_binary.parent.parent)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "opencode").symlink_to(launcher)
    assert resolve(tmp_path / "bin" / "opencode") == opencode_binary.resolve()
