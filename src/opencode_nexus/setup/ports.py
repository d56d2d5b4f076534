# SPDX-License-Identifier: MIT
"""What the set-up needs from its neighbours, as protocols; `app.py` hands in the real ones."""

import builtins
from collections.abc import Sequence
from typing import Any, Protocol

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.status import TunnelInfo


class Memory(Protocol):
    """Small named values that outlive the hub (`store.kv.Kv`)."""

    def get(self, key: str, default: Any = None) -> Any: ...
    async def set(self, key: str, value: Any) -> None: ...


class Owner(Protocol):
    """An account (`access.access.UserInfo`)."""

    @property
    def name(self) -> str: ...


class Owners(Protocol):
    """The owner account (`access.access.Access`)."""

    def has_owner(self) -> bool: ...
    def users(self) -> Sequence[Owner]: ...
    async def create_owner(self, name: str, password: str, *, source: str = ...) -> str: ...
    async def owner_matches(self, name: str, password: str) -> bool: ...


class Server(Protocol):
    """A server as it is now (`fleet.state.ServerState`)."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def projects(self) -> Sequence[str]: ...
    @property
    def state(self) -> str: ...


class Servers(Protocol):
    """The servers (`fleet.fleet.Fleet`)."""

    def list(self) -> Sequence[Server]: ...
    async def add(self, name: str, projects: builtins.list[str], *, autostart: bool = True) -> Server: ...
    async def add_project(self, id: str, folder: str) -> object: ...  # noqa: A002 - fleet's own word
    async def start(self, id: str) -> object: ...  # noqa: A002


class Tunnels(Protocol):
    """The ways in from outside (`tunnels.manager.Manager`)."""

    def get(self, id_or_name: str) -> TunnelInfo: ...
    async def create_tunnel(self, config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo: ...
    async def change_tunnel(
        self, tunnel_id: str, config: TunnelConfig, *, secret: Secret | None = None
    ) -> TunnelInfo: ...
    async def remove_tunnel(self, tunnel_id: str) -> None: ...


class Opener(Protocol):
    """Starts a tunnel, bringing cloudflared first where it is missing (`web.opening.Opener`)."""

    async def start(self, tunnel_id: str) -> None: ...


class Model(Protocol):
    """The practice model (`practice.practice.Practice`)."""

    @property
    def enabled(self) -> bool: ...
    async def enable(self) -> None: ...
    async def disable(self) -> None: ...
