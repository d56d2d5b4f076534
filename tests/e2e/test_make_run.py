# SPDX-License-Identifier: MIT
"""The tutorial in a fresh clone with an empty HOME: from `git clone` to the first answer, and Ctrl+C.

`make test` lends the clone the packages of this tree; `make soak` (NEXUS_TEST_ROOT=1) has it install its own, on
Debian's smallest system with Python, git and make.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.builds.conftest import seed
from tests.conftest import ROOT
from tests.e2e.tutorial import Reader

__all__ = ["seed"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the README gives Windows other words")

DROPPED = ("OPENCODE", "XDG_", "MAKE", "MFLAGS", "ARGS", "PYTHON", "VIRTUAL_ENV", "NEXUS_", "npm_", "GIT_", "DISPLAY")
FREE_PORT = {"OPENCODE_NEXUS_PORT": "0"}  # 4600 may be taken by the tester's own hub


def outside() -> dict[str, str]:
    """The tester's environment without what is his: no setting of ours, no make around it, no screen."""
    return {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)} | FREE_PORT


@pytest.fixture
def place(tmp_path: Path, opencode_binary: Path) -> Path:
    """A folder with OpenCode in bin, as on the PATH of somebody who has it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/opencode").symlink_to(opencode_binary)
    return tmp_path


def to_the_first_answer(reader: Reader, within: float) -> None:
    """From the start in a clone to Ctrl+C."""
    page = httpx2.get(reader.start(within), follow_redirects=True, trust_env=False)
    assert page.status_code == 200
    assert "Set-up code" in page.text
    reader.follow()
    assert reader.interrupt() == []
    assert reader.out.read_text().splitlines()[-1] == "Stopping …"
    assert "Traceback" not in reader.out.with_suffix(".err").read_text()
    assert list((reader.root / "home").rglob("nexus.db"))
    assert not list((reader.root / "home").rglob("hub.json"))
    assert list((reader.root / "home/first-project").iterdir())


@pytest.fixture
def reader(place: Path, seed: Path) -> Iterator[Reader]:
    environ = outside()
    reader = Reader(place, seed, {**environ, "PATH": f"{place / 'bin'}{os.pathsep}{environ['PATH']}"})
    yield reader
    reader.end()


@pytest.mark.timeout(600)  # a dozen commands: 17 s, and 70 on a crowded machine
@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_the_tutorial_word_by_word(reader: Reader) -> None:
    clone = reader.clone()
    (clone / ".venv").symlink_to(ROOT / ".venv")
    vendor = "src/opencode_nexus/web/static/vendor"
    if (ROOT / vendor).is_dir():
        (clone / vendor).symlink_to(ROOT / vendor)
    to_the_first_answer(reader, 60)


# In a mount namespace of its own: what is bound in here is seen by nobody else, and gone with the process.
INTO = """
for place in /proc /dev {bound}; do
  if [ -d "$place" ]; then mkdir -p {root}"$place"; else mkdir -p {root}"${{place%/*}}"; : >>{root}"$place"; fi
  mount --rbind "$place" {root}"$place"
done
exec chroot {root} "$@"
"""


def of_pip() -> list[str]:
    """The files and folders that pip's configuration here names, and those that hold it."""
    told = ""
    for words in ("list", "debug"):
        command = [sys.executable, "-m", "pip", "config", words]
        told += subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("exists: False", "")
    paths = {found.rstrip("',:") for found in re.findall(r"(?<![\w/:.])(?:file://)?(/[^\s'\"]+)", told)}
    there = [path for path in sorted(paths) if Path(path).exists() and path.count("/") > 1]
    return [path for path in there if not any(path.startswith(f"{other}/") for other in there)]


@pytest.mark.timeout(3600)
@pytest.mark.skipif("NEXUS_TEST_ROOT" not in os.environ, reason="make soak: debootstrap and all packages, some minutes")
def test_the_tutorial_with_only_python_git_and_make(place: Path, seed: Path, opencode_binary: Path) -> None:
    """Debian's smallest, by debootstrap, with OpenCode bound in; the path of each thing is the same in it."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("NOT RUN: another root needs root on Linux")
    if shutil.which("debootstrap") is None:
        pytest.skip("NOT RUN: there is no debootstrap; on Debian: apt-get install debootstrap")
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    root, suite = place / "root", release.get("VERSION_CODENAME", "stable").strip('"')
    only = "--include=python3,python3-venv,git,make"
    made = subprocess.run(["debootstrap", "--variant=minbase", only, suite, root], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"NOT RUN: debootstrap could not make a root: {(made.stdout + made.stderr)[-300:]}")
    assert not [name for name in ("npm", "node") if list(root.glob(f"usr/bin/{name}"))]
    user = place / "user"
    user.mkdir()
    bound = [str(user), str(seed), str(opencode_binary.parent), str(place / "bin"), *of_pip()]
    bound += [name for name in ("/etc/resolv.conf", "/etc/hosts") if Path(name).exists()]
    words = INTO.format(bound=" ".join(map(shlex.quote, bound)), root=shlex.quote(str(root)))
    into = ["unshare", "--mount", "sh", "-c", words, "sh"]
    kept = {name: value for name, value in outside().items() if name.startswith("PIP_") or "proxy" in name.lower()}
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    reader = Reader(user, seed, {**kept, **FREE_PORT, "PATH": f"{place / 'bin'}:{system}"}, into)
    try:
        reader.clone()
        to_the_first_answer(reader, 1800)
        assert "NO NPM" in reader.out.with_suffix(".err").read_text()
    finally:
        reader.end()
        shutil.rmtree(root)
