# SPDX-License-Identifier: MIT
"""The watch tells what changed, and has a killed hub back."""

import threading
from typing import Any

from opencode_nexus.desktop import watch as module
from opencode_nexus.desktop.errors import HubDidNotStart, HubGone
from opencode_nexus.desktop.watch import Asked, Status, Watch
from tests.unit.desktop.eventually import eventually


class Hub:
    """Stands for `LocalHub`, which the tests of the window use for real."""

    def __init__(self) -> None:
        self.up, self.killed, self.starts = True, True, 0
        self.fails = False
        self.rows: list[dict[str, str]] = []
        self.waiting = 0

    def ask(self, method: str, path: str, body: object = None) -> Any:
        if not self.up:
            raise HubGone()
        if path == "/status":
            return {"servers": 2, "servers_running": 1, "sessions_running": 1, "waiting": self.waiting}
        return {"items": self.rows}

    def find(self) -> bool:
        return self.up

    def ended_by_itself(self) -> bool:
        return self.killed

    def join_or_start(self) -> bool:
        if self.fails:
            raise HubDidNotStart("broken")
        self.up, self.starts = True, self.starts + 1
        return True


class Told:
    def __init__(self, hub: Hub) -> None:
        self.statuses: list[Status] = []
        self.asked: list[Asked] = []
        self.returned = threading.Event()
        self.stopped: list[str] = []
        self.watch = Watch(
            hub,
            changed=self.statuses.append,
            asked=self.asked.append,
            returned=self.returned.set,
            stopped=self.stopped.append,
        )


def row(name: str) -> dict[str, str]:
    return {"id": name, "kind": "permission", "title": "Work", "detail": "rm -rf"}


def test_only_what_is_new_is_told() -> None:
    hub = Hub()
    hub.rows = [row("per_1")]
    told = Told(hub)
    told.watch.look()
    told.watch.look()
    assert told.statuses == [Status(2, 1, 1, 0)] and told.asked == []  # what waited before the start is on the page
    assert told.statuses[0].words == "1 of 2 servers running, 1 at work"
    hub.rows, hub.waiting = [row("per_2"), row("per_1")], 1
    told.watch.look()
    told.watch.look()
    assert told.asked == [Asked("per_2", "permission", "Work", "rm -rf")] and len(told.statuses) == 2


def test_a_hub_that_was_killed_comes_back(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    hub = Hub()
    told = Told(hub)
    told.watch.start()
    eventually(lambda: told.statuses)
    hub.up = False
    assert told.returned.wait(60) and hub.starts == 1 and told.stopped == []
    told.watch.close()


def test_one_that_was_stopped_stays_so_and_that_is_said_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    hub = Hub()
    hub.up = hub.killed = False
    told = Told(hub)
    told.watch.start()
    eventually(lambda: told.stopped)
    eventually(lambda: not any(thread.name == "watch" for thread in threading.enumerate()))
    assert told.stopped == ["It was stopped."] and hub.starts == 0


def test_one_that_does_not_start_is_said_with_the_reason(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    hub = Hub()
    hub.up, hub.fails = False, True
    told = Told(hub)
    told.watch.start()
    eventually(lambda: told.stopped)
    assert "broken" in told.stopped[0] and not told.returned.is_set()
