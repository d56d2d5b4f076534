# SPDX-License-Identifier: MIT
"""What the chat's pages see of servers, sessions and models, as plain records."""

from collections.abc import Callable
from dataclasses import dataclass, field

from opencode_nexus.opencode.state import Change, SessionState

SERVER = "srv_one"


@dataclass(slots=True)
class Who:
    name: str = "owner"
    via: str = "session"
    expires: float | None = None
    user_id: str = "usr_one"


@dataclass(slots=True)
class Server:
    id: str = SERVER
    name: str = "This machine"
    projects: tuple[str, ...] = ("/home/ada/shop",)
    state: str = "running"
    pid: int = 1
    started: float = 0.0
    reason: str = ""
    retry_at: float | None = None
    last_lines: tuple[str, ...] = ()


class Fleet:
    state = "running"
    projects: tuple[str, ...] = ("/home/ada/shop",)

    def list(self) -> list[Server]:
        return [self.get(SERVER)]

    def get(self, server_id: str) -> Server:
        return Server(server_id, state=self.state, projects=self.projects)

    async def start(self, server_id: str) -> None:
        self.state = "running"


@dataclass(slots=True)
class Conversation:
    state: SessionState
    watchers: list[Callable[[list[Change]], None]] = field(default_factory=list)

    def watch(self, watcher: Callable[[list[Change]], None]) -> Callable[[], None]:
        self.watchers.append(watcher)
        return lambda: self.watchers.remove(watcher)

    def tell(self, *changes: Change) -> None:
        for watcher in list(self.watchers):
            watcher(list(changes))


@dataclass(slots=True)
class Summary:
    id: str
    title: str
    directory: str
    parent_id: str | None
    created: float
    updated: float
    status: str
    waiting: int
    archived: float | None = None


@dataclass(slots=True)
class Model:
    id: str
    name: str
    provider_name: str
    practice: bool
    keyless: str = ""
    variants: tuple[str, ...] = ()


@dataclass(slots=True)
class Agent:
    name: str
    description: str


@dataclass(slots=True)
class Aborted:
    stopped: bool
    sessions: tuple[str, ...]
