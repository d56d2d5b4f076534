# SPDX-License-Identifier: MIT
"""A clone of this tree as it is now, on a path with spaces, in which anything may be built and removed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.build import listing
from tests.conftest import ROOT

VENDOR = "src/opencode_nexus/web/static/vendor"


@dataclass
class Clone:
    """`root` is the clone, `scratch` what its builds take for the system's folder of temporary files."""

    root: Path
    scratch: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The tester's without what would lead back to this tree, or to the home folder of a hub of his."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GIT_", "OPENCODE", "XDG_"))}
        return {**kept, "TMPDIR": str(self.scratch), "HOME": str(self.scratch.parent / "user")}

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
        command = ["git", *who, *words]
        done = subprocess.run(command, cwd=self.root, env=self.environment(), capture_output=True, check=True)
        return done.stdout.decode()

    def clean(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`scripts/clean` to its end."""
        command = [sys.executable, "scripts/clean", *words]
        env = {**self.environment(), **environ}
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True)

    def begin(self, *words: str, umask: int = -1) -> subprocess.Popen[bytes]:
        """Begin `scripts/build`, with the Python and the packages of the tests; -1 is their umask."""
        command = [sys.executable, "-B", "-m", "scripts.build", *words]
        process = subprocess.Popen(
            command, cwd=self.root, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, umask=umask,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a run in the background ignores Ctrl-C
        )  # fmt: skip
        self.started.append(process)
        return process

    def build(self, *words: str, umask: int = -1) -> str:
        """`scripts/build` to its end, which must be a good one; what it said."""
        process = self.begin(*words, umask=umask)
        said = process.communicate()[0].decode()
        assert process.returncode == 0, said
        return said

    def tree(self) -> dict[str, int]:
        """Every file of it but git's own, with its size; what a build left among the temporary files as well."""
        left = {f"scratch/{path.relative_to(self.scratch)}": 0 for path in self.scratch.rglob("*")}
        return listing(self.root) | left


def folders(root: Path) -> set[str]:
    """Every folder but git's own, so that an empty one is seen too."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir() and ".git" not in path.parts}


@contextmanager
def of_mode(folder: Path, mode: int) -> Iterator[list[str]]:
    """Gives a folder this mode; yields what a command must begin with for it to bind this user."""
    folder.chmod(mode)
    try:
        if os.geteuid() != 0:
            yield []
        elif shutil.which("setpriv"):  # root may write all the same, but not without these rights of his
            yield ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all", "--"]
        else:
            pytest.skip("root without setpriv: no mode binds him")
    finally:
        folder.chmod(0o700)


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git has of this tree or would take, committed; the browser scripts lie beside it."""
    root = tmp_path_factory.mktemp("seed") / "clone"
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in names:
        if name and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    clone = Clone(root, root.parent)
    clone.git("init", "-q")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "As it is now")
    return root


@pytest.fixture(scope="module")
def new_clone(seed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Clone]]:
    """Makes another clone."""
    made: list[Clone] = []

    def make() -> Clone:
        base = tmp_path_factory.mktemp("a b")
        clone = Clone(base / "my clone", base / "scratch")
        (base / "scratch").mkdir()
        (base / "user").mkdir()
        shutil.copytree(seed, clone.root, symlinks=True)
        made.append(clone)
        return clone

    yield make
    for clone in made:
        for process in clone.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        shutil.rmtree(clone.root.parent, ignore_errors=True)  # a bundle is 180 MB with its archive


@pytest.fixture(scope="module")
def clone(new_clone: Callable[[], Clone]) -> Clone:
    """One for a file of tests, with the browser scripts, so that no build asks npm for them."""
    clone = new_clone()
    shutil.copytree(ROOT / VENDOR, clone.root / VENDOR)
    return clone
