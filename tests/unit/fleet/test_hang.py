# SPDX-License-Identifier: MIT
"""A server that hangs is told from one that works, said to hang, and started anew unless an agent was at work."""

import asyncio
import os
import signal
import time

import pytest

from opencode_nexus.fleet import watch
from opencode_nexus.fleet.advice import OTHERWISE, advice
from opencode_nexus.fleet.hang import NONE, Hang, judge, span
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import one, runs

pytestmark = pytest.mark.anyio


def found(seconds: float, *, paused: bool = False, busy: bool = False, after: float = 120.0) -> Hang:
    return judge(seconds, pid=7, paused=paused, busy=busy, restart_after=after)


def test_what_is_said_and_done() -> None:
    assert found(31).words == (
        "It hangs: it has neither answered nor told anything for over 30 seconds. "
        "It is restarted when that has gone on for 2 minutes."
    )
    assert not found(119).over and found(120).over
    assert not found(9999, busy=True).over and "not restarted by itself" in found(9999, busy=True).words
    assert not found(9999, after=0).over and "Restart it if that does not end." in found(9999, after=0).words
    assert "kill -CONT 7" in found(31, paused=True).words
    assert found(120, paused=True).how == "Its process 7 was paused from outside (SIGSTOP), so that it does nothing."
    assert (span(59), span(60), span(179)) == ("30 seconds", "a minute", "2 minutes")
    assert not NONE.over and NONE.words == ""


@pytest.mark.parametrize(
    ("cause", "line", "part"),
    [
        ("exit status 1", "ENOSPC: no space left on device", "Free some space"),
        ("exit status 1", "ConfigInvalidError: /p/opencode.json is not valid", "opencode.json"),
        ("SIGKILL", "nothing", "want of memory"),
        ("SIGSEGV", "", "another version"),
        ("it hung", "", "network drive"),
        ("exit status 9", "Oh no", OTHERWISE),
    ],
)
def test_what_to_try(cause: str, line: str, part: str) -> None:
    assert part in advice(cause, [line])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WATCH", 0.05)
    monkeypatch.setattr(watch, "ANSWER", 0.2)
    monkeypatch.setattr(watch, "SILENT_AFTER", 0.5)
    monkeypatch.setattr("opencode_nexus.fleet.run.GRACE", 0.2)


async def paused(rig: FleetUnderTest) -> tuple[str, int]:
    """A server that runs and was stopped by a signal."""
    server_id = await one(rig)
    await rig.fleet.start(server_id)
    pid = rig.fleet.get(server_id).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return server_id, pid


async def said(rig: FleetUnderTest, server_id: str, words: str) -> None:
    while words not in rig.fleet.get(server_id).reason:
        await rig.bus.wait(rig.bus.seq)


async def test_it_is_said_and_taken_back_when_it_goes_on(rig: FleetUnderTest, quick: None) -> None:
    server_id, pid = await paused(rig)
    await said(rig, server_id, f"Its process {pid} was paused from outside (SIGSTOP)")
    assert rig.fleet.get(server_id).state == "running"
    os.kill(pid, signal.SIGCONT)
    assert await rig.until_note("server-hangs") and await rig.until_note("server-answers") == "One answers again."
    while rig.fleet.get(server_id).reason:  # a fifth of a second for an answer is little on a busy machine
        await rig.bus.wait(rig.bus.seq)
    assert rig.fleet.get(server_id).pid == pid


async def test_it_is_started_anew_when_no_agent_was_at_work(rig: FleetUnderTest, quick: None) -> None:
    server_id, pid = await paused(rig)
    rig.hang_after = 1.0
    assert "was paused from outside (SIGSTOP)" in await rig.until_note("server-crashed")
    rig.hang_after = 0  # the next one may be slow
    state = await rig.until(server_id, "running")
    assert state.pid != pid and not runs(pid)


async def test_it_is_left_as_it_is_while_an_agent_was_at_work(rig: FleetUnderTest, quick: None) -> None:
    server_id, pid = await paused(rig)
    rig.busy, rig.hang_after = {server_id}, 0.6
    await said(rig, server_id, "An agent was at work on it")
    assert rig.fleet.get(server_id).pid == pid
    os.kill(pid, signal.SIGCONT)
    await rig.until_note("server-answers")


async def test_one_that_still_tells_what_it_does_is_not_said_to_hang(rig: FleetUnderTest, quick: None) -> None:
    rig.hang_after = 0.6
    asked: list[str] = []

    def heard(server_id: str) -> float:
        asked.append(server_id)
        return time.monotonic()

    rig.heard = heard
    server_id, pid = await paused(rig)
    while len(asked) < 8:  # looks of a fifth of a second and more: beyond the limit
        await asyncio.sleep(0.02)
    assert (rig.fleet.get(server_id).reason, rig.fleet.get(server_id).pid) == ("", pid)
    os.kill(pid, signal.SIGCONT)
