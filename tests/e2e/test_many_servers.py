# SPDX-License-Identifier: MIT
"""Several real OpenCode servers under one hub, told truthfully and ordered about at once.

`make test` runs three, `make soak` twelve (NEXUS_TEST_SERVERS). The machine's own process table is the measure.
"""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.browser.talk import eventually
from tests.fakes.hub import RealHub

HOW_MANY = int(os.environ.get("NEXUS_TEST_SERVERS", "3"))


def serving(hub: RealHub) -> set[int]:
    """The processes that are `opencode serve`, counted by the machine and not by the hub."""
    found = set()
    for process in hub.children():
        try:
            if "serve" in process.cmdline() and Path(process.exe()).name == "opencode":
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


def told(hub: RealHub) -> dict[str, tuple[str, int | None]]:
    with hub.api() as api:
        return {row["name"]: (row["state"], row["pid"]) for row in api.get("/servers").json()["items"]}


@pytest.mark.timeout(600)
def test_they_are_told_truthfully_and_ordered_about_at_once(hub: RealHub, tmp_path: Path) -> None:
    eventually(lambda: all(state == "running" for state, _ in told(hub).values()), "the first one runs")
    for number in range(1, HOW_MANY):
        folder = tmp_path / f"project-{number}"
        folder.mkdir()
        done = hub.command("server", "add", "--project", str(folder), "--name", f"Number {number}", "--no-start")
        assert done.returncode == 0, done.stderr

    def all_are(state: str) -> bool:
        now = told(hub)
        pids = {pid for _, pid in now.values() if pid is not None}
        return len(now) == HOW_MANY and {one for one, _ in now.values()} == {state} and pids == serving(hub)

    done = hub.command("server", "start", "--all", timeout=500)
    assert done.returncode == 0, done.stderr
    assert all_are("running")
    assert len(serving(hub)) == HOW_MANY

    # one is killed: told, and started again; the others are as they were
    before = told(hub)
    victim = before["Number 1"][1]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: told(hub)["Number 1"][1] not in (None, victim) and all_are("running"), "it runs again")
    assert {name: seen for name, seen in told(hub).items() if name != "Number 1"} == {
        name: seen for name, seen in before.items() if name != "Number 1"
    }

    done = hub.command("server", "stop", "--all", timeout=500)
    assert done.returncode == 0, done.stderr
    assert all_are("stopped")
    assert serving(hub) == set()
    assert [one for one in hub.children() if one.is_running() and "opencode" in one.name()] == []
