# SPDX-License-Identifier: MIT
"""What conversations need to know of servers, whoever runs them."""

from collections.abc import Sequence
from typing import Protocol

from opencode_nexus.chat.errors import ServerNotRunning
from opencode_nexus.opencode.api import Client
from opencode_nexus.secrets.redact import Secret


class Server(Protocol):
    """One server as seen now. `pid` and `started` (epoch seconds) name its process.

    `adopted`: the process was there before the hub was, so it may be in the middle of something. `kind` is "local", or
    another for one that runs elsewhere: that it cannot be reached does not mean that it has ended.
    """

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def projects(self) -> tuple[str, ...]: ...
    @property
    def state(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def started(self) -> float | None: ...
    @property
    def adopted(self) -> bool: ...
    @property
    def kind(self) -> str: ...


class Access(Protocol):
    """How to reach a running server."""

    @property
    def base_url(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> Secret: ...


class ServerDirectory(Protocol):
    """All servers. `get` raises its own error for an unknown id; `access` is None while one does not run."""

    def list(self) -> Sequence[Server]: ...
    def get(self, server_id: str, /) -> Server: ...
    def access(self, server_id: str, /) -> Access | None: ...


def connect(servers: ServerDirectory, server_id: str) -> Client:
    """Return a client of a running server; raises ServerNotRunning."""
    access = servers.access(server_id)
    if access is None:
        raise ServerNotRunning(f"Its name is {servers.get(server_id).name}.")
    return Client(access.base_url, access.username, access.password.reveal())
