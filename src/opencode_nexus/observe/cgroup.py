# SPDX-License-Identifier: MIT
"""Limits that the kernel keeps: a control group (v2) for each server, where the system gives us a part of its tree.

systemd does so for a unit with `Delegate=yes` and `DelegateSubgroup=hub` (254 and later): the hub then lies in a child
of the unit's group, and servers get others beside it. Elsewhere the tree belongs to others, and limits are kept by
watching. We never move ourselves: a group whose controllers are switched on takes no process any more, so that after a
kill -9 of the hub systemd could not start it again beside servers that still run.
"""

import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)

WANTED = ("cpu", "memory", "pids")  # controllers
PERIOD = 100_000  # microseconds over which a share of the processor is counted
ABOVE = 1.25  # of the hard limit: where the kernel ends a process, should nobody have stopped the server before


class Bounds(Protocol):
    """What of `fleet.limits.Limits` the kernel can keep."""

    @property
    def memory_stop(self) -> int | None: ...
    @property
    def cpu_percent(self) -> float | None: ...
    @property
    def processes(self) -> int | None: ...


def own_group(proc: Path = Path("/proc/self")) -> Path | None:
    """Return the folder of the control group (v2) that we are in; None where there is none."""
    try:
        lines = (proc / "cgroup").read_text().splitlines()
        mounts = (proc / "mountinfo").read_text().splitlines()
    except OSError:
        return None
    place = next((line[3:] for line in lines if line.startswith("0::/")), None)
    for line in mounts:
        left, _, right = line.partition(" - ")
        if place is not None and right.startswith("cgroup2 "):
            root, mounted = left.split(" ")[3:5]
            if place == root or place.startswith(root.rstrip("/") + "/"):
                return Path(mounted + place.removeprefix(root.rstrip("/")))
    return None


def delegated(group: Path) -> bool:
    """Tell whether a group was given to whoever runs in it: systemd marks those of units with `Delegate=yes`."""
    if sys.platform == "linux":
        try:
            return os.getxattr(group, "user.delegate") == b"1" and os.access(group, os.W_OK)
        except OSError:
            return False
    else:
        return False


class Cgroups:
    """The groups of servers below `base`, a group that is ours. All of it blocks briefly; nothing raises OSError."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.controllers: frozenset[str] = frozenset()
        self._placed: dict[str, int] = {}

    @classmethod
    def find(cls) -> "Cgroups | None":
        """Return them, opened, where the group above ours was given to us; None elsewhere."""
        group = own_group()
        if group is None or not delegated(group.parent):
            return None
        made = cls(group.parent)
        return made if made.open() else None

    def open(self) -> bool:
        """Switch on what the kernel can keep for groups of servers; tells whether there can be such groups."""
        try:
            if (self._base / "cgroup.procs").read_text().strip():
                return False  # the kernel gives a group's children controllers only while no process is in itself
            there = (self._base / "cgroup.controllers").read_text().split()
            usable = [name for name in WANTED if name in there]
            for name in usable:
                _write(self._base / "cgroup.subtree_control", f"+{name}")
            self.controllers = frozenset(usable)
        except OSError as error:
            log.warning("no control groups for servers: %s", error)
            return False
        return True

    def apply(self, server_id: str, pids: Iterable[int], bounds: Bounds) -> None:
        """Put a server's processes into its group, when they are not there yet, and set its limits."""
        group, members = self._base / server_id, list(pids)
        try:
            group.mkdir(exist_ok=True)
            for name, value in self._figures(bounds).items():
                _write(group / name, value)
            if members and self._placed.get(server_id) != members[0]:
                for pid in members:
                    try:
                        _write(group / "cgroup.procs", str(pid))
                    except ProcessLookupError:
                        continue  # it ended meanwhile
                self._placed[server_id] = members[0]
        except OSError as error:
            log.warning("the control group of %s: %s", server_id, error)

    def forget(self, server_id: str) -> None:
        """Remove a server's group, once it is empty."""
        self._placed.pop(server_id, None)
        try:
            (self._base / server_id).rmdir()
        except OSError:
            return  # not there, or something of it still ends: the next start uses it again

    def _figures(self, bounds: Bounds) -> dict[str, str]:
        """Return what to write into which file. Memory: held back at the hard limit, where the guard stops the server
        in good order, and ended a quarter above it. Processes: a half above, as the guard ends the runaways before.
        """
        stop, cpu, count = bounds.memory_stop, bounds.cpu_percent, bounds.processes
        figures = {
            "memory.high": str(stop) if stop else "max",
            "memory.max": str(int(stop * ABOVE)) if stop else "max",
            "cpu.max": f"{int(cpu * PERIOD / 100)} {PERIOD}" if cpu else f"max {PERIOD}",
            "pids.max": str(count + count // 2 + 1) if count else "max",
        }
        return {name: value for name, value in figures.items() if name.split(".")[0] in self.controllers}

    @property
    def words(self) -> str:
        """Say what the kernel keeps, in a sentence; "" when it keeps nothing."""
        told = {"memory": "memory", "pids": "processes", "cpu": "CPU"}
        kept = [word for name, word in told.items() if name in self.controllers]
        return f"The kernel holds each server to its limits too (cgroup v2: {', '.join(kept)})." if kept else ""


def _write(file: Path, value: str) -> None:
    with file.open("w") as opened:  # one write: the kernel takes each as a command
        opened.write(value)
