# SPDX-License-Identifier: MIT
"""The processor's figure beside what the process itself says, and beside the kernel's own count in a cgroup v2."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from opencode_nexus.observe.cgroup import own_group
from opencode_nexus.observe.trees import Trees
from opencode_nexus.processes.table import read

# the root waits; a child that lives on works, and so does one that has ended before the second look
BURN = """
import subprocess, sys, time
work = "from time import process_time as t; b = t()\\nwhile t() - b < 0.6: pass\\nprint(t() - b)"
stays = subprocess.Popen([sys.executable, "-c", "input()\\n" + work + "\\nimport sys; sys.stdout.flush(); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print("ready", flush=True)
sys.stdin.readline()
stays.stdin.write("go\\n"); stays.stdin.flush()
spent = float(stays.stdout.readline())
spent += float(subprocess.run([sys.executable, "-c", work], capture_output=True, text=True).stdout)
print(spent, flush=True)
sys.stdin.readline()
stays.communicate("end\\n")
"""


@pytest.fixture
def group() -> Iterator[Path | None]:
    """A control group of the real kernel; None where none may be made."""
    here = own_group()
    made = None if here is None else here / f"nexus-cpu-{os.getpid()}"
    try:
        if made is not None:
            made.mkdir()
    except OSError:
        made = None
    yield made
    if made is not None:
        made.rmdir()


def counted(group: Path | None) -> float:
    """Return the seconds that the kernel counted in the group so far."""
    if group is None:
        return 0.0
    return int((group / "cpu.stat").read_text().split("usage_usec ")[1].split()[0]) / 1e6


def test_it_agrees_within_five_per_cent(group: Path | None) -> None:
    with subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdin is not None and it.stdout is not None
        assert it.stdout.readline() == "ready\n"
        tree = [psutil.Process(it.pid), *psutil.Process(it.pid).children()]
        for one in tree if group is not None else ():
            with contextlib.suppress(ProcessLookupError):
                assert group is not None
                (group / "cgroup.procs").write_text(str(one.pid))
        root, trees = ("srv", it.pid, tree[0].create_time()), Trees()
        first, began = read(), counted(group)
        trees.measure([root], first)
        print("go", file=it.stdin, flush=True)
        said = float(it.stdout.readline())
        second = read()
        used = trees.measure([root], second)["srv"].cpu
        kernel = counted(group) - began
        it.communicate("end\n")
    assert used is not None
    ours = used * (second.at - first.at) / 100
    # what a Python takes to start is in ours and not in what it says
    assert said * 0.95 < ours < said * 1.05 + 0.3
    if group is None:
        print("run without cgroup v2: none may be made here")
    else:
        print(f"run with cgroup v2: {kernel:.2f} s by the kernel, {ours:.2f} s by us")
        assert ours == pytest.approx(kernel, rel=0.05)
