# SPDX-License-Identifier: MIT
"""Plays one service's life under a real systemd of a user, and prints what came of it as JSON: `stage.py ROOT`.

Runs in a mount namespace of its own with an empty /run: systemd serves only where it believes that it is the system's.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from opencode_nexus.cli.service import unit
from opencode_nexus.cli.services.systemd import Systemd
from opencode_nexus.cli.services.unit import run
from opencode_nexus.store.home import Home

WITHIN = 60.0  # seconds; each takes one or two


def wait(what: str, look: Callable[[], bool]) -> None:
    """Return once `look` is true."""
    end = time.monotonic() + WITHIN
    while not look():
        if time.monotonic() > end:
            sys.exit(f"not within {WITHIN} s: {what}")
        time.sleep(0.05)


def play(root: Path) -> dict[str, object]:
    """Install, kill -9 the hub, remove; returns the state after each."""
    home = root / 'home % $x "q"'
    systemd = Systemd(run, root / "config", system=False)
    Home(home).prepare()
    systemd.install(unit(home), start=True)
    wait("the hub", lambda: Home(home).running() is not None)
    installed, first = systemd.state(), Home(home).running()
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)

    def another() -> bool:
        now = Home(home).running()
        return now is not None and now.boot != first.boot

    wait("another hub", another)
    again = systemd.state()
    systemd.remove()
    return {
        "installed": asdict(installed),
        "after kill -9": asdict(again),
        "removed": asdict(systemd.state()),
        "left": Home(home).running() is not None,
    }


def main() -> None:
    """See the module."""
    root = Path(sys.argv[1])
    manager = subprocess.Popen(["systemd", "--user"], stdout=sys.stderr)
    try:
        wait("systemd", lambda: run(("systemctl", "--user", "is-system-running"))[1] in ("running", "degraded"))
        print(json.dumps(play(root)))
    finally:
        run(("systemctl", "--user", "exit"))
        manager.wait(WITHIN)


if __name__ == "__main__":
    main()
