# SPDX-License-Identifier: MIT
"""The machine is kept awake in each system's own way; macOS and Windows by what they are asked."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from opencode_nexus.processes.awake import Awake, AwakeUnsupported, Started
from opencode_nexus.processes.awake import start as really


class Recorded:
    """A process that was asked for and runs until it is ended."""

    stdin = None

    def __init__(self, words: Sequence[str], status: int = 0) -> None:
        self.words, self.status, self.ended = list(words), status, False

    def poll(self) -> int | None:
        return self.status if self.ended else None

    def terminate(self) -> None:
        self.ended = True

    def wait(self, timeout: float | None = None) -> int:
        return self.status


class Runner:
    """Writes down what is started and what Windows is told."""

    def __init__(self, status: int = 0) -> None:
        self.started: list[Recorded] = []
        self.told: list[int] = []
        self.status, self.takes = status, True

    def start(self, words: Sequence[str]) -> Recorded:
        self.started.append(Recorded(words, self.status))
        return self.started[-1]

    def tell(self, state: int) -> bool:
        self.told.append(state)
        return self.takes

    def awake(self, platform: str) -> Awake:
        return Awake("Work", platform=platform, which=lambda name: f"/bin/{name}", start=self.start, tell=self.tell)


def test_macos_is_asked_until_this_process_ends() -> None:
    runner = Runner()
    awake = runner.awake("darwin")
    awake.hold()
    awake.hold()
    (one,) = runner.started
    assert one.words == ["/bin/caffeinate", "-i", "-w", str(os.getpid())] and awake.held
    awake.release()
    assert one.ended and not awake.held
    awake.hold()
    assert len(runner.started) == 2
    awake.try_once()
    assert runner.started[-1].words == ["/bin/caffeinate", "-i", "true"]


def test_windows_is_told_the_state_of_the_thread() -> None:
    runner = Runner()
    awake = runner.awake("win32")
    awake.release()
    assert runner.told == []
    awake.hold()
    awake.release()
    assert runner.told == [0x80000001, 0x80000000] and runner.started == []
    runner.takes = False
    with pytest.raises(AwakeUnsupported):
        awake.try_once()


def test_a_system_that_refuses_says_so() -> None:
    with pytest.raises(AwakeUnsupported, match="ended with 1"):
        Runner(status=1).awake("linux").try_once()
    with pytest.raises(AwakeUnsupported, match="no systemd-inhibit"):
        Awake("Work", platform="linux", which=lambda name: None).hold()


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands for systemd-inhibit")
def test_linux_holds_as_long_as_its_input_is_open(tmp_path: Path) -> None:
    """systemd-inhibit runs what it is given and holds until that ends; this one has nothing to hold."""
    program = tmp_path / "systemd-inhibit"
    program.write_text(
        f'#!/bin/sh\necho "$@" >"{tmp_path}/asked"\nwhile [ "${{1#--}}" != "$1" ]; do shift; done\nexec "$@"\n'
    )
    program.chmod(0o755)
    started: list[Started] = []

    def start(words: Sequence[str]) -> Started:
        started.append(really(words))
        return started[-1]

    awake = Awake("Work", platform="linux", which=lambda name: str(tmp_path / name), start=start)
    awake.try_once()
    assert (tmp_path / "asked").read_text() == ("--what=idle:sleep --who=OpenCode Nexus --why=Work --mode=block true\n")
    awake.hold()
    assert awake.held and started[-1].poll() is None
    awake.release()
    assert started[-1].poll() == 0


class Hanging(Recorded):
    """A program that waits for a D-Bus which does not answer: only a signal ends it."""

    def wait(self, timeout: float | None = None) -> int:
        if not self.ended and timeout is not None:
            raise subprocess.TimeoutExpired(self.words, timeout)
        assert self.ended, "it would be waited for without end"
        return self.status


def test_one_that_does_not_end_by_itself_is_ended() -> None:
    started: list[Hanging] = []

    def start(words: Sequence[str]) -> Hanging:
        started.append(Hanging(words))
        return started[-1]

    awake = Awake("Work", platform="linux", which=lambda name: f"/bin/{name}", start=start)
    awake.hold()
    awake.release()
    assert started[-1].ended and not awake.held
