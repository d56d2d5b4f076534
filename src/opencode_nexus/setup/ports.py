# SPDX-License-Identifier: MIT
"""What the set-up needs from its neighbours, as protocols; `app.py` hands in the real ones."""

import builtins
from collections.abc import Sequence
from typing import Any, Protocol


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


class Model(Protocol):
    """The practice model (`practice.practice.Practice`)."""

    @property
    def enabled(self) -> bool: ...
    async def enable(self) -> None: ...
    async def disable(self) -> None: ...
