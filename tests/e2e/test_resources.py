# SPDX-License-Identifier: MIT
"""A real server under its limits; and what it takes, beside what ps and du say."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from tests.e2e.road import Road, ok
from tests.fakes.fleet_look import runs
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider

T = TypeVar("T")
PATIENCE = 90.0  # seconds; only ends a test that waits for something that never comes
HOG = Path(__file__).with_name("hog_mcp.py")
MB = 1_000_000


def until(look: Callable[[], T], wanted: Callable[[T], object]) -> T:
    deadline = time.monotonic() + PATIENCE
    while not wanted(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def texts(message: dict[str, Any]) -> list[str]:
    return [part["text"] for part in message["parts"] if part["type"] == "text"]


class Guarded:
    """A server whose tree holds an MCP server of ours, which takes what memory it is told to."""

    def __init__(self, hub: RealHub, road: Road) -> None:
        self.hub, self.road, self.wish = hub, road, hub.root / "wish"

    def take(self, megabytes: int) -> None:
        (self.hub.root / "wish.part").write_text(str(megabytes))
        (self.hub.root / "wish.part").rename(self.wish)

    def resources(self) -> dict[str, Any]:
        found: dict[str, Any] = ok(self.road.api.get(f"{self.road.base}/resources"))
        return found

    def limit(self, **limits: int) -> None:
        ok(self.road.api.patch(self.road.base, json={"limits": limits}))

    def hog(self) -> dict[str, Any]:
        """Wait until the MCP server is seen in the tree."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.resources()["members"] if HOG.name in one["command"]]

        return until(found, bool)[0]


@pytest.fixture(scope="module")
def guarded(hub: RealHub, road: Road, provider: Provider) -> Guarded:
    made = Guarded(hub, road)
    config = provider.config()
    config["mcp"] = {"hog": {"type": "local", "command": [sys.executable, str(HOG), str(made.wish)]}}
    (hub.project / "opencode.json").write_text(json.dumps(config))
    ok(road.api.post(f"{road.base}/restart"))
    session = road.new_session("Warm up")
    road.say(session, '#script [[{"text": "warm"}]]')
    road.until_idle(session)
    return made


def test_a_busy_server_over_its_limit_is_left_alone_and_an_idle_one_is_restarted(
    guarded: Guarded, provider: Provider
) -> None:
    road = guarded.road
    assert guarded.hog()["kind"] == "MCP server"
    before = road.server()
    used = guarded.resources()["memory"]
    # OpenCode itself may give some 100 MB back meanwhile, or take them
    guarded.limit(memory_warn=used + 150 * MB, memory_recycle=used + 550 * MB)
    session = road.new_session("Goes on")
    road.say(session, '#script [[{"text": "one "}, {"wait": "held"}, {"text": "two"}]]')
    until(provider.waiting, lambda names: "held" in names)
    guarded.take(350)
    until(guarded.resources, lambda one: "to warn of it" in one["guard"])
    guarded.take(400)
    told = until(guarded.resources, lambda one: "its limit is" in one["guard"])
    assert told["memory"] > used + 550 * MB
    until(road.server, lambda one: "its limit is" in one["planned"])
    again = until(guarded.resources, lambda one: one["memory"] != told["memory"] or one["cpu"] != told["cpu"])
    # looked at again, and it is still that process, at work
    assert again["members"][0]["pid"] == before["pid"] == road.server()["pid"]
    assert road.session(session)["status"] == "busy"
    provider.release("held")
    after = until(road.server, lambda one: one["pid"] not in (None, before["pid"]) and one["state"] == "running")
    assert not runs(told["members"][-1]["pid"]) and after["planned"] == ""
    said = road.until_idle(session)
    assert texts(said[-1]) == ["one two"]
    road.say(session, '#script [[{"text": "three"}]]')
    until(lambda: texts(road.messages(session)[-1]), lambda words: words == ["three"])
    assert guarded.resources()["memory"] < told["memory"] - 350 * MB
    guarded.limit()


def test_at_the_hard_limit_it_is_stopped_and_says_why(guarded: Guarded) -> None:
    road, used = guarded.road, guarded.resources()["memory"]
    guarded.hog()
    guarded.limit(memory_stop=used + 150 * MB)
    pids = [one["pid"] for one in guarded.resources()["members"]]
    guarded.take(350)
    until(road.server, lambda one: one["state"] == "stopped")
    assert "its hard limit is" in guarded.resources()["guard"]
    assert not [pid for pid in pids if runs(pid)]
    guarded.limit()
    ok(road.api.post(f"{road.base}/start"))


