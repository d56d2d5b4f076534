# SPDX-License-Identifier: MIT
"""When a tunnel closes by itself."""

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.timer import Timer


def test_never_unless_it_is_wanted() -> None:
    clock = ManualClock()
    timer = Timer(clock)
    timer.open(clock.now())
    clock.advance(1e6)
    assert timer.stops_at(TunnelConfig("a", "quick")) is None and timer.over(TunnelConfig("a", "quick")) == ""


def test_after_a_time() -> None:
    clock, config = ManualClock(), TunnelConfig("a", "quick", stop_after=7200)
    timer = Timer(clock)
    timer.open(clock.now() - 3600)  # by an earlier hub
    assert timer.stops_at(config) == clock.now() + 3600
    timer.visited()
    clock.advance(3599)
    assert timer.over(config) == ""
    clock.advance(1)
    assert timer.over(config) == "It closed by itself, 2 hours after it was opened."


def test_when_nobody_comes() -> None:
    clock, config = ManualClock(), TunnelConfig("a", "quick", stop_idle=600, stop_after=86_400)
    timer = Timer(clock)
    timer.open(clock.now())
    clock.advance(599)
    timer.visited()
    assert timer.stops_at(config) == clock.now() + 600
    clock.jump(7200)  # the machine's clock was set: nobody was away for that
    assert timer.over(config) == "" and timer.stops_at(config) == clock.now() + 600
    clock.advance(600)
    assert timer.over(config) == "It closed by itself: nobody came through it for 10 minutes."
