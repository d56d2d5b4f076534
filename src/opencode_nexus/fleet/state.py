# SPDX-License-Identifier: MIT
"""A server as it is now, for pages, API and the other packages."""

from dataclasses import dataclass
from typing import Literal

from opencode_nexus.fleet.limits import NO_LIMITS, Limits
from opencode_nexus.secrets.redact import Secret

State = Literal["stopped", "starting", "running", "stopping", "failed"]
Kind = Literal["local", "attached"]
When = Literal["now", "idle"]
Action = Literal["start", "stop", "restart"]


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server at one moment; published on the bus (topic "server") whenever it changes.

    `started` is the process's own start and `since` when the present state began, both epoch seconds. `reason` says
    in words why it is so ("" when there is nothing to say), `last_lines` what it wrote last when it failed.
    `restarts` counts the crashes of the last ten minutes after which it was started again; `retry_at` is when the
    next try is due, None when none is planned. `adopted` means that an earlier hub started the process.

    `kind` is "attached" for one that runs elsewhere, at `address`: it has no process. `environment` holds the names of
    its own variables: their values may be secrets. `wanted_version` is "" for the hub's; `changed` says that an edit
    applies after the next start, `planned` why it is restarted as soon as no agent works on it ("": it is not).
    `position` is its place in lists, and in what is started in order. `missing` are the features that an attached one
    has not, by its own document.
    """

    id: str
    name: str
    projects: tuple[str, ...]
    state: State
    pid: int | None
    started: float | None
    port: int | None
    version: str | None
    since: float
    reason: str
    last_lines: tuple[str, ...]
    adopted: bool
    autostart: bool
    restarts: int
    retry_at: float | None
    kind: Kind = "local"
    address: str = ""
    environment: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    wanted_version: str = ""
    limits: Limits = NO_LIMITS
    changed: bool = False
    planned: str = ""
    position: int = 0
    missing: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether it runs and does not answer; of an attached one a reason is a remark, as it is "failed" then."""
        return self.state == "running" and self.kind == "local" and bool(self.reason)


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """How to talk to a running server; `password` is for the Authorization header and nothing else."""

    base_url: str
    username: str
    password: Secret