def test_runaway_children_are_ended_and_the_server_is_not(guarded: Guarded, provider: Provider) -> None:
    road = guarded.road
    pid = road.server()["pid"]
    guarded.limit(processes=12)
    session = road.new_session("Runs away")
    crowd = "for i in $(seq 40); do sleep 600 & done; wait"
    step = {"tool": "bash", "args": {"command": crowd, "description": "many", "timeout": 600000}}
    road.say(session, "#script " + json.dumps([[step], [{"text": "I see that it was ended."}]]))
    said = road.until_idle(session)
    assert texts(said[-1]) == ["I see that it was ended."]
    assert road.server()["pid"] == pid
    guarded.hog()
    tree = psutil.Process(pid).children(recursive=True)
    assert not [one for one in tree if one.name() == "sleep"]
    guarded.limit()


def test_the_figures_agree_with_ps_and_du(guarded: Guarded) -> None:
    pid = guarded.road.server()["pid"]
    guarded.hog()

    def both() -> tuple[dict[str, Any], list[tuple[int, int]]]:
        return guarded.resources(), by_ps(pid)

    # what ps says changes while the hub waits for its next look: the same tree on both sides, and at rest
    ours, theirs = until(
        both,
        lambda found: (
            found[0]["processes"] == len(found[1])
            and found[0]["memory"] == pytest.approx(sum(kib * 1024 for _, kib in found[1]), rel=0.05)
        ),
    )
    assert {one["pid"] for one in ours["members"]} == {one for one, _ in theirs}
    assert ours["files"] == pytest.approx(sum(len(os.listdir(f"/proc/{one}/fd")) for one, _ in theirs), rel=0.05)
    kept = ok(guarded.road.api.get(f"{guarded.road.base}/resources/disk"))
    state = Path(kept["data"]).parents[1] / "state" / "opencode"
    du = subprocess.run(
        ["du", "-s", "-B1", kept["data"], kept["cache"], str(state)], capture_output=True, text=True, check=True
    )
    assert kept["total"] == pytest.approx(sum(int(line.split()[0]) for line in du.stdout.splitlines()), rel=0.05)
    assert kept["total"] == sum(part["bytes"] for part in kept["parts"]) > 100_000


def by_ps(root: int) -> list[tuple[int, int]]:
    """Return (process, resident KiB) of a tree, told by ps alone."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid=,rss=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in told.stdout.splitlines()]
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found += [(pid, int(row[2])) for row in rows if int(row[0]) == pid and row[3][0] != "Z"]
        todo += [int(row[0]) for row in rows if int(row[1]) == pid and row[3][0] != "Z"]
    return found


def test_what_it_keeps_is_cleaned_only_while_nothing_runs_on_it(guarded: Guarded) -> None:
    road, hub = guarded.road, guarded.hub
    session = road.new_session("Much output")
    step = {"tool": "bash", "args": {"command": "seq 1 300000", "description": "much"}}
    road.say(session, "#script " + json.dumps([[step], [{"text": "done"}]]))
    road.until_idle(session)
    name = road.server()["name"]
    refused = hub.command("server", "disk", name, "--clean", "--only", "outputs", "--yes")
    assert refused.returncode == 1 and f"Running: {name}" in refused.stderr
    ok(road.api.post(f"{road.base}/stop"))
    shown = hub.command("server", "disk", name)
    assert shown.returncode == 0 and "Full outputs of commands" in shown.stdout
    outputs = Path(ok(road.api.get(f"{road.base}/resources/disk"))["data"]) / "tool-output"
    assert list(outputs.iterdir())
    done = hub.command("server", "disk", name, "--clean", "--only", "outputs", "--yes")
    assert done.returncode == 0 and "Deleted." in done.stdout and not list(outputs.iterdir())
    ok(road.api.post(f"{road.base}/start"))
    assert texts(road.messages(session)[-1]) == ["done"]
    until(guarded.resources, lambda one: one["members"])
    told = hub.command("server", "resources", name)
    assert told.returncode == 0 and "serve --hostname 127.0.0.1" in told.stdout and "OpenCode keeps" in told.stdout
