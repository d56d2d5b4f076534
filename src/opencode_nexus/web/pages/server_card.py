# SPDX-License-Identifier: MIT
"""One server as a page shows it: its state, with what was measured of it just now."""

from dataclasses import dataclass

from opencode_nexus.fleet.state import ServerState


@dataclass(frozen=True, slots=True)
class ServerCard:
    """`uptime` in seconds, `cpu` in percent of one core, `memory` in bytes; None is "not known"."""

    server: ServerState
    uptime: float | None = None
    cpu: float | None = None
    memory: int | None = None
    running: int | None = None
    waiting: int | None = None

    @property
    def cpu_words(self) -> str:
        """The processor share in words; it may pass 100 %, as it counts every core that is used."""
        return "not known" if self.cpu is None else f"{self.cpu:.0f} %"
