# SPDX-License-Identifier: MIT
"""What the checks look at, and what they need of the hub's services, as protocols; `web.checkup` hands them in."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.settings import Settings
from opencode_nexus.observe.doctor.finding import Status
from opencode_nexus.observe.doctor.steady import steady
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home

__all__ = [
    "Around", "Copies", "Database", "Home", "HubIs", "Kept", "MachineCheck", "Mark", "SearchSeen", "Seen", "Services",
    "TunnelSeen",
]  # fmt: skip

HubIs = Literal["here", "none", "elsewhere"]


class MachineCheck(Protocol):
    """One line of the set-up's system check (`setup.checks.Check`)."""

    @property
    def status(self) -> Status: ...
    @property
    def said(self) -> str: ...
    @property
    def todo(self) -> str: ...


class Copies(Protocol):
    """The copies of a program in the home folder (`install.versions.Versions`). All of it blocks."""

    @property
    def folder(self) -> Path: ...
    @property
    def downloads(self) -> Path: ...
    def all(self) -> list[str]: ...
    def spare(self, keep: Collection[str] = ()) -> list[str]: ...
    def drop(self, versions: Collection[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Copies of one program: `wanted` are versions that must stay, `busy` says that one is being brought."""

    name: str
    copies: Copies
    wanted: Collection[str] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A program that runs, or would: `version` is "" when there is none, `problem` what is wrong, `todo` what to do."""

    name: str
    version: str
    problem: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What processes of ours carry: the variable, how its value begins, and what they are."""

    variable: str
    prefix: str
    kind: Literal["server", "tunnel", "install"]


@dataclass(frozen=True, slots=True)
class TunnelSeen:
    """A tunnel: its name and its state as the pages say it."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class SearchSeen:
    """The search index as the hub that fills it sees it: `left` of `total` conversations are still to be read.

    `usable` says that it can be asked, and made anew.
    """

    usable: bool
    problem: str
    left: int
    total: int


class Services(Protocol):
    """What the services of a hub tell, one that serves or one that was put together for this alone."""

    def address(self) -> str: ...
    def moved(self) -> bool: ...
    async def opencode(self) -> Sequence[Seen]: ...
    async def cloudflared(self) -> Seen: ...
    def tunnels(self) -> Sequence[TunnelSeen]: ...
    def kept(self) -> Sequence[Kept]: ...
    def marks(self) -> Sequence[Mark]: ...
    def search(self) -> SearchSeen | None: ...
    def renew_search(self) -> None: ...
    def rebuild_search(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """`db` and `services` are None where the database cannot be opened, `trouble` is then why.

    `machine` makes a check of the set-up by its name. `began` is when this process began, by the clock on the wall and
    by one that no one sets.
    """

    home: Home
    clock: Clock
    settings: Callable[[], Settings]
    machine: Callable[[str], Awaitable[MachineCheck]]
    db: Database | None = None
    services: Services | None = None
    trouble: str = ""
    began: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def hub(self) -> HubIs:
        """Whether this process is the hub, another one is, or none."""
        if self.services is not None and self.services.address():
            return "here"
        return "none" if self.home.locked or not self.home.held() else "elsewhere"

    @property
    def set_by(self) -> float:
        """Seconds by which somebody set the clock since this process began."""
        wall, even = self.began
        return (self.clock.now() - wall) - (steady() - even) if wall else 0.0
