# SPDX-License-Identifier: MIT
"""An installer of OpenCode with nothing around it but what a test puts there."""

from pathlib import Path
from typing import Any

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.installer import Installer
from opencode_nexus.install.platforms import Machine
from opencode_nexus.install.release import ReleasePage

MACHINE = Machine("linux", "x64")


class Memory:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def set(self, key: str, value: Any) -> None:
        self.values[key] = value


class Bench:
    """An installer on an empty home, with a PATH that holds nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kv, self.setting = folder, Memory(), ""
        self.path = folder / "path"
        self.path.mkdir(parents=True, exist_ok=True)
        self.tasks, self.bus = Tasks(), Bus(SystemClock())
        self.environ = {"PATH": str(self.path), "HOME": str(folder / "user")}
        self.page = ReleasePage("http://127.0.0.1:9")
        self.machine = MACHINE

    def installer(self) -> Installer:
        return Installer(
            home=self.folder / "home",
            bus=self.bus,
            kv=self.kv,
            clock=SystemClock(),
            tasks=self.tasks,
            setting=lambda: self.setting,
            environ=self.environ,
            page=self.page,
            machine=lambda: self.machine,
        )

    def leftovers(self) -> list[str]:
        """What lies below the downloads and versions folders."""
        return sorted(
            str(path.relative_to(self.folder / "home")) for path in self.folder.glob("home/**/*") if path.is_file()
        )
