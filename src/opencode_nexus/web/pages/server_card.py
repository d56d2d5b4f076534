# SPDX-License-Identifier: MIT
"""One server as a page shows it: its state, with what was measured of it just now."""

from dataclasses import dataclass

from opencode_nexus.fleet.state import ServerState
from opencode_nexus.install.check import is_supported, parse
from opencode_nexus.render.page import bytes_text
from opencode_nexus.web.context import Hub


@dataclass(frozen=True, slots=True)
class ServerCard:
    """`uptime` in seconds, `cpu` in percent of one core, `memory` in bytes; None is "not known".

    `running` and `waiting` count its sessions: those in which an agent works, and those that need a person.
    """

    server: ServerState
    uptime: float | None = None
    cpu: float | None = None
    memory: int | None = None
    running: int | None = None
    waiting: int | None = None

    @property
    def tested(self) -> bool:
        """Whether its OpenCode is of a version that this hub was tested with; one that is not known counts as such."""
        found = parse(self.server.version or "")
        return found is None or is_supported(found)

    @property
    def limit_words(self) -> list[str]:
        """Its limits, each in words."""
        limits = self.server.limits
        amounts = {
            "warned of at": limits.memory_warn,
            "restarted when idle at": limits.memory_recycle,
            "stopped at": limits.memory_stop,
        }
        words = [f"{what} {bytes_text(amount)}" for what, amount in amounts.items() if amount is not None]
        if limits.cpu_percent is not None:
            words.append(f"{limits.cpu_percent:g} % of a core")
        if limits.processes is not None:
            words.append(f"{limits.processes} processes")
        return words

    @property
    def loss(self) -> str:
        """What its removal takes away, and what stays."""
        cut = " Agents that work on it are cut off." if self.running else ""
        if self.server.kind != "local":
            return "Nexus forgets it. It runs on where it is, and its conversations stay there."
        return (
            f"It is stopped, and Nexus forgets its name, variables and limits.{cut} Its project folders stay as they"
            " are, and its conversations with them: a server that has the folders shows them again."
        )

    @property
    def cpu_words(self) -> str:
        """The processor share in words; it may pass 100 %, as it counts every core that is used."""
        return "not known" if self.cpu is None else f"{self.cpu:.0f} %"


def server_card(hub: Hub, server: ServerState) -> ServerCard:
    """Return `server` with its newest figures; only a running one has any."""
    if server.state != "running":
        return ServerCard(server)
    usage = hub.usage.of(server.id)
    counts = hub.chat.counts(server.id)
    return ServerCard(
        server,
        uptime=None if server.started is None else hub.clock.now() - server.started,
        cpu=None if usage is None else usage.cpu,
        memory=None if usage is None else usage.memory,
        running=counts.running,
        waiting=counts.waiting,
    )


def server_cards(hub: Hub) -> list[ServerCard]:
    """Return a card for every server, in the fleet's order."""
    return [server_card(hub, server) for server in hub.fleet.list()]
