# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode_nexus.core.ids import new_token
from opencode_nexus.processes.identity import Identity, alive, identify
from opencode_nexus.processes.process import Process
from opencode_nexus.processes.tree import Tree, descendants, end, end_all, marked

NAME = "NEXUS_TEST_MARK"

# a root with: a child in a session of its own, one that also lost its environment, and one that ignores SIGTERM
ROOT = """
import os, signal, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
deaf = [sys.executable, "-c", code]
kinds = [dict(), dict(env={})]
pids = [subprocess.Popen(sleep, start_new_session=True, **kind).pid for kind in kinds]
stubborn = subprocess.Popen(deaf, stdout=subprocess.PIPE, start_new_session=True)
stubborn.stdout.readline()
print(*pids, stubborn.pid, flush=True)
time.sleep(600)
"""


class Family:
    """A root and its three children, all of them marked but one."""

    def __init__(self) -> None:
        self.mark = f"test:{new_token()}"
        environ = {**os.environ, NAME: self.mark}
        self.popen = subprocess.Popen([sys.executable, "-c", ROOT], stdout=subprocess.PIPE, env=environ)
        assert self.popen.stdout is not None
        self.children = [_identity(int(word)) for word in self.popen.stdout.readline().split()]
        self.root = _identity(self.popen.pid)

    def kill_root(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def close(self) -> None:
        assert self.popen.stdout is not None
        self.kill_root()
        self.popen.stdout.close()
        for child in self.children:
            if alive(child):
                os.kill(child.pid, 9)


def _identity(pid: int) -> Identity:
    found = identify(pid)
    assert found is not None
    return found


@pytest.fixture
def family() -> Iterator[Family]:
    family = Family()
    yield family
    family.close()


def test_descendants_and_the_marked_are_found(family: Family) -> None:
    assert sorted(i.pid for i in descendants(family.root)) == sorted(i.pid for i in family.children)
    found = {m.identity.pid: m for m in marked(NAME, "test:")}
    normal, bare, deaf = family.children
    assert {family.root.pid, normal.pid, deaf.pid} <= set(found)
    assert bare.pid not in found
    assert found[normal.pid].parent == family.root.pid
    assert found[normal.pid].mark == family.mark
    assert descendants(Identity(family.root.pid, 1.0)) == []


@pytest.mark.anyio
async def test_the_whole_tree_is_ended(family: Family) -> None:
    left = await end(Tree(family.root, NAME, family.mark), grace=0.3, root_first=5.0)
    assert left == []
    assert not any(alive(identity) for identity in (family.root, *family.children))


@pytest.mark.anyio
async def test_what_outlives_its_root_is_known_by_mark_or_from_a_sample(family: Family) -> None:
    tree = Tree(family.root, NAME, family.mark)
    tree.sample()
    family.kill_root()
    assert {i.pid for i in tree.members()} == {i.pid for i in family.children}
    fresh = Tree(None, NAME, family.mark)
    normal, bare, deaf = family.children
    assert {i.pid for i in fresh.members()} == {normal.pid, deaf.pid}
    assert await end(fresh, grace=0.3) == []
    assert [alive(i) for i in family.children] == [False, True, False]
    assert await end(tree, grace=0.3) == []
    assert not alive(bare)


def test_we_and_those_above_us_are_never_part_of_a_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, subprocess, sys;"
        "sys.path.insert(0, sys.argv[1]);"
        "from opencode_nexus.processes.tree import Tree;"
        f"print([i.pid for i in Tree(None, {NAME!r}, 'test:inside').members()], os.getpid(), os.getppid())"
    )
    source = str(Path(__file__).parents[3] / "src")
    wrap = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {code!r}, {source!r}]).returncode)"
    environ = {**os.environ, NAME: "test:inside"}
    done = subprocess.run([sys.executable, "-c", wrap], env=environ, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.startswith("[] ")


@pytest.mark.anyio
async def test_end_all_leaves_strangers_alone(family: Family) -> None:
    recycled = [Identity(child.pid, child.created - 100) for child in family.children]
    assert await end_all(recycled, grace=0.1) == []
    assert all(alive(child) for child in family.children)
    assert await end_all(family.children, grace=0.3) == []
    await Process(family.children[0]).gone()
