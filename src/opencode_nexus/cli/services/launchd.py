# SPDX-License-Identifier: MIT
"""launchd: an agent of the user, on macOS. Never run on a Mac yet.

Source of the file's words: launchd.plist(5), launchctl(1).
"""

import plistlib
from pathlib import Path

from opencode_nexus.cli.services.unit import Runner, ServiceNotInstalled, ServiceState, Unit, must, write

LABEL = "io.github.opencode-nexus"


class Launchd:
    """Talks to launchd by `runner`, for the user with the number `uid`, whose home folder is `user`."""

    name = "launchd"

    def __init__(self, runner: Runner, user: Path, uid: int) -> None:
        self._run, self._domain = runner, f"gui/{uid}"
        self.path = user / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def text(self, unit: Unit) -> str:
        return plistlib.dumps(
            {
                "Label": LABEL,
                "ProgramArguments": list(unit.command),
                "EnvironmentVariables": dict(unit.environment),
                "RunAtLoad": True,
                "KeepAlive": {"SuccessfulExit": False},
                "ThrottleInterval": 10,
                "AbandonProcessGroup": True,  # the hub leaves busy servers running and takes them up again
                "StandardOutPath": str(unit.log),
                "StandardErrorPath": str(unit.log),
            }
        ).decode()

    def install(self, unit: Unit, *, start: bool) -> None:
        if self._loaded()[0]:  # bootstrap refuses what is there already
            must(self._run, "launchctl", "bootout", f"{self._domain}/{LABEL}")
        write(self.path, self.text(unit))
        if start:  # loading starts it; else it is loaded at the next login
            must(self._run, "launchctl", "bootstrap", self._domain, str(self.path))

    def remove(self) -> None:
        if not self.path.exists():
            raise ServiceNotInstalled(f"There is no {self.path}.")
        if self._loaded()[0]:
            must(self._run, "launchctl", "bootout", f"{self._domain}/{LABEL}")
        self.path.unlink(missing_ok=True)

    def _loaded(self) -> tuple[bool, str]:
        status, said = self._run(("launchctl", "print", f"{self._domain}/{LABEL}"))
        return status == 0, said

    def state(self) -> ServiceState:
        loaded, said = self._loaded()
        running = any(line.strip() == "state = running" for line in said.splitlines())
        detail = "running" if running else "loaded" if loaded else "not loaded"
        return ServiceState(self.name, str(self.path), self.path.exists(), running, self.path.exists(), detail)
