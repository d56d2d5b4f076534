# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from opencode_nexus.observe.trees import Root, Trees, kind_of
from opencode_nexus.processes.table import Entry, Table, read

FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "x = bytes(range(256)) * 80_000; print(1, flush=True); input()",
                          "--api-key", "hidden-word", "--token=hidden-too"], stdin=subprocess.PIPE)
sys.stdin.read(); child.communicate()
"""


@pytest.fixture
def family() -> "Iterator[subprocess.Popen[bytes]]":
    """A process with one child that holds 20 MB."""
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate()


def root(pid: int) -> Root:
    return ("srv_1", pid, psutil.Process(pid).create_time())


def test_the_whole_tree_is_counted(family: "subprocess.Popen[bytes]") -> None:
    found = Trees().measure([root(family.pid)], read())["srv_1"]
    tree = [psutil.Process(family.pid), *psutil.Process(family.pid).children(recursive=True)]
    assert (found.processes, found.cpu) == (2, None)
    assert found.memory == pytest.approx(sum(one.memory_info().rss for one in tree), rel=0.05)
    assert found.files == sum(one.num_fds() for one in tree)
    private = sum(one.memory_full_info().uss for one in tree)
    assert found.own == pytest.approx(private, rel=0.1) and private < found.memory
    assert [(one.pid, one.depth, one.kind) for one in found.members] == [
        (tree[0].pid, 0, "server"),
        (tree[1].pid, 1, ""),
    ]
    assert found.members[1].memory > 20_000_000


def test_a_command_is_shown_without_what_it_was_told_in_secret(family: "subprocess.Popen[bytes]") -> None:
    child = Trees().measure([root(family.pid)], read())["srv_1"].members[1]
    assert "--api-key ••• --token=•••" in child.command and "hidden" not in child.command


def test_another_process_with_the_same_id_is_not_taken_for_the_server() -> None:
    trees, me = Trees(), root(os.getpid())
    assert trees.measure([("srv_1", os.getpid(), 12345.0), ("srv_2", 2**22 + 1, 1.0)], read()) == {}
    # what is known already is known by what no clock moves
    assert "srv_1" in trees.measure([me], read())
    table = read()
    mine = table.entries[os.getpid()]
    moved = Table(table.at + 1, {mine.pid: replace(mine, created=mine.created + 3600)})
    assert "srv_1" in trees.measure([me], moved)
    other = Table(table.at + 2, {mine.pid: replace(mine, born=mine.born + 1)})
    assert trees.measure([me], other) == {}


def entry(pid: int, parent: int, cpu: float, reaped: float = 0.0) -> Entry:
    return Entry(pid, parent, pid * 1.0, pid * 1.0, f"p{pid}", cpu, reaped, 1000)


def table(at: float, *entries: Entry) -> Table:
    made = Table(at, {one.pid: one for one in entries})
    for one in entries:
        made.children.setdefault(one.parent, []).append(one.pid)
    return made


BIG = 2**22 + 10  # no process has such an id, so that nothing is read of a real one


def test_what_ended_between_two_looks_is_counted_too() -> None:
    trees, who = Trees(), [("s", BIG, BIG * 1.0)]
    trees.measure(who, table(100, entry(BIG, 1, 5.0), entry(BIG + 1, BIG, 2.0)))
    # the child took another second and ended, and one that nobody saw took three
    found = trees.measure(who, table(110, entry(BIG, 1, 6.0, reaped=6.0)))["s"]
    assert found.cpu == pytest.approx(100 * (1 + 1 + 3) / 10)
    # one that leaves the tree without having been waited for takes nothing away from what the others took
    trees.measure(who, table(120, entry(BIG, 1, 6.0, 6.0), entry(BIG + 2, BIG, 50.0)))
    found = trees.measure(who, table(130, entry(BIG, 1, 8.0, 6.0)))["s"]
    assert found.cpu == pytest.approx(20)


def test_a_tree_whose_ids_go_round_in_a_circle_ends() -> None:
    assert len(table(1, entry(BIG, BIG + 1, 0), entry(BIG + 1, BIG, 0)).tree(BIG)) == 2


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("node /x/typescript-language-server --stdio", "language server"),
        ("gopls", "language server"),
        ("npx -y @modelcontextprotocol/server-filesystem", "MCP server"),
        ("uvx mcp-server-git", "MCP server"),
        ("bash -c ls", ""),
    ],
)
def test_children_are_named_by_their_command(command: str, kind: str) -> None:
    assert kind_of(command) == kind


def test_the_table_knows_what_the_system_knows() -> None:
    mine = read().entries[os.getpid()]
    assert mine.parent == os.getppid()
    assert mine.created == pytest.approx(psutil.Process().create_time(), abs=0.5)
    assert mine.cpu == pytest.approx(time.process_time(), abs=0.5)
    assert mine.memory == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
