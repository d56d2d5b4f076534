# SPDX-License-Identifier: MIT
"""Ctrl-C and its kind, while the hub starts and while a window has the main thread."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.desktop.desktop import Desktop
from opencode_nexus.desktop.interrupt import SIGNALS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
TOLD = "import os, signal, time; from opencode_nexus.desktop import interrupt; interrupt.told(lambda: os._exit(7));"
# A loop in C that runs no handler of Python: blocked in this thread, the signal comes to another
IN_C = """
import ctypes
signal.pthread_sigmask(signal.SIG_BLOCK, interrupt.SIGNALS)
print("ready", flush=True)
ctypes.CDLL(None).sleep(60)
"""
# PyGObject's: it takes the bytes, and runs the handlers
IN_GTK = """
signal.set_wakeup_fd(-1)
print("ready", flush=True)
while True: time.sleep(60)
"""
STARTS = """
import os, time; from opencode_nexus.desktop import interrupt
interrupt.raised()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    os._exit(7)
"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("program", [TOLD + IN_C, TOLD + IN_GTK, STARTS])
def test_each_is_heard(program: str, number: signal.Signals) -> None:
    words = [sys.executable, "-c", program]

    def heard() -> None:  # a run in the background ignores Ctrl-C, and its children would as well
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    with subprocess.Popen(words, stdout=subprocess.PIPE, preexec_fn=heard) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            os.kill(process.pid, number)
            assert process.wait(60) == 7
        finally:
            process.kill()


def test_nohup_keeps_its_meaning() -> None:
    program = "import signal, sys; from opencode_nexus.desktop import interrupt; interrupt.raised(); "
    program += "interrupt.told(lambda: None); sys.exit(signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN)"
    assert subprocess.run(["nohup", sys.executable, "-c", program], capture_output=True).returncode == 0


def test_the_hub_stops_when_its_start_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hub:
        stopped = False

        def join_or_start(self) -> bool:
            raise KeyboardInterrupt

        def stop(self) -> None:
            self.stopped = True

    monkeypatch.setattr("opencode_nexus.desktop.interrupt.raised", lambda: None)  # the signals here are pytest's
    hub: Any = Hub()
    desktop = Desktop(tmp_path, [], {})
    desktop._hub = hub
    with pytest.raises(KeyboardInterrupt):
        desktop.run()
    assert hub.stopped
