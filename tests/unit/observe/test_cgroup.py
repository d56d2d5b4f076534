# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opencode_nexus.observe.cgroup import Cgroups, delegated, own_group


@dataclass
class Bounds:
    memory_stop: int | None = None
    cpu_percent: float | None = None
    processes: int | None = None


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A plain folder with the files of a group: it takes what is written, and limits nothing."""
    (tmp_path / "cgroup.procs").write_text("")
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    return tmp_path


def test_limits_are_written_as_the_kernel_takes_them(base: Path) -> None:
    groups = Cgroups(base)
    assert groups.open() and groups.controllers == {"cpu", "memory", "pids"}
    groups.apply("srv_1", [7, 8], Bounds(1_000_000_000, 150, 100))
    told = {file.name: file.read_text() for file in (base / "srv_1").iterdir()}
    assert told == {
        "memory.high": "1000000000", "memory.max": "1250000000", "cpu.max": "150000 100000", "pids.max": "151",
        "cgroup.procs": "8",
    }  # fmt: skip
    groups.apply("srv_1", [7, 8], Bounds())
    told = {file.name: file.read_text() for file in (base / "srv_1").iterdir()}
    assert (told["memory.high"], told["memory.max"], told["cpu.max"], told["pids.max"]) == (
        "max", "max", "max 100000", "max"
    )  # fmt: skip
    assert groups.words == "The kernel holds each server to its limits too (cgroup v2: memory, processes, CPU)."


def test_only_what_the_kernel_can_keep_is_written_and_told(base: Path) -> None:
    (base / "cgroup.controllers").write_text("pids\n")
    groups = Cgroups(base)
    groups.open()
    groups.apply("srv_1", [], Bounds(1_000_000_000, 150, 100))
    assert [file.name for file in (base / "srv_1").iterdir()] == ["pids.max"]
    assert "cgroup v2: processes)" in groups.words


def test_a_group_that_is_not_ours_alone_is_left_alone(base: Path) -> None:
    (base / "cgroup.procs").write_text("1\n")
    assert not Cgroups(base).open() and not (base / "cgroup.subtree_control").exists()
    assert not Cgroups(base / "gone").open()
    assert not delegated(base)


def test_our_own_group_is_found_under_its_mount(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("4:memory:/x\n0::/user.slice/nexus.service/hub\n")
    (tmp_path / "mountinfo").write_text(
        "30 24 0:26 / /proc rw - proc proc rw\n31 24 0:27 /user.slice /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
    )
    assert own_group(tmp_path) == Path("/sys/fs/cgroup/nexus.service/hub")
    (tmp_path / "cgroup").write_text("0::/other.slice\n")
    assert own_group(tmp_path) is None
    assert own_group(tmp_path / "gone") is None


@pytest.fixture
def real() -> Iterator[Path]:
    """A group of the real kernel, marked as systemd marks one that it gives away; skips where that may not be made."""
    here = own_group()
    made = None if here is None else here / f"nexus-test-{os.getpid()}"
    try:
        if made is None:
            raise OSError("no cgroup v2 is mounted")
        (made / "hub").mkdir(parents=True)
        os.setxattr(made, "user.delegate", b"1")
    except OSError as error:
        pytest.skip(f"this machine lets no control group be made, so limits are kept by watching: {error}")
    yield made
    for group in sorted(made.rglob("*"), reverse=True):
        if group.is_dir():
            group.rmdir()
    made.rmdir()


HUB = """
import subprocess, sys
from opencode_nexus.observe.cgroup import Cgroups
sys.stdin.readline()
groups = Cgroups.find()
server = subprocess.Popen(["sleep", "600"])
class Bounds: memory_stop, cpu_percent, processes = 1_000_000_000, 150, 100
groups.apply("srv_1", [server.pid], Bounds)
print(open(f"/proc/{server.pid}/cgroup").read().split("0::")[1].split()[0])
print(",".join(sorted(groups.controllers)) or "none", flush=True)
server.kill(); server.wait()
groups.forget("srv_1")
"""


def test_a_server_is_put_into_a_group_of_the_real_kernel(real: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HUB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hub:
        (real / "hub" / "cgroup.procs").write_text(str(hub.pid))
        told, _ = hub.communicate("go\n")
    place, controllers = told.split()
    assert place.endswith(f"{real.name}/srv_1") and not (real / "srv_1").exists()
    there = (real / "cgroup.controllers").read_text().split()
    assert controllers == (",".join(sorted({"cpu", "memory", "pids"} & set(there))) or "none")
    print(f"run with cgroup v2; the kernel keeps: {controllers}")
