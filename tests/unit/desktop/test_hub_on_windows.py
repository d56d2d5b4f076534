# SPDX-License-Identifier: MIT
"""How a hub is stopped on Windows, against a process that behaves as one there is documented to."""

import os
import subprocess
from typing import Any

import pytest

from opencode_nexus.desktop import hub


class Process:
    """`hears`: it has the console of the window, so that Ctrl-Break reaches it."""

    pid = 4711

    def __init__(self, hears: bool) -> None:
        self.hears, self.done = hears, list[str]()

    def wait(self, within: float | None = None) -> int:
        if not self.hears and "terminate" not in self.done:
            assert within is not None, "the window waits for ever"
            raise subprocess.TimeoutExpired("serve", within)
        self.done.append("ended")
        return 0

    def terminate(self) -> None:
        self.done.append("terminate")


@pytest.mark.parametrize("console", [True, False])
@pytest.mark.parametrize(("hears", "done"), [(True, ["ended"]), (False, ["terminate", "ended"])])
def test_one_that_hears_nothing_is_ended(
    monkeypatch: pytest.MonkeyPatch, hears: bool, done: list[str], console: bool
) -> None:
    sent: list[int] = []

    def send(pid: int, signal: int) -> None:
        sent.append(pid)
        if not console:
            raise OSError(6, "The handle is invalid")

    monkeypatch.setattr(os, "kill", send)
    process: Any = Process(hears)
    hub._stop_on_windows(process)
    assert process.done == done and sent == [process.pid]
