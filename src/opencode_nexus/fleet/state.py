# SPDX-License-Identifier: MIT
"""A server as it is now, for pages, API and the other packages."""

from dataclasses import dataclass
from typing import Literal

from opencode_nexus.secrets.redact import Secret

State = Literal["stopped", "starting", "running", "stopping", "failed"]


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server at one moment; published on the bus (topic "server") whenever it changes.

    `started` is the process's own start and `since` when the present state began, both epoch seconds. `reason` says
    in words why it is so ("" when there is nothing to say), `last_lines` what it wrote last when it failed.
    `restarts` counts the crashes of the last ten minutes after which it was started again; `retry_at` is when the
    next try is due, None when none is planned. `adopted` means that an earlier hub started the process.
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


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """How to talk to a running server; `password` is for the Authorization header and nothing else."""

    base_url: str
    username: str
    password: Secret
