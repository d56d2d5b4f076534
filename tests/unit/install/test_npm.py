# SPDX-License-Identifier: MIT
"""npm's behaviour, with a stand-in for its program; the real npm is in tests/e2e/test_install_real.py."""

import asyncio
import json
import os
import textwrap
from pathlib import Path

import psutil
import pytest

from opencode_nexus.install import npm
from opencode_nexus.install.errors import (
    DigestMismatch,
    DiskFull,
    HomeNotWritable,
    NetworkGone,
    NoSuchBuild,
    NpmFailed,
)

pytestmark = pytest.mark.anyio

VIEW = {"version": "1.18.33", "dist.integrity": "sha512-abc", "dist.unpackedSize": 5}
PUBLISHED = npm.Published("opencode-linux-x64", "1.18.33", "sha512-abc", 5)


def stand_in(folder: Path, body: str) -> npm.Npm:
    """An npm that is a shell script; $1 is the command."""
    program = folder / "npm"
    program.write_text("#!/bin/sh\n" + textwrap.dedent(body))
    program.chmod(0o755)
    return npm.Npm(str(program), os.environ, folder / "kept")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("E404", NoSuchBuild),
        ("ETARGET", NoSuchBuild),
        ("EBADPLATFORM", NoSuchBuild),
        ("ENOTFOUND", NetworkGone),
        ("ECONNREFUSED", NetworkGone),
        ("EINTEGRITY", DigestMismatch),
        ("ENOSPC", DiskFull),
        ("EROFS", HomeNotWritable),
        ("EWHATEVER", NpmFailed),
    ],
)
def test_npms_codes_become_our_errors(code: str, kind: type[Exception]) -> None:
    problem = json.dumps({"error": {"code": code, "summary": "words"}})
    said = f"npm warn something\n{problem}\nnpm error words\n"
    error = npm.failure("opencode-linux-x64@1.18.33", said)
    assert type(error) is kind
    assert "words" in str(error)
    assert error.data["npm_code"] == code


def test_npm_without_json_still_says_its_last_line() -> None:
    assert "Segmentation fault" in str(npm.failure("x", "npm\nSegmentation fault\n"))
    assert "said nothing" in str(npm.failure("x", ""))


async def test_view_reads_what_is_published(tmp_path: Path) -> None:
    client = stand_in(tmp_path, f"echo 'npm warn x'; echo '{json.dumps(VIEW)}'")
    assert await client.view("opencode-linux-x64", "1.18.33", tmp_path) == PUBLISHED
    for address, asked in (("https://127.0.0.1/x.tgz", True), ("file:///etc/passwd", False)):
        client = stand_in(tmp_path, f"echo '{json.dumps({**VIEW, 'dist.tarball': address})}'")
        tarball = (await client.view("opencode-linux-x64", "1.18.33", tmp_path)).tarball
        assert tarball == (address if asked else None)
    silent = {key: value for key, value in VIEW.items() if "Size" not in key}
    client = stand_in(tmp_path, f"echo '{json.dumps(silent)}'")
    assert (await client.view("opencode-linux-x64", "1.18.33", tmp_path)).unpacked is None
    with pytest.raises(NpmFailed, match="cannot be read"):
        await stand_in(tmp_path, "echo hello").view("opencode-linux-x64", "1.18.33", tmp_path)


INSTALL = """
    for last; do :; done
    mkdir -p node_modules/opencode-linux-x64/bin
    echo "$@" > arguments
    printf 12345 > node_modules/opencode-linux-x64/bin/opencode
    printf '%s' '{lock}' > node_modules/.package-lock.json
"""


def lock(version: str, integrity: str) -> str:
    return json.dumps({"packages": {"node_modules/opencode-linux-x64": {"version": version, "integrity": integrity}}})


async def test_fetch_runs_no_scripts_and_asks_for_the_exact_version(tmp_path: Path) -> None:
    client = stand_in(tmp_path, INSTALL.replace("{lock}", lock("1.18.33", "sha512-abc")))
    program = await client.fetch(PUBLISHED, tmp_path, lambda done, total: None)
    assert program.read_text() == "12345"
    arguments = (tmp_path / "arguments").read_text().split()
    assert {"install", "--ignore-scripts", "opencode-linux-x64@1.18.33"} <= set(arguments)
    assert (tmp_path / "package.json").is_file()  # or npm would walk up, and install into the folder that has one
    assert not [a for a in arguments if a.startswith("--prefix")]  # it takes the machine's npm settings away


@pytest.mark.parametrize("found", [lock("1.18.32", "sha512-abc"), lock("1.18.33", "sha512-xyz")])
async def test_another_version_or_integrity_is_refused(tmp_path: Path, found: str) -> None:
    with pytest.raises(DigestMismatch):
        await stand_in(tmp_path, INSTALL.replace("{lock}", found)).fetch(PUBLISHED, tmp_path, lambda d, t: None)


async def test_no_record_of_a_check_is_no_check(tmp_path: Path) -> None:
    with pytest.raises(NpmFailed, match="no record"):
        await stand_in(tmp_path, INSTALL.replace("{lock}", "{}")).fetch(PUBLISHED, tmp_path, lambda d, t: None)


async def test_progress_is_the_size_of_what_lies_there(tmp_path: Path) -> None:
    body = """
        mkdir -p node_modules/x; printf 12345 > node_modules/x/f
        while [ ! -e go ]; do sleep 0.05; done; exit 1
    """
    seen: list[tuple[int, int | None]] = []

    def report(done: int, total: int | None) -> None:
        seen.append((done, total))
        if done == 5:
            (tmp_path / "go").touch()

    with pytest.raises(NpmFailed):
        await stand_in(tmp_path, body).fetch(PUBLISHED, tmp_path, report)
    assert (5, 5) in seen


async def test_a_cancel_ends_npm_and_its_children(tmp_path: Path) -> None:
    client = stand_in(tmp_path, f'sleep 300 & echo $! > "{tmp_path}/child"; echo $$ > "{tmp_path}/self"; wait')
    job = asyncio.create_task(client.fetch(PUBLISHED, tmp_path, lambda done, total: None))
    deadline = asyncio.get_running_loop().time() + 30
    while not ((tmp_path / "self").exists() and (tmp_path / "self").read_text().strip()):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    tree = [psutil.Process(int((tmp_path / name).read_text())) for name in ("child", "self")]
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    _, alive = psutil.wait_procs(tree, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
