# SPDX-License-Identifier: MIT
"""What tests of the fleet do and look at again and again, without the code under test where it counts."""

import asyncio
import json

import psutil

from tests.fakes.fleet import FleetUnderTest


def tell(rig: FleetUnderTest, **behaviour: object) -> None:
    (rig.project / "tiny.json").write_text(json.dumps(behaviour))


def marked_with(rig: FleetUnderTest) -> list[int]:
    """Every process that was started for this home, counted without the code under test."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("XDG_CONFIG_HOME") == str(rig.home / "opencode" / "config"):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


async def one(rig: FleetUnderTest) -> str:
    return (await rig.fleet.add("One", [str(rig.project)])).id


def runs(pid: int) -> bool:
    """Whether the process does anything still: some containers' pid 1 leaves zombies standing for a while."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until_gone(pid: int) -> None:
    while runs(pid):
        await asyncio.sleep(0.02)
