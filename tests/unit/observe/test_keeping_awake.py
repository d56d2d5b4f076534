# SPDX-License-Identifier: MIT
"""The machine is held awake while an agent works and the setting says so, and at no other time."""

from dataclasses import replace
from pathlib import Path

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.observe.keeping_awake import KeepingAwake
from opencode_nexus.processes.awake import AwakeUnsupported


class Holder:
    def __init__(self) -> None:
        self.held, self.asked, self.refuses = False, 0, False

    def hold(self) -> None:
        self.asked += 1
        if self.refuses:
            raise AwakeUnsupported()
        self.held = True

    def release(self) -> None:
        self.held = False


class Scene:
    def __init__(self) -> None:
        self.bus, self.holder, self.busy = Bus(SystemClock()), Holder(), False
        self.settings = Settings(home=Path("/nowhere"))
        self.keeping = KeepingAwake(
            bus=self.bus, settings=lambda: self.settings, busy=lambda: self.busy, holder=self.holder
        )

    def session(self, busy: bool) -> bool:
        self.busy = busy
        self.bus.publish("session", {})
        return self.holder.held

    def set(self, wanted: str) -> bool:
        self.settings = replace(self.settings, keep_awake=wanted)
        self.bus.publish("settings", self.settings)
        return self.holder.held


def test_it_is_off_unless_it_is_wanted() -> None:
    scene = Scene()
    assert not scene.session(busy=True)
    assert scene.set("yes")  # at once, for the turn that runs
    assert not scene.session(busy=False)
    assert scene.session(busy=True)
    assert not scene.set("no")


def test_a_turn_is_held_once_and_let_go_at_the_end() -> None:
    scene = Scene()
    scene.set("yes")
    assert scene.session(busy=True) and scene.session(busy=True) and scene.holder.asked == 1
    scene.keeping.close()
    assert not scene.holder.held
    assert not scene.session(busy=True)


def test_a_system_that_refuses_is_asked_again_after_a_change() -> None:
    scene = Scene()
    scene.holder.refuses = True
    scene.set("yes")
    scene.session(busy=True)
    scene.session(busy=True)
    assert scene.holder.asked == 1
    scene.holder.refuses = False
    assert scene.set("yes")
