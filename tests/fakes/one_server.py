# SPDX-License-Identifier: MIT
"""A server directory of one server, whose process a test starts, kills and starts again."""

from dataclasses import dataclass, replace

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.errors import NotFound
from opencode_nexus.secrets.redact import Secret

SERVER = "srv_one"


@dataclass(frozen=True)
class Seen:
    """What `fleet` would tell of the server."""

    id: str
    name: str
    projects: tuple[str, ...]
    state: str = "stopped"
    pid: int | None = None
    started: float | None = None
    adopted: bool = False
    kind: str = "local"


@dataclass(frozen=True)
class Reached:
    """Where it is and what it asks for."""

    base_url: str
    username: str
    password: Secret


class OneServer:
    """Says on the bus what happens to its server, as `fleet` does."""

    def __init__(self, bus: Bus, *projects: str) -> None:
        self.bus = bus
        self.seen = Seen(SERVER, "One", projects)
        self.reached: Reached | None = None

    def list(self) -> list[Seen]:
        """All servers."""
        return [self.seen]

    def get(self, server_id: str) -> Seen:
        """The server; raises NotFound for another id."""
        if server_id != SERVER:
            raise NotFound(server_id)
        return self.seen

    def access(self, server_id: str) -> Reached | None:
        """How to reach it while it runs."""
        return self.reached

    def running(self, base_url: str, password: str, pid: int, started: float, *, adopted: bool = False) -> None:
        """It runs now."""
        self.reached = Reached(base_url, "opencode", Secret(password))
        self.tell("running", pid, started, adopted=adopted)

    def tell(self, state: str, pid: int | None = None, started: float | None = None, adopted: bool = False) -> None:
        """Its state changed."""
        if state != "running":
            self.reached = None
        self.seen = replace(self.seen, state=state, pid=pid, started=started, adopted=adopted)
        self.bus.publish("server", self.seen)
